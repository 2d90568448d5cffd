"""The client of S3, as Upwell uses it."""

from importlib.metadata import version
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from aiobotocore.config import AioConfig
from aiobotocore.session import ClientCreatorContext, get_session

from adapters.s3.sigv4 import Addressing, Credentials

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

_SESSION: Final = get_session()  # keeps botocore's parsed description of S3: 80 ms for the first client, 6 for the next
USER_AGENT: Final = f"upwell/{version('upwell')}"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def new_client(
    *,
    endpoint_url: str,
    region: str,
    addressing: Addressing,
    credentials: Credentials,
    max_connections: int,
    connect_timeout_seconds: float,
    read_timeout_seconds: float,
    max_attempts: int,
) -> "ClientCreatorContext[S3Client]":
    """Return a client of S3 as Upwell uses it, to be entered."""
    return _SESSION.create_client(
        "s3",
        endpoint_url=endpoint_url,
        region_name=region,
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token,
        config=AioConfig(
            user_agent=USER_AGENT,  # botocore makes its own anew for each request, a tenth of the work for a HEAD
            signature_version="s3v4",
            s3={"addressing_style": addressing},
            max_pool_connections=max_connections,
            connect_timeout=connect_timeout_seconds,
            read_timeout=read_timeout_seconds,
            retries={"mode": "standard", "total_max_attempts": max_attempts},
            # A proxy of the environment would reach another machine than this one.
            proxies={} if urlsplit(endpoint_url).hostname in _LOOPBACK else None,
            # The defaults add trailers that other servers than Amazon's refuse.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
