"""All roles that answer questions: tables that follow the log, in the same transaction.

Every query names the organization (and namespace) that asks: what is not theirs does not exist. A use case asks for the
roles that it needs; one adapter keeps all of them.
"""

from typing import Protocol

from application.ports.buckets import BucketReads
from application.ports.keys import KeyReads
from application.ports.namespaces import NamespaceReads
from application.ports.object_creation import ObjectCreation
from application.ports.objects import ObjectReads
from application.ports.organizations import OrganizationReads
from application.ports.uploads import UploadReads
from application.ports.webhook_records import WebhookReads


class ReadSide(
    UploadReads,
    ObjectReads,
    BucketReads,
    NamespaceReads,
    OrganizationReads,
    KeyReads,
    WebhookReads,
    ObjectCreation,
    Protocol,
):
    """All of them, by one adapter."""
