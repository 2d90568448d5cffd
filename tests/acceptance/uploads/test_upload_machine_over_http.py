"""The service over HTTP, on PostgreSQL and S3, follows the model."""

import asyncio

from tests.conftest import Servers, drop_database, environment_for, make_database
from tests.harness.http_system import HttpSystem, Stand
from tests.harness.machine import run


def test_uploads_over_http_behave_as_the_model_says(servers: Servers) -> None:
    database = asyncio.run(make_database(servers))
    stand = Stand(environment_for(servers, database))
    try:
        print(run(lambda: HttpSystem(stand), examples=15, steps=20))
    finally:
        stand.close()
        asyncio.run(drop_database(servers, database))
