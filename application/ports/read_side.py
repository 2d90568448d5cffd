"""All reading roles: tables that are updated in the transaction that appends.

Every query has the organization (and namespace) of the caller: other resources do not exist for it. A use case depends
on the roles that it needs; one adapter implements all of them.
"""

from typing import Protocol

from application.ports.buckets.bucket_reads import BucketReads
from application.ports.keys.key_reads import KeyReads
from application.ports.keys.token_reads import TokenReads
from application.ports.namespaces.namespace_reads import NamespaceReads
from application.ports.objects.object_creation import ObjectCreation
from application.ports.objects.object_reads import ObjectReads
from application.ports.organizations.organization_reads import OrganizationReads
from application.ports.uploads.upload_reads import UploadReads
from application.ports.webhooks.webhook_reads import WebhookReads


class ReadSide(
    UploadReads,
    ObjectReads,
    BucketReads,
    NamespaceReads,
    OrganizationReads,
    KeyReads,
    TokenReads,
    WebhookReads,
    ObjectCreation,
    Protocol,
):
    """All reading roles together."""
