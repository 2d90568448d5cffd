"""What commands of operators load."""

from tests.loaded import loaded_by


def test_commands_of_operators_load_neither_the_client_nor_the_http_api_nor_the_storage() -> None:
    program = "import entrypoints.cli.administering, entrypoints.cli.checking"
    assert loaded_by(program, {"httpx", "upwell_client", "litestar", "botocore"}) == set()
