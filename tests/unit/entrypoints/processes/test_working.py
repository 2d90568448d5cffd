"""The modules that a worker loads."""

from tests.loaded import loaded_by

HTTP_API = {"entrypoints.http", "litestar", "uvicorn"}


def test_a_worker_does_not_load_the_http_api() -> None:
    assert loaded_by("import entrypoints.processes.working", HTTP_API) == set()
    assert loaded_by("import entrypoints.processes.serving", HTTP_API) == HTTP_API
