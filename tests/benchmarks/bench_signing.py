"""Microseconds for one presigned URL, ours and botocore's, in one run: `python tests/benchmarks/bench_signing.py`."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from timeit import Timer
from typing import Any

import botocore.session
from botocore.config import Config

sys.path.insert(0, str(Path(__file__).parents[2]))

from adapters.s3.sigv4 import Credentials, Presigner
from adapters.s3.url_signer import S3UrlSigner

ENDPOINT, REGION, BUCKET = "https://s3.eu-central-1.amazonaws.com", "eu-central-1", "some-bucket"
KEY = "int_a1b2c3d4e5f6/ns_a1b2c3d4e5/api_buckets_uploads_create/upl_0123456789abcdef/holiday.jpg"
HEADERS = {"Content-Type": "image/jpeg", "Content-Length": "1048576"}
REPEATS = 7


def microseconds(sign: Callable[[], object], times: int) -> float:
    """Return the best of a few runs: the others measure the machine's other work."""
    return min(Timer(sign).repeat(REPEATS, times)) / times * 1e6


def main() -> None:
    client: Any = botocore.session.get_session().create_client(
        "s3",
        region_name=REGION,
        endpoint_url=ENDPOINT,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    of_bucket: dict[str, Any] = {"endpoint_url": ENDPOINT, "bucket": BUCKET, "region": REGION, "addressing": "path"}
    credentials = Credentials("AKIDEXAMPLE", "secret")
    presigner = Presigner(**of_bucket, credentials=credentials)
    url_signer = S3UrlSigner(**of_bucket, credentials=credentials)
    put = {"Bucket": BUCKET, "Key": KEY, "ContentType": "image/jpeg", "ContentLength": 1048576}
    part = {"Bucket": BUCKET, "Key": KEY, "PartNumber": 17, "UploadId": "abcdef0123456789"}
    query = {"partNumber": "17", "uploadId": "abcdef0123456789"}
    part_of: dict[str, Any] = {"multipart_id": "abcdef0123456789", "part_number": 17}
    now, hour = datetime.now(UTC), timedelta(hours=1)

    theirs_put = microseconds(lambda: client.generate_presigned_url("put_object", Params=put), 500)
    theirs_part = microseconds(lambda: client.generate_presigned_url("upload_part", Params=part), 500)
    for name, theirs, sign in (
        (
            "PUT, the URL alone",
            theirs_put,
            lambda: presigner.presign("PUT", KEY, headers=HEADERS, expires_in_seconds=3600, now=now),
        ),
        (
            "PUT, by the port",
            theirs_put,
            lambda: url_signer.sign_put(KEY, headers=HEADERS, expires_in=hour, now=now),
        ),
        (
            "part, the URL alone",
            theirs_part,
            lambda: presigner.presign("PUT", KEY, headers={}, query=query, expires_in_seconds=3600, now=now),
        ),
        (
            "part, by the port",
            theirs_part,
            lambda: url_signer.sign_part(KEY, **part_of, headers={}, expires_in=hour, now=now),
        ),
    ):
        ours = microseconds(sign, 20_000)
        print(f"{name:28} ours {ours:6.1f} µs   botocore {theirs:6.1f} µs   {theirs / ours:5.1f} times")


if __name__ == "__main__":
    main()
