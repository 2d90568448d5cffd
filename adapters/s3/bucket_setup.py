"""Sets up one bucket: creates it if it is missing, enables versioning, and sets the CORS and lifecycle rules.

Other rules on the bucket are kept.
"""

from collections.abc import Awaitable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from adapters.s3.answers import code_of, is_refusal, is_unsupported, status_of
from application.ports.storage.object_storage import BucketSetup

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import (
        CORSRuleOutputTypeDef,
        CORSRuleTypeDef,
        LifecycleRuleOutputTypeDef,
        LifecycleRuleTypeDef,
    )

KEEP_INCOMPLETE_DAYS: Final = 8  # one day longer than the maximum lifetime of a part URL
_RULE_ID: Final = "upwell"
# 4xx errors of the credentials or the bucket, not of one feature.
_OPERATOR_CODES: Final = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "NoSuchBucket",
        "PermanentRedirect",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)


def lifecycle_rule(keep_noncurrent_days: int) -> "LifecycleRuleTypeDef":
    """Return the rule that deletes overwritten versions and unfinished multipart uploads."""
    return {
        "ID": _RULE_ID,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": keep_noncurrent_days},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": KEEP_INCOMPLETE_DAYS},
    }


def cors_rule(origins: Sequence[str]) -> "CORSRuleTypeDef":
    """Return the rule that lets web pages of these origins upload."""
    return {
        "ID": _RULE_ID,
        "AllowedOrigins": list(origins),
        "AllowedMethods": ["PUT", "GET", "HEAD", "POST"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 3600,
    }


class SettingUp:
    """The setup of one bucket, with an open client. `keep_noncurrent_days`: for overwritten versions."""

    def __init__(self, client: "S3Client", *, bucket: str, region: str, keep_noncurrent_days: int) -> None:
        self._client = client
        self._bucket = bucket
        self._region = region
        self._keep_noncurrent_days = keep_noncurrent_days

    async def __call__(self, *, cors_origins: Sequence[str]) -> BucketSetup:
        """Set up every feature that the server supports, and report which ones those are."""
        created = await self.create_if_missing()
        versioned = await _if_possible(self._keeps_versions())
        expiry = await _if_possible(self._expires_noncurrent())
        cors = bool(cors_origins) and await _if_possible(self._allows(cors_origins))
        return BucketSetup(created=created, versioned=versioned, noncurrent_expiry=expiry, cors=cors)

    async def create_if_missing(self) -> bool:
        """Create the bucket if it is missing, and return whether it was."""
        try:
            await self._client.head_bucket(Bucket=self._bucket)
        except ClientError as error:
            if status_of(error) == HTTPStatus.FORBIDDEN:
                return False  # access to objects needs no access to the bucket; the next call detects wrong credentials
            if status_of(error) != HTTPStatus.NOT_FOUND:
                raise
        else:
            return False
        # Amazon's oldest region must not be named.
        place: dict[str, Any] = (
            {} if self._region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
        )
        try:
            await self._client.create_bucket(Bucket=self._bucket, **place)
        except ClientError as error:
            if code_of(error) == "BucketAlreadyOwnedByYou":  # another process was faster
                return False
            raise
        return True

    async def _keeps_versions(self) -> bool:
        if await self._is_versioned():
            return True
        await self._client.put_bucket_versioning(Bucket=self._bucket, VersioningConfiguration={"Status": "Enabled"})
        return await self._is_versioned()

    async def _is_versioned(self) -> bool:
        return (await self._client.get_bucket_versioning(Bucket=self._bucket)).get("Status") == "Enabled"

    async def _expires_noncurrent(self) -> bool:
        rule = lifecycle_rule(self._keep_noncurrent_days)
        rules = await self._lifecycle()
        if _has_rule(rules, rule):
            return True
        others = [found for found in rules if found.get("ID") != _RULE_ID]
        await self._client.put_bucket_lifecycle_configuration(
            Bucket=self._bucket, LifecycleConfiguration={"Rules": [*others, rule]}
        )
        return _has_rule(await self._lifecycle(), rule)

    async def _lifecycle(self) -> "Sequence[LifecycleRuleOutputTypeDef]":
        try:
            return (await self._client.get_bucket_lifecycle_configuration(Bucket=self._bucket)).get("Rules", [])
        except ClientError as error:
            if code_of(error) == "NoSuchLifecycleConfiguration":
                return []
            raise

    async def _allows(self, origins: Sequence[str]) -> bool:
        rule = cors_rule(origins)
        rules = await self._cors()
        if _has_rule(rules, rule):
            return True
        others = [found for found in rules if found.get("ID") != _RULE_ID]
        await self._client.put_bucket_cors(Bucket=self._bucket, CORSConfiguration={"CORSRules": [*others, rule]})
        return _has_rule(await self._cors(), rule)

    async def _cors(self) -> "Sequence[CORSRuleOutputTypeDef]":
        try:
            return (await self._client.get_bucket_cors(Bucket=self._bucket)).get("CORSRules", [])
        except ClientError as error:
            if code_of(error) == "NoSuchCORSConfiguration":
                return []
            raise


async def _if_possible(step: Awaitable[bool]) -> bool:
    """Run a step of the setup; False if the server or the permissions do not allow it."""
    try:
        return await step
    except ClientError as error:
        if is_unsupported(error) or (is_refusal(error) and code_of(error) not in _OPERATOR_CODES):
            return False
        raise


def _has_rule(rules: Sequence[Mapping[str, Any]], wanted: Mapping[str, Any]) -> bool:
    """Return whether a rule contains all of `wanted`; servers add fields and reorder lists."""

    def same(found: object, value: object) -> bool:
        if isinstance(found, list) and isinstance(value, list):
            return sorted(found) == sorted(value)
        return found == value

    return any(
        all(same(rule.get(name), value) for name, value in wanted.items() if name not in {"ID", "Filter"})
        for rule in rules
        if rule.get("ID", wanted["ID"]) == wanted["ID"]
    )
