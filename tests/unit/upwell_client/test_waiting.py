"""The wait for a verification: it ends soon after the verification, however long that takes."""

import httpx
import pytest

from upwell_client import Client, StillVerifyingError, uploading
from upwell_client.wires import BlockingWire


class Service:
    """Verifies until a moment of its own time, which passes only while the client sleeps or the service waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, verified_at: float, places: int = 0) -> None:
        self.verified_at = verified_at
        self.places = places  # how often it waits before it refuses to
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
        wait = float(request.url.params.get("wait", 0))
        if wait and self.places >= 0:
            if self.places == 1:
                self.places = -1
                error = {"type": "TooManyRequestsError", "message": "No.", "code": "too_many_streams", "details": {}}
                return httpx.Response(429, json={"success": False, "status": 429, "error": error})
            if self.places > 1:
                self.places -= 1
                self.time = min(self.time + wait, max(self.verified_at, self.time))
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


@pytest.mark.parametrize(("seconds", "looks"), [(0.05, 2), (0.95, 11), (2.3, 21), (8.0, 33), (40.0, 51)])
def test_the_wait_ends_within_a_tenth_of_the_time_of_the_verification(
    monkeypatch: pytest.MonkeyPatch, seconds: float, looks: int
) -> None:
    service = Service(monkeypatch, verified_at=seconds)
    service.upload()
    assert service.time - seconds <= max(seconds / 10, 0.1)
    assert service.looks <= looks


def test_a_service_that_waits_is_asked_again_only_after_10_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(monkeypatch, verified_at=25.5, places=9)
    service.upload()
    assert (service.time, service.looks) == (25.5, 3)


def test_no_wait_is_longer_than_the_clients_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(monkeypatch, verified_at=100, places=9)
    with pytest.raises(StillVerifyingError):
        service.upload(wait_seconds=12)
    assert 12 <= service.time < 14


def test_without_a_place_to_wait_the_client_looks_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(monkeypatch, verified_at=25.5, places=2)
    service.upload()
    assert 25.5 <= service.time <= 25.5 * 1.1
    assert service.looks > 3


def test_a_long_verification_is_looked_at_every_5_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(monkeypatch, verified_at=1000)
    with pytest.raises(StillVerifyingError):
        service.upload(wait_seconds=600)
    assert 600 < service.time <= 605
    assert service.looks <= 600 / 5 + 50
