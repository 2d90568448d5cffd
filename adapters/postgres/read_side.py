"""The read side on PostgreSQL: one adapter for all of its roles."""

from adapters.postgres.buckets.bucket_reads import PostgresBucketReads
from adapters.postgres.keys.key_reads import PostgresKeyReads
from adapters.postgres.keys.token_reads import PostgresTokenReads
from adapters.postgres.namespaces.namespace_reads import PostgresNamespaceReads
from adapters.postgres.objects.object_creation import PostgresObjectCreation
from adapters.postgres.objects.object_reads import PostgresObjectReads
from adapters.postgres.organizations.organization_reads import PostgresOrganizationReads
from adapters.postgres.uploads.upload_reads import PostgresUploadReads
from adapters.postgres.webhooks.webhook_reads import PostgresWebhookReads


class PostgresReadSide(
    PostgresUploadReads,
    PostgresObjectReads,
    PostgresBucketReads,
    PostgresNamespaceReads,
    PostgresOrganizationReads,
    PostgresKeyReads,
    PostgresTokenReads,
    PostgresWebhookReads,
    PostgresObjectCreation,
):
    """Implements `ReadSide`."""
