"""The modules that the client's commands load."""

from tests.loaded import loaded_by


def test_a_command_that_prints_no_table_loads_no_code_for_tables() -> None:
    program = "import entrypoints.cli.main, entrypoints.cli.uploading"
    assert loaded_by(program, {"httpx", "rich", "pygments"}) == {"httpx"}
