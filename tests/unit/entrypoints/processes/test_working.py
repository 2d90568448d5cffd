"""The modules that a worker loads."""

from tests.loaded import loaded_by

HTTP_API = {"entrypoints.http", "litestar", "uvicorn"}


def test_a_worker_does_not_load_the_http_api() -> None:
    assert loaded_by("import entrypoints.processes.working", HTTP_API) == set()
    assert loaded_by("import entrypoints.processes.serving", HTTP_API) == HTTP_API


def test_processes_do_not_load_what_they_seldom_or_never_use() -> None:
    unused = {"rich", "rich.console", "pygments", "cryptography"}
    for process in ("serving", "working"):
        assert loaded_by(f"import entrypoints.processes.{process}", unused) == set()


def test_rich_can_be_loaded_besides() -> None:
    assert loaded_by("import entrypoints.processes.working, rich.console", {"rich.console"}) == {"rich.console"}
