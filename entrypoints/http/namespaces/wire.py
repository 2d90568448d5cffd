"""Namespaces and their lists on the wire: the shapes of requests and responses."""

import enum
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from entrypoints.http.wire import Json, PaginationResponse, Request, Response


class NamespaceType(enum.StrEnum):
    """The purpose of a namespace, for other products."""

    STANDARD = "standard"
    MARKETPLACE = "marketplace"


class ComputeTier(enum.StrEnum):
    """The compute tier of other products."""

    SHARED = "shared"
    DEDICATED_CPU = "dedicated_cpu"
    DEDICATED_GPU = "dedicated_gpu"


class PayloadSchemaType(enum.StrEnum):
    """The type of an indexed field."""

    KEYWORD = "keyword"
    INTEGER = "integer"
    FLOAT = "float"
    BOOL = "bool"
    GEO = "geo"
    DATETIME = "datetime"
    TEXT = "text"
    UUID = "uuid"


class TokenizerType(enum.StrEnum):
    """The tokenizer of an indexed text."""

    WORD = "word"
    WHITESPACE = "whitespace"
    PREFIX = "prefix"
    MULTILINGUAL = "multilingual"


class TextIndexParams(Request, frozen=True, tag_field="type", tag="text"):
    """How a text is indexed."""

    tokenizer: TokenizerType = TokenizerType.WORD
    min_token_len: int = 2
    max_token_len: int = 15
    lowercase: bool = True


class IntegerIndexParams(Request, frozen=True, tag_field="type", tag="integer"):
    """How an integer is indexed."""

    lookup: bool = True
    range: bool = True


class KeywordIndexParams(Request, frozen=True, tag_field="type", tag="keyword"):
    """How a keyword is indexed."""

    is_tenant: bool = False


class FloatIndexParams(Request, frozen=True, tag_field="type", tag="float"):
    """How a number is indexed."""


class GeoIndexParams(Request, frozen=True, tag_field="type", tag="geo"):
    """How a place is indexed."""


class DatetimeIndexParams(Request, frozen=True, tag_field="type", tag="datetime"):
    """How a time is indexed."""


class UuidIndexParams(Request, frozen=True, tag_field="type", tag="uuid"):
    """How a UUID is indexed."""

    is_tenant: bool = False


class BoolIndexParams(Request, frozen=True, tag_field="type", tag="bool"):
    """How true and false are indexed."""


class PayloadIndexConfig(Request, frozen=True):
    """An index of another product: stored and returned."""

    field_name: Annotated[str, Meta(min_length=1, max_length=255)]
    type: PayloadSchemaType
    field_schema: (
        TextIndexParams
        | IntegerIndexParams
        | KeywordIndexParams
        | FloatIndexParams
        | GeoIndexParams
        | DatetimeIndexParams
        | UuidIndexParams
        | BoolIndexParams
        | None
    ) = None
    is_protected: bool = False


class NamespaceInfrastructure(Request, frozen=True):
    """The infrastructure of another product: stored and returned, with its API key and passwords in URLs masked."""

    qdrant_collection: Annotated[str, Meta(min_length=3, max_length=128)]
    ray_cluster_id: (
        Annotated[
            str,
            Meta(
                pattern="^ray_[a-zA-Z0-9_]{3,64}$",
                examples=["ray_cluster"],
                extra={"allowed": "the id of a cluster (ray_…)"},
            ),
        ]
        | None
    ) = None
    ray_head_node_url: str | None = None
    ray_dashboard_url: str | None = None
    qdrant_url: str | None = None
    qdrant_api_key: str | None = None
    compute_tier: ComputeTier = ComputeTier.SHARED
    max_concurrent_jobs: Annotated[int, Meta(ge=1, le=1000)] = 10
    autoscaling_enabled: bool = True
    min_workers: Annotated[int, Meta(ge=0, le=100)] = 1
    max_workers: Annotated[int, Meta(ge=1, le=100)] = 10
    gpu_type: str | None = None
    gpus_per_worker: Annotated[int, Meta(ge=0, le=8)] = 1
    s3_plugin_bucket: str = "mixpeek-plugins"
    s3_plugin_prefix: str | None = None
    max_custom_plugins: Annotated[int, Meta(ge=0, le=100)] = 0
    max_custom_models: Annotated[int, Meta(ge=0, le=50)] = 0


class BaseFeatureExtractorModel(Request, frozen=True):
    """A part of another product for this namespace: stored and returned."""

    feature_extractor_name: str
    version: str
    params: Json | None = None


class FeatureExtractorResponse(BaseFeatureExtractorModel, frozen=True, kw_only=True):
    """The same with its id."""

    feature_extractor_id: str


class CreateNamespaceRequest(Request, frozen=True):
    """A new namespace. Fields of other products are stored and returned; `mode` has no effect."""

    namespace_name: str
    feature_extractors: list[BaseFeatureExtractorModel] = msgspec.field(default_factory=list)
    namespace_type: NamespaceType | None = NamespaceType.STANDARD
    description: str | None = None
    payload_indexes: list[PayloadIndexConfig] | None = None
    auto_create_indexes: bool | None = False
    infrastructure: NamespaceInfrastructure | None = None
    mode: str | None = None


class UpdateNamespaceRequest(Request, frozen=True):
    """New values. Absent fields stay; `payload_indexes` of null clears them."""

    namespace_name: str | UnsetType | None = UNSET
    payload_indexes: list[PayloadIndexConfig] | UnsetType | None = UNSET


class PatchNamespaceRequest(UpdateNamespaceRequest, frozen=True):
    """More new values: null clears `description` and `infrastructure`; an infrastructure is replaced as a whole."""

    description: str | UnsetType | None = UNSET
    auto_create_indexes: bool | UnsetType | None = UNSET
    infrastructure: NamespaceInfrastructure | UnsetType | None = UNSET


class NamespaceModel(Response, frozen=True):
    """A namespace with its counters. `is_locked`: it is being deleted."""

    namespace_id: str
    namespace_name: str
    namespace_type: NamespaceType
    description: str | None
    feature_extractors: list[FeatureExtractorResponse]
    payload_indexes: list[PayloadIndexConfig] | None
    auto_create_indexes: bool
    infrastructure: NamespaceInfrastructure | None
    bucket_count: int
    object_count: int
    created_at: datetime
    updated_at: datetime
    document_count: int | None = None
    collection_count: int | None = None
    cluster_id: str | None = None
    vector_inference_map: dict[str, str] | None = None
    is_locked: bool = False


class ListNamespacesRequest(Request, frozen=True):
    """The selection of namespaces."""

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
