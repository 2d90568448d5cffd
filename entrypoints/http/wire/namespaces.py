"""Namespaces and their lists."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from entrypoints.http.wire.base import Json, PaginationResponse, Request, Response


class FeatureExtractor(Request, frozen=True):
    """A part of another product that works on this namespace: kept and returned."""

    feature_extractor_name: str
    version: str
    params: Json | None = None


class CreateNamespaceRequest(Request, frozen=True):
    """A namespace to be made. What belongs to other products is kept and returned; `mode` means nothing."""

    namespace_name: str
    feature_extractors: Annotated[list[FeatureExtractor], Meta(min_length=1)]
    namespace_type: str | None = "standard"
    description: str | None = None
    payload_indexes: list[Json] | None = None
    auto_create_indexes: bool | None = False
    infrastructure: Json | None = None
    mode: str | None = None


class NamespaceModel(Response, frozen=True):
    """A namespace with its counters."""

    namespace_id: str
    namespace_name: str
    namespace_type: str
    description: str | None
    feature_extractors: list[Json]
    payload_indexes: list[Json] | None
    auto_create_indexes: bool
    infrastructure: Json | None
    bucket_count: int
    object_count: int
    created_at: datetime
    updated_at: datetime
    document_count: int | None = None
    collection_count: int | None = None
    cluster_id: str | None = None
    vector_inference_map: dict[str, str] | None = None


class ListNamespacesRequest(Request, frozen=True):
    """Which namespaces."""

    filters: Json | None = None
    sort: Json | None = None
    search: str | None = None
    case_sensitive: bool = False


class NamespaceListStats(Response, frozen=True):
    """Figures of the page; with `include_total`, of all. Documents and collections belong to other products."""

    total_feature_extractors: int
    total_payload_indexes: int
    total_buckets: int
    total_objects: int
    avg_feature_extractors_per_namespace: float
    avg_payload_indexes_per_namespace: float
    avg_buckets_per_namespace: float
    avg_objects_per_namespace: float
    total_documents: int = 0
    total_collections: int = 0
    avg_documents_per_namespace: float = 0.0
    avg_collections_per_namespace: float = 0.0


class ListNamespacesResponse(Response, frozen=True):
    """A page of namespaces."""

    results: list[NamespaceModel]
    pagination: PaginationResponse
    total_count: int
    stats: NamespaceListStats
