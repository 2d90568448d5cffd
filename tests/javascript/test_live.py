"""The JavaScript client on a real service with a real storage, over lines that break and servers that restart."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from tests.conftest import Tenant, free_port
from tests.javascript.node import PACKAGE, needs_node, run
from tests.lines import Line
from tests.stack import Stack, stack
from tests.trouble import Loop

pytestmark = needs_node
_MIB = 1 << 20
_SIZE = 104 * _MIB  # so large that a task verifies it


def chromium() -> str | None:
    """Return the browser, if there is one."""
    return shutil.which("chromium")


@dataclass
class World:
    """The servers, a tenant, and the lines to service and storage that a client uses."""

    servers: Stack
    tenant: Tenant
    to_service: Line
    to_storage: Line
    page_port: int

    @property
    def environment(self) -> dict[str, str]:
        """Return what a program of the tenant needs."""
        return {
            "UPWELL_URL": f"http://127.0.0.1:{self.to_service.port}",
            "UPWELL_API_KEY": self.tenant.secret,
            "UPWELL_NAMESPACE": self.tenant.namespace.namespace_id,
            "UPWELL_BUCKET": self.tenant.bucket.bucket_id,
            "UPWELL_S3_PUBLIC_ENDPOINT_URL": f"http://127.0.0.1:{self.to_storage.port}",
            "UPWELL_PAGE_PORT": str(self.page_port),
            "UPWELL_CHROMIUM": chromium() or "",
        }


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    started: list[Stack] = []
    to_service = Line(lambda: started[0].port)
    to_storage = Line(lambda: urlsplit(started[0].storage.endpoint_url).port or 0)
    loop = Loop()
    for line in (to_service, to_storage):
        loop.do(line.listen())
    page_port = free_port()
    origins = ",".join(f"http://{host}:{page_port}" for host in ("127.0.0.1", "plain.test"))
    settings = {
        "UPWELL_S3_PUBLIC_ENDPOINT_URL": f"http://127.0.0.1:{to_storage.port}",
        "UPWELL_CORS_ORIGINS": origins,
        "UPWELL_S3_CORS_ORIGINS": origins,
    }
    with stack(settings) as servers:
        started.append(servers)
        servers.begin("serve")
        servers.begin("worker")
        yield World(servers, servers.tenant(), to_service, to_storage, page_port)


def test_its_live_tests_pass(world: World) -> None:
    run("node", "--test", "--test-timeout=120000", "test/live/live.test.js", environment=world.environment)


@pytest.mark.skipif(chromium() is None and "CI" not in os.environ, reason="there is no chromium on the PATH")
def test_it_works_in_a_browser(world: World) -> None:
    run("node", "--test", "--test-timeout=120000", "test/live/chromium.test.js", environment=world.environment)


def test_a_file_arrives_over_lines_that_break_and_servers_that_restart(world: World) -> None:
    world.to_storage.delay_seconds = 0.02  # for each piece of 64 KiB
    sending = subprocess.Popen(
        ["node", "test/live/send.js", str(_SIZE), str(5 * _MIB)],
        cwd=PACKAGE,
        env={**os.environ, **world.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert sending.stderr is not None
    troubles = iter(
        [
            world.to_storage.cut,
            world.to_service.cut,
            lambda: _restart(world.servers),
            world.to_storage.cut,
            world.servers.restart_storage,
            world.to_storage.cut,
        ]
    )
    due = 15 * _MIB
    for line in sending.stderr:  # a trouble for every 15 MiB that are on their way
        phase, sent = line.split()
        if phase == "verifying":
            break
        if int(sent) >= due:
            due += 15 * _MIB
            next(troubles, lambda: None)()
    world.to_storage.delay_seconds = 0
    output, errors = sending.communicate(timeout=120)
    assert sending.returncode == 0, errors
    result = json.loads(output)
    assert (result["status"], result["file_hash"]) == ("COMPLETED", result["sent"])
    assert next(troubles, None) is None, "not all of it happened"


def _restart(servers: Stack) -> None:
    servers.kill("serve")
    servers.begin("serve")
