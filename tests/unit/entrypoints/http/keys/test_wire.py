import msgspec
import pytest

from entrypoints.http.events.wire import CreateEventTokenRequest
from entrypoints.http.keys.wire import UploadTokenRequest

DAY = 24 * 60 * 60


def test_an_upload_token_is_for_one_file_in_a_quarter_of_an_hour_and_its_url_for_a_day() -> None:
    usual = msgspec.convert({"bucket": "clips"}, UploadTokenRequest)

    assert (usual.max_count, usual.expires_in, usual.upload_lifetime) == (1, 15 * 60, DAY)
    assert msgspec.convert({}, CreateEventTokenRequest).expires_in_seconds == 15 * 60


@pytest.mark.parametrize(
    ("field", "least", "most"),
    [("max_count", 1, 1000), ("expires_in", 60, DAY), ("upload_lifetime", 60, 30 * DAY)],
)
def test_an_upload_token_has_limits(field: str, least: int, most: int) -> None:
    for right in (least, most):
        assert getattr(msgspec.convert({"bucket": "clips", field: right}, UploadTokenRequest), field) == right
    for wrong in (least - 1, most + 1):
        with pytest.raises(msgspec.ValidationError, match=field):
            msgspec.convert({"bucket": "clips", field: wrong}, UploadTokenRequest)


def test_an_upload_token_has_up_to_50_content_types() -> None:
    types = [f"image/x-{number}" for number in range(51)]

    right = msgspec.convert({"bucket": "clips", "content_types": types[:50]}, UploadTokenRequest)
    assert right.content_types == tuple(types[:50])
    for wrong in (types, []):
        with pytest.raises(msgspec.ValidationError, match="content_types"):
            msgspec.convert({"bucket": "clips", "content_types": wrong}, UploadTokenRequest)
