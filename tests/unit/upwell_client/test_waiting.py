"""The wait for a verification: it ends soon after the verification, however long that takes."""

import httpx
import pytest

from upwell_client import Client, StillVerifyingError, uploading
from upwell_client.wires import BlockingWire


class Service:
    """Verifies until a moment of its own time, which passes only while the client sleeps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, verified_at: float) -> None:
        self.verified_at = verified_at
        self.time = 0.0
        self.looks = 0

        async def sleep(_: BlockingWire, seconds: float) -> None:
            self.time += seconds

        monkeypatch.setattr(BlockingWire, "sleep", sleep)
        monkeypatch.setattr(uploading, "now", lambda: self.time)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != "upwell.test":
            request.read()
            return httpx.Response(200, headers={"ETag": '"e"'})
        status = "COMPLETED" if self.time >= self.verified_at else "PROCESSING"
        if request.method == "GET":
            self.looks += 1
        elif not request.url.path.endswith("/confirm"):
            status = "PENDING"
        upload = {"upload_id": "upl_1", "status": status, "presigned_url": "http://s3.test/key"}
        return httpx.Response(200, json=upload)

    def upload(self, **options: float) -> None:
        with Client("http://upwell.test", "sk", "ns", bucket="b", transport=httpx.MockTransport(self)) as client:
            client.upload(b"bytes", filename="clip.mp4", **options)  # type: ignore[arg-type]  # only `wait_seconds`


@pytest.mark.parametrize(("seconds", "looks"), [(0.05, 1), (0.95, 10), (2.3, 20), (8.0, 32), (40.0, 50)])
def test_the_wait_ends_within_a_tenth_of_the_time_of_the_verification(
    monkeypatch: pytest.MonkeyPatch, seconds: float, looks: int
) -> None:
    service = Service(monkeypatch, verified_at=seconds)
    service.upload()
    assert service.time - seconds <= max(seconds / 10, 0.1)
    assert service.looks <= looks


def test_a_long_verification_is_looked_at_every_5_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(monkeypatch, verified_at=1000)
    with pytest.raises(StillVerifyingError):
        service.upload(wait_seconds=600)
    assert 600 < service.time <= 605
    assert service.looks <= 600 / 5 + 50
