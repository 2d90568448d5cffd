"""The read side in memory: one adapter for all of its roles."""

from adapters.memory.buckets.bucket_reads import MemoryBucketReads
from adapters.memory.events.event_log import MemoryEventLog
from adapters.memory.keys.key_reads import MemoryKeyReads
from adapters.memory.keys.key_uses import MemoryKeyUses
from adapters.memory.keys.token_reads import MemoryTokenReads
from adapters.memory.namespaces.namespace_reads import MemoryNamespaceReads
from adapters.memory.objects.object_creation import MemoryObjectCreation
from adapters.memory.objects.object_reads import MemoryObjectReads
from adapters.memory.organizations.organization_reads import MemoryOrganizationReads
from adapters.memory.uploads.upload_reads import MemoryUploadReads
from adapters.memory.webhooks.webhook_reads import MemoryWebhookReads


class MemoryReadSide(
    MemoryUploadReads,
    MemoryObjectReads,
    MemoryBucketReads,
    MemoryNamespaceReads,
    MemoryOrganizationReads,
    MemoryKeyReads,
    MemoryTokenReads,
    MemoryWebhookReads,
    MemoryObjectCreation,
):
    """Implements `ReadSide`."""

    def __init__(self, log: MemoryEventLog, uses: MemoryKeyUses | None = None) -> None:
        MemoryKeyReads.__init__(self, log, uses)
        MemoryObjectCreation.__init__(self, lambda: log.tables)
