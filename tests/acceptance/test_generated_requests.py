"""schemathesis sends the running service requests that its OpenAPI document allows, and many that it does not."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import Service, free_port, start, wait_ready

MIN_CASES = 500
SETTINGS = """
hooks = "tests.generated_requests"
continue-on-failure = true
warnings = false
headers = {{ Authorization = "Bearer {secret}", X-Namespace = "{namespace}" }}

[cache]
enabled = false

[parameters]
"path.bucket_identifier" = "files"

[generation]
database = "none"
max-examples = 8

[checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 403, 404, 422]

# the bucket of all the others must stay as it is
[[operations]]
include-name = ["PUT /v1/buckets/{{bucket_identifier}}", "PATCH /v1/buckets/{{bucket_identifier}}"]
parameters = {{ "path.bucket_identifier" = "changed" }}
# it is not the one that was just made
checks = {{ ensure_resource_availability = {{ enabled = false }} }}

[[operations]]
include-name = "DELETE /v1/buckets/{{bucket_identifier}}"
parameters = {{ "path.bucket_identifier" = "deleted" }}
checks = {{ ensure_resource_availability = {{ enabled = false }}, use_after_free = {{ enabled = false }} }}

# they would wait up to a minute for what never comes
[[operations]]
include-name = [
    "GET /v1/events",
    "GET /v1/uploads/{{upload_id}}",
    "GET /v1/buckets/{{bucket_identifier}}/uploads/{{upload_id}}",
]
parameters = {{ "query.wait" = 0 }}

# its DELETE cancels: a canceled task can still be read
[[operations]]
include-name = ["DELETE /v1/tasks/{{task_id}}", "GET /v1/tasks/{{task_id}}"]
checks = {{ use_after_free = {{ enabled = false }} }}
"""


@pytest.fixture
def unlimited(service: Service) -> Iterator[str]:
    """A service that counts no requests: some generated ones lower the limits."""
    port = free_port()
    process = start({**service.environment, "UPWELL_PORT": str(port), "UPWELL_RATE_LIMITS": "off"}, "serve")
    try:
        wait_ready(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def test_no_generated_request_is_answered_with_anything_undocumented(
    service: Service, unlimited: str, tmp_path: Path
) -> None:
    tenant = asyncio.run(service.tenant())
    for name in ("changed", "deleted"):
        made = httpx.post(
            f"{unlimited}/v1/buckets",
            json={"bucket_name": name, "bucket_schema": {"properties": {"title": {"type": "string"}}}},
            headers=tenant.headers,
        )
        assert made.status_code == 200, made.text
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(SETTINGS.format(secret=tenant.secret, namespace=tenant.namespace.name))
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", settings),
            *("run", f"{unlimited}/docs/openapi.json", "--no-color"),
        ],
        cwd=tmp_path,
        # its HTTP client looks through all variables for a proxy, twice for each request
        env={
            **{name: value for name, value in os.environ.items() if name.startswith(("PATH", "PYTHON", "HOME", "LD_"))},
            "PYTHONWARNINGS": "default",
        },
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    print(ran.stdout)
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    generated = re.search(r"(\d[\d,]*) generated", ran.stdout)
    assert generated is not None, ran.stdout
    assert int(generated[1].replace(",", "")) >= MIN_CASES
