from datetime import UTC, datetime, timedelta, timezone

import pytest

from adapters.s3.sigv4 import Addressing, Credentials, Presigner
from application.ports.storage.url_signer import UnsupportedHeaderError

NOW = datetime(2013, 5, 24, tzinfo=UTC)
# The example of https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
EXAMPLE = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


def signer(
    endpoint_url: str = "https://s3.amazonaws.com",
    *,
    bucket: str = "examplebucket",
    addressing: Addressing = "virtual",
    credentials: Credentials = EXAMPLE,
) -> Presigner:
    return Presigner(
        endpoint_url=endpoint_url, bucket=bucket, region="us-east-1", addressing=addressing, credentials=credentials
    )


def test_the_example_of_amazons_documentation_is_reproduced() -> None:
    url = signer().presign("GET", "test.txt", headers={}, expires_in_seconds=86400, now=NOW)

    assert url == (
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )


def test_a_new_day_gets_a_new_signing_key_and_the_old_day_its_old_one() -> None:
    one = signer()

    def sign(now: datetime) -> str:
        return one.presign("GET", "test.txt", headers={}, expires_in_seconds=86400, now=now)

    first, second, again = sign(NOW), sign(NOW + timedelta(days=1)), sign(NOW)

    assert first == again
    assert second == signer().presign(
        "GET", "test.txt", headers={}, expires_in_seconds=86400, now=NOW + timedelta(days=1)
    )


def test_the_same_moment_in_another_time_zone_gives_the_same_url() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=-11)))

    assert signer().presign("GET", "k", headers={}, expires_in_seconds=1, now=elsewhere) == signer().presign(
        "GET", "k", headers={}, expires_in_seconds=1, now=NOW
    )


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        signer().presign("GET", "k", headers={}, expires_in_seconds=1, now=NOW.replace(tzinfo=None))


def test_an_empty_key_is_refused_because_its_url_would_act_on_the_bucket() -> None:
    with pytest.raises(ValueError, match="key"):
        signer().presign("PUT", "", headers={}, expires_in_seconds=1, now=NOW)


def test_a_content_type_that_botocore_would_drop_is_signed() -> None:
    url = signer().presign(
        "PUT",
        "k",
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        expires_in_seconds=1,
        now=NOW,
    )

    assert "X-Amz-SignedHeaders=content-type%3Bhost&" in url


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "Date",
        "Authorization",
        "User-Agent",
        "Transfer-Encoding",
        "X-Amz-Date",
        "X-Amz-Content-SHA256",
        "a b",
        "",
    ],
)
def test_a_header_that_a_url_cannot_bind_is_refused_by_name(name: str) -> None:
    with pytest.raises(UnsupportedHeaderError) as refused:
        signer().presign("PUT", "k", headers={"Content-Type": "a/b", name: "1"}, expires_in_seconds=1, now=NOW)

    assert refused.value.name == name


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "\x00", "\x7f", "é", "😀"])
def test_a_header_value_that_http_does_not_carry_as_it_stands_is_refused(value: str) -> None:
    with pytest.raises(UnsupportedHeaderError):
        signer().presign("PUT", "k", headers={"Content-Type": value}, expires_in_seconds=1, now=NOW)


def test_one_header_spelled_in_two_ways_is_refused() -> None:
    with pytest.raises(UnsupportedHeaderError):
        signer().presign(
            "PUT", "k", headers={"Content-Type": "a/b", "content-type": "a/b"}, expires_in_seconds=1, now=NOW
        )


@pytest.mark.parametrize(
    "endpoint_url",
    [
        "",
        "storage.test",
        "ftp://storage.test",
        "https://",
        "https://a:b@storage.test",
        "https://s.test?x=1",
        "https://s.test#x",
    ],
)
def test_an_endpoint_that_is_no_plain_http_origin_is_refused(endpoint_url: str) -> None:
    with pytest.raises(ValueError, match="endpoint"):
        signer(endpoint_url)


@pytest.mark.parametrize(
    ("endpoint_url", "bucket"),
    [
        ("http://127.0.0.1:9000", "bucket"),
        ("http://[::1]:9000", "bucket"),
        ("https://s.test", "a.b"),
        ("https://s.test", "A_b"),
    ],
)
def test_a_bucket_that_cannot_be_a_host_name_is_refused_in_virtual_addressing(endpoint_url: str, bucket: str) -> None:
    with pytest.raises(ValueError, match="host name"):
        signer(endpoint_url, bucket=bucket)


def test_credentials_without_a_secret_are_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        signer(credentials=Credentials("AKID", ""))


def test_secrets_do_not_show_in_a_repr() -> None:
    shown = repr(Credentials("AKID", "very-secret", "very-secret-token"))

    assert "AKID" in shown
    assert "very-secret" not in shown
