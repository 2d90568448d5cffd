"""Upwell's signer gives the same result as botocore, byte for byte."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any
from unittest.mock import patch

import botocore.auth
import botocore.credentials
import botocore.session
import botocore.signers
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.utils import percent_encode, percent_encode_sequence
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.s3.sigv4 import Addressing, Credentials, Presigner
from adapters.s3.url_signer import S3UrlSigner

AWKWARD = [
    "..",
    ".",
    "//",
    "/",
    " ",
    "  ",
    "+",
    "%",
    "%2F",
    "%zz",
    "~",
    "&",
    "=",
    "?",
    "#",
    ";",
    "é",
    "e\u0301",
    "😀",
    "\x00",
    "\n",
    "\\",
    '"',
]
TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# Headers that botocore leaves out, or that a presigned URL contains itself: unit tests show that they are refused.
REFUSED = {
    *botocore.auth.SIGNED_HEADERS_BLACKLIST,
    *("authorization", "date", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"),
}
# Fields of a form that belong to its signature.
OWN_FIELDS = {
    *("bucket", "content-length-range", "file", "key", "policy"),
    *(f"x-amz-{name}" for name in ("algorithm", "credential", "date", "security-token", "signature")),
}
SEVEN_DAYS = 7 * 24 * 3600

texts = st.lists(st.sampled_from(AWKWARD) | st.text(max_size=8), max_size=12).map("".join)
keys = texts.filter(bool)
names = st.text(min_size=1)
regions = st.from_regex(r"[a-z]{2}(-[a-z]{1,9}){1,2}-[0-9]", fullmatch=True) | st.sampled_from(["auto", "US", "é/ +"])
times = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - `timezones` adds it
    timezones=st.just(UTC) | st.integers(-12, 14).map(lambda h: timezone(timedelta(hours=h))),
)
header_values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E) | st.sampled_from("  \t"))
headers = st.dictionaries(
    st.sampled_from(["Content-Type", "content-length", "x-amz-checksum-sha256", "If-None-Match", "x-amz-meta-a"])
    | st.text(TOKEN_CHARACTERS, min_size=1),
    header_values,
    max_size=6,
).filter(lambda found: not REFUSED & (lower := {name.lower() for name in found}) and len(lower) == len(found))
queries = st.dictionaries(
    st.sampled_from(["versionId", "partNumber", "uploadId", "response-content-disposition", "A", "X", "Y", "x-id"])
    | names.filter(lambda name: not name.startswith("X-Amz-")),
    texts,
    max_size=4,
)
hosts = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,10}[a-z](\.[a-z]{2,6}){0,2}", fullmatch=True) | st.sampled_from(
    ["127.0.0.1", "[::1]", "[2001:DB8::1]", "S3.Example.COM"]
)
ports = st.sampled_from(["", ":80", ":443", ":9000"]) | st.integers(1, 65535).map(lambda port: f":{port}")
prefixes = st.lists(st.from_regex(r"/[A-Za-z0-9._~%-]{1,8}", fullmatch=True), max_size=2).map("".join)
buckets = st.from_regex(r"[a-z0-9][a-z0-9-]{1,20}[a-z0-9]", fullmatch=True)
secrets = st.builds(
    Credentials,
    access_key_id=st.text(min_size=1),
    secret_access_key=st.text(min_size=1),
    session_token=st.none() | st.text(),
)


def frozen(now: datetime) -> Any:  # noqa: ANN401 - a private class of mock
    return patch.object(botocore.auth, "get_current_datetime", lambda: now.astimezone(UTC))


@given(
    method=st.sampled_from(["PUT", "GET", "HEAD", "DELETE", "POST"]),
    scheme=st.sampled_from(["http", "https"]),
    host=hosts,
    port=ports,
    prefix=prefixes,
    bucket=buckets,
    addressing=st.sampled_from(["path", "virtual"]),
    key=keys,
    headers=headers,
    query=queries,
    region=regions,
    credentials=secrets,
    expires=st.integers(1, SEVEN_DAYS),
    now=times,
)
def test_every_url_is_the_one_that_botocores_signer_makes(
    *,
    method: str,
    scheme: str,
    host: str,
    port: str,
    prefix: str,
    bucket: str,
    addressing: Addressing,
    key: str,
    headers: dict[str, str],
    query: dict[str, str],
    region: str,
    credentials: Credentials,
    expires: int,
    now: datetime,
) -> None:
    if not host[-1].isalpha():
        addressing = "path"  # an address has no subdomains
    endpoint = f"{scheme}://{host}{port}{prefix}"
    place = (
        f"{scheme}://{host}{port}{prefix}/{bucket}"
        if addressing == "path"
        else f"{scheme}://{bucket}.{host}{port}{prefix}"
    )
    url = f"{place}/{percent_encode(key, safe='/~')}"
    request = AWSRequest(
        method=method, url=f"{url}?{percent_encode_sequence(query)}" if query else url, headers=headers
    )
    theirs = botocore.credentials.Credentials(
        credentials.access_key_id, credentials.secret_access_key, credentials.session_token
    )
    with frozen(now):
        S3SigV4QueryAuth(theirs, "s3", region, expires=expires).add_auth(request)

    signer = Presigner(
        endpoint_url=endpoint, bucket=bucket, region=region, addressing=addressing, credentials=credentials
    )
    ours = signer.presign(method, key, headers=headers, query=query, expires_in_seconds=expires, now=now)

    assert ours == request.url


ENDPOINTS = [
    "https://s3.eu-central-1.amazonaws.com",
    "http://storage.test:80",
    "https://storage.test:443/",
    "https://Storage.Test:9000/s3/files",
    "http://127.0.0.1:8333",
    "http://[::1]:8333/prefix/",
]
TOKENS = [None, "FwoGZXIvYXdzEBY//+aDA==" * 4]


@lru_cache
def client(endpoint: str, addressing: Addressing, token: str | None) -> Any:  # noqa: ANN401 - botocore makes it at run time
    return botocore.session.get_session().create_client(
        "s3",
        region_name="eu-central-1",
        endpoint_url=endpoint,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="SECRET",
        aws_session_token=token,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": addressing},
            request_checksum_calculation="when_required",
        ),
    )


checksums = st.binary(min_size=32, max_size=32).map(lambda digest: b64encode(digest).decode())
put_params = st.fixed_dictionaries(
    {},
    optional={
        "ContentType": st.from_regex(r"[a-z]{1,9}/[a-z.+-]{1,20}(;  ?charset=[a-z0-9-]{1,9})?", fullmatch=True),
        "ContentLength": st.integers(0, 5 * 1024**3),
        "ChecksumSHA256": checksums,
        "IfNoneMatch": st.just("*"),
    },
)
get_params = st.fixed_dictionaries(
    {}, optional={"VersionId": st.text(min_size=1), "ResponseContentDisposition": texts.filter(bool)}
)
part_params = st.fixed_dictionaries(
    {"PartNumber": st.integers(1, 10_000), "UploadId": st.text(min_size=1)},
    optional={"ContentLength": st.integers(0, 5 * 1024**3), "ChecksumSHA256": checksums},
)
HEADER_OF = {
    "ContentType": "Content-Type",
    "ContentLength": "Content-Length",
    "ChecksumSHA256": "x-amz-checksum-sha256",
    "IfNoneMatch": "If-None-Match",
}
PARAMETER_OF = {
    "VersionId": "versionId",
    "ResponseContentDisposition": "response-content-disposition",
    "PartNumber": "partNumber",
    "UploadId": "uploadId",
}


@settings(deadline=None)  # making a botocore client takes longer than an example may
@given(
    operation=put_params.map(lambda params: ("PUT", "put_object", params))
    | get_params.map(lambda params: ("GET", "get_object", params))
    | part_params.map(lambda params: ("PUT", "upload_part", params)),
    endpoint=st.sampled_from(ENDPOINTS),
    addressing=st.sampled_from(["path", "virtual"]),
    token=st.sampled_from(TOKENS),
    key=keys,
    expires=st.integers(1, SEVEN_DAYS),
    now=times,
)
@example(
    operation=("GET", "get_object", {"VersionId": "null"}),
    endpoint=ENDPOINTS[0],
    addressing="virtual",
    token=None,
    key="/a//../b/./c",
    expires=1,
    now=datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC),
)
def test_every_url_is_the_one_that_botocores_client_makes(
    *,
    operation: tuple[str, str, dict[str, Any]],
    endpoint: str,
    addressing: Addressing,
    token: str | None,
    key: str,
    expires: int,
    now: datetime,
) -> None:
    method, name, params = operation
    if "://127" in endpoint or "://[" in endpoint:
        addressing = "path"  # an address has no subdomains
    with frozen(now):
        theirs = client(endpoint, addressing, token).generate_presigned_url(
            name, Params={"Bucket": "some-bucket", "Key": key, **params}, ExpiresIn=expires
        )

    signer = Presigner(
        endpoint_url=endpoint,
        bucket="some-bucket",
        region="eu-central-1",
        addressing=addressing,
        credentials=Credentials("AKIDEXAMPLE", "SECRET", token),
    )
    ours = signer.presign(
        method,
        key,
        headers={HEADER_OF[param]: str(value) for param, value in params.items() if param in HEADER_OF},
        query={PARAMETER_OF[param]: str(value) for param, value in params.items() if param in PARAMETER_OF},
        expires_in_seconds=expires,
        now=now,
    )

    assert ours == theirs


@settings(deadline=None)
@given(
    params=part_params,
    endpoint=st.sampled_from(ENDPOINTS),
    token=st.sampled_from(TOKENS),
    key=keys,
    expires=st.integers(1, SEVEN_DAYS),
    now=times,
)
def test_every_url_of_a_part_is_the_one_that_botocores_client_makes(
    *, params: dict[str, Any], endpoint: str, token: str | None, key: str, expires: int, now: datetime
) -> None:
    number, multipart_id = params["PartNumber"], params["UploadId"]
    ordered = {"Bucket": "some-bucket", "Key": key, "PartNumber": number, "UploadId": multipart_id, **params}
    with frozen(now):
        theirs = client(endpoint, "path", token).generate_presigned_url(
            "upload_part", Params=ordered, ExpiresIn=expires
        )

    signer = S3UrlSigner(
        endpoint_url=endpoint,
        bucket="some-bucket",
        region="eu-central-1",
        addressing="path",
        credentials=Credentials("AKIDEXAMPLE", "SECRET", token),
    )
    signed = signer.sign_part(
        key,
        multipart_id=multipart_id,
        part_number=number,
        headers={HEADER_OF[param]: str(value) for param, value in params.items() if param in HEADER_OF},
        expires_in=timedelta(seconds=expires),
        now=now,
    )

    assert signed.url == theirs


# A key that ends in `${filename}` is refused here: storage would insert the name that the client sends.
form_keys = keys.filter(lambda key: "${filename}" not in key)
form_fields = st.dictionaries(
    st.sampled_from(["Content-Type", "success_action_status", "x-amz-checksum-sha256", "Cache-Control", "x-amz-meta-a"])
    | st.text(TOKEN_CHARACTERS, min_size=1),
    header_values,
    max_size=5,
).filter(lambda found: not OWN_FIELDS & (lower := {name.lower() for name in found}) and len(lower) == len(found))
sizes = st.integers(0, 5 * 1024**3)


@lru_cache(maxsize=64)
def client_of(endpoint: str, region: str, addressing: Addressing, credentials: Credentials) -> Any:  # noqa: ANN401
    return botocore.session.get_session().create_client(
        "s3",
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token,
        config=Config(signature_version="s3v4", s3={"addressing_style": addressing}),
    )


@settings(deadline=None)  # making a botocore client takes longer than an example may
@given(
    endpoint=st.sampled_from(ENDPOINTS),
    addressing=st.sampled_from(["path", "virtual"]),
    region=st.sampled_from(["eu-central-1", "us-east-1", "auto", "us-gov-west-1"]),
    credentials=st.builds(
        Credentials,
        access_key_id=st.sampled_from(["AKIDEXAMPLE", "a/b+c=ü"]),
        secret_access_key=st.sampled_from(["SECRET", "s/+=ü"]),
        session_token=st.sampled_from(TOKENS),
    ),
    key=form_keys,
    fields=form_fields,
    size_range=st.tuples(sizes, sizes).map(sorted).map(tuple),
    expires=st.integers(1, SEVEN_DAYS),
    now=times.filter(lambda now: now.year < 9999),
)
@example(
    endpoint=ENDPOINTS[0],
    addressing="virtual",
    region="eu-central-1",
    credentials=Credentials("AKIDEXAMPLE", "SECRET", TOKENS[1]),
    key="a/😀/$x",
    fields={"Content-Type": 'text/plain; a="\\""', "success_action_status": "201"},
    size_range=(0, 0),
    expires=1,
    now=datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC),
)
def test_every_form_is_the_one_that_botocores_client_makes(
    *,
    endpoint: str,
    addressing: Addressing,
    region: str,
    credentials: Credentials,
    key: str,
    fields: dict[str, str],
    size_range: tuple[int, int],
    expires: int,
    now: datetime,
) -> None:
    if "://127" in endpoint or "://[" in endpoint:
        addressing = "path"  # an address has no subdomains
    conditions = [*({name: value} for name, value in fields.items()), ["content-length-range", *size_range]]
    with frozen(now), patch.object(botocore.signers, "get_current_datetime", lambda: now.astimezone(UTC)):
        theirs = client_of(endpoint, region, addressing, credentials).generate_presigned_post(
            "some-bucket", key, Fields=fields, Conditions=conditions, ExpiresIn=expires
        )

    signer = Presigner(
        endpoint_url=endpoint, bucket="some-bucket", region=region, addressing=addressing, credentials=credentials
    )
    url, ours = signer.presign_form(key, fields=fields, size_range=size_range, expires_in_seconds=expires, now=now)

    assert (url, list(ours.items())) == (theirs["url"], list(theirs["fields"].items()))
