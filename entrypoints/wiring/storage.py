"""Creates the storage adapters from the settings."""

from typing import TYPE_CHECKING

from adapters.s3.sigv4 import Credentials
from adapters.s3.url_signer import S3UrlSigner
from application.ports.storage.object_storage import (
    BucketSetup,
    ObjectStorage,
    StorageDeniedError,
    StorageUnavailableError,
)
from entrypoints.settings import S3Settings, SettingError

if TYPE_CHECKING:
    from adapters.s3.doctor import S3Doctor
    from adapters.s3.object_storage import S3ObjectStorage
    from adapters.sqs.notification_queue import SqsNotificationQueue


def open_storage(s3: S3Settings) -> "S3ObjectStorage":
    """Return the storage adapter for these settings, to be entered."""
    # Loading aiobotocore takes a second of CPU time; commands without storage skip it.
    from adapters.s3.object_storage import S3ObjectStorage  # noqa: PLC0415

    return S3ObjectStorage(
        bucket=s3.bucket,
        region=s3.region,
        credentials=_credentials(s3),
        endpoint_url=s3.endpoint_url,
        addressing=s3.addressing,
        keep_noncurrent_days=s3.old_versions_days,
    )


async def prepare_storage(storage: ObjectStorage, s3: S3Settings) -> BucketSetup:
    """Prepare the S3 bucket. Errors name the endpoint; a refusal is a `SettingError`."""
    try:
        return await storage.prepare(cors_origins=s3.cors_origins)
    except StorageDeniedError as error:
        raise SettingError(
            f"The storage at {s3.endpoint_url} refuses access to the bucket {s3.bucket} ({error}): correct"
            " UPWELL_S3_BUCKET,"
            " UPWELL_S3_REGION, or the credentials or their permissions."
        ) from error
    except StorageUnavailableError as error:
        raise StorageUnavailableError(f"The storage at {s3.endpoint_url} cannot be reached: {error}") from error


def s3_doctor(s3: S3Settings, origin: str | None) -> "S3Doctor":
    """Return the doctor of the S3 bucket of these settings; refuse settings for which no URL can be signed.

    `origin` None: the first origin in the settings.
    """
    from adapters.s3.doctor import S3Doctor  # noqa: PLC0415  # as for storage, above

    named = next((each for each in s3.cors_origins if each != "*"), None)
    try:
        return S3Doctor(
            endpoint_url=s3.endpoint_url,
            public_endpoint_url=s3.public_endpoint_url,
            bucket=s3.bucket,
            keep_noncurrent_days=s3.old_versions_days,
            region=s3.region,
            addressing=s3.addressing,
            credentials=_credentials(s3),
            origin=origin or named,
        )
    except ValueError as error:
        raise SettingError(f"With these UPWELL_S3_* settings no URL can be signed: {error}.") from error


def url_signer(s3: S3Settings) -> S3UrlSigner:
    """Return the signer for these settings; refuse settings for which no URL can be signed."""
    try:
        return S3UrlSigner(
            endpoint_url=s3.public_endpoint_url,
            bucket=s3.bucket,
            region=s3.region,
            credentials=_credentials(s3),
            addressing=s3.addressing,
        )
    except ValueError as error:
        raise SettingError(f"With these UPWELL_S3_* settings no URL can be signed: {error}.") from error


def _credentials(s3: S3Settings) -> Credentials:
    return Credentials(
        access_key_id=s3.access_key_id,
        secret_access_key=s3.secret_access_key,
        session_token=s3.session_token,
        expires_at=s3.credentials_expire_at,
    )


def open_queue(s3: S3Settings, queue_url: str) -> "SqsNotificationQueue":
    """Return the queue of the storage's notifications."""
    from adapters.sqs.notification_queue import SqsNotificationQueue  # noqa: PLC0415  # as for storage, below

    return SqsNotificationQueue(
        queue_url=queue_url,
        region=s3.region,
        access_key_id=s3.access_key_id,
        secret_access_key=s3.secret_access_key,
        session_token=s3.session_token,
    )
