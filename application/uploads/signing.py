"""Fresh URLs of uploads: GET for completed ones, PUT or a form for open ones.

More time for an upload, and URLs of its parts, are given in `sending_parts`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from application.keys.callers import Admitting, Caller
from application.ports.clock import Clock
from application.ports.namespaces.namespace_reads import NamespaceRecord
from application.ports.storage.url_signer import SignedRequest, UrlSigner
from application.ports.uploads.upload_reads import UploadReads, UploadRecord
from application.uploads.hiding_others import holds_own_bytes
from application.uploads.signed_headers import sign_whole
from domain.uploads.upload import Status

_SECOND = timedelta(seconds=1)


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """The URLs of an upload: `put` (or a form) until the URL's expiry, `get` after the verification."""

    put: SignedRequest | None = None
    get: SignedRequest | None = None


class SigningUploads(msgspec.Struct, frozen=True, kw_only=True):
    """Signs URLs locally; issued URLs are not recorded."""

    read_side: UploadReads
    admit: Admitting
    signer: UrlSigner
    clock: Clock

    async def __call__(
        self, caller: Caller, namespace: NamespaceRecord, records: Sequence[UploadRecord]
    ) -> list[Signed]:
        """Return the URLs of these uploads, which the caller may read.

        A PUT needs permission to write in the bucket, and is valid for the rest of the original lifetime. A GET is
        valid as long as the upload's first URL, and reads the verified version. The bytes of a duplicate are its
        original's, which no upload token can read, because the URL contains their key. No URL outlives the caller's
        key.
        """
        now = self.clock.now()
        wanted = {record.duplicate_of for record in records if record.duplicate_of is not None}
        originals = await self.read_side.uploads_by_id(namespace.namespace_id, wanted) if wanted else {}
        buckets = {record.bucket_id for record in records}
        writable = {each for each in sorted(buckets) if await self.admit.writes(caller, namespace, each)}
        return [
            Signed(
                put=self._put(caller, record, now) if record.bucket_id in writable else None,
                get=self._get(caller, record, originals.get(record.duplicate_of or ""), now),
            )
            for record in records
        ]

    def _put(self, caller: Caller, record: UploadRecord, now: datetime) -> SignedRequest | None:
        if record.status is not Status.PENDING or record.part_size is not None or record.expires_at - now < _SECOND:
            return None
        return sign_whole(self.signer, record, expires_in=caller.url_lasts(record.expires_at - now, now), now=now)

    def _get(
        self, caller: Caller, record: UploadRecord, original: UploadRecord | None, now: datetime
    ) -> SignedRequest | None:
        holder = record if record.keeps_bytes else original
        if (
            record.status is not Status.COMPLETED
            or holder is None
            or not holder.has_verified_bytes
            or (caller.grant is not None and not holds_own_bytes(record))
        ):
            return None
        return self.signer.sign_get(
            holder.storage_key,
            expires_in=caller.url_lasts(timedelta(seconds=record.url_expires_in_seconds), now),
            now=now,
            version_id=holder.version_id,
            download_as=record.filename,
        )
