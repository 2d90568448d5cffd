"""Tasks and their lists on the wire: the shapes of requests and responses."""

import enum
from datetime import datetime

from entrypoints.http.wire import Json, PaginationResponse, Request, Response, SortOption


class TaskStatusEnum(enum.StrEnum):
    """The contract's statuses; Upwell's tasks have only some of them."""

    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    COMPLETED_WITH_ERRORS = "COMPLETED_WITH_ERRORS"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    UNKNOWN = "UNKNOWN"
    SKIPPED = "SKIPPED"
    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"
    SUSPENDED = "SUSPENDED"


class TaskTypeEnum(enum.StrEnum):
    """The contract's types of tasks; most belong to other products."""

    API_NAMESPACES_CREATE = "api_namespaces_create"
    API_NAMESPACES_DELETE = "api_namespaces_delete"
    API_NAMESPACES_MIGRATIONS_RUN = "api_namespaces_migrations_run"
    API_BUCKETS_OBJECTS_CREATE = "api_buckets_objects_create"
    API_BUCKETS_DELETE = "api_buckets_delete"
    API_BUCKETS_BATCHES_PROCESS = "api_buckets_batches_process"
    API_BUCKETS_BATCHES_SUBMIT = "api_buckets_batches_submit"
    API_BUCKETS_UPLOADS_CREATE = "api_buckets_uploads_create"
    API_BUCKETS_UPLOADS_CONFIRM = "api_buckets_uploads_confirm"
    API_BUCKETS_UPLOADS_BATCH_CONFIRM = "api_buckets_uploads_batch_confirm"
    API_COLLECTIONS_DOCUMENTS_CREATE = "api_collections_documents_create"
    API_COLLECTIONS_EXTRACTION_ARTIFACTS = "api_collections_extraction_artifacts"
    API_TAXONOMIES_CREATE = "api_taxonomies_create"
    API_TAXONOMIES_EXECUTE = "api_taxonomies_execute"
    API_TAXONOMIES_MATERIALIZE = "api_taxonomies_materialize"
    API_EVALUATIONS_RUN = "api_evaluations_run"
    API_EVALUATIONS_DATASET_CREATE = "api_evaluations_dataset_create"
    API_RETRIEVERS_PUBLISH = "api_retrievers_publish"
    API_COLLECTIONS_EXPORT = "api_collections_export"
    API_COLLECTIONS_TRIGGER = "api_collections_trigger"
    ENGINE_FEATURE_EXTRACTOR_RUN = "engine_feature_extractor_run"
    ENGINE_INFERENCE_RUN = "engine_inference_run"
    ENGINE_OBJECT_PROCESSING = "engine_object_processing"
    ENGINE_CLUSTER_BUILD = "engine_cluster_build"
    THUMBNAIL = "thumbnail"
    VIDEO_SEGMENT = "video_segment"
    AUDIO_SEGMENT = "audio_segment"
    MATERIALIZE = "materialize"
    PLUGIN_CUSTOM = "plugin_custom"
    MODEL_CUSTOM = "model_custom"


class TaskResponse(Response, frozen=True):
    """A task. `additional_data` has the counts of its items (`total`, `completed`, `failed`) and further facts."""

    task_id: str
    task_type: TaskTypeEnum
    status: TaskStatusEnum
    inputs: list[str | Json] | None
    outputs: list[str | Json] | None
    additional_data: Json | None
    error: str | None
    created_at: datetime
    updated_at: datetime


class ListTasksRequest(Request, frozen=True):
    """The selection of tasks."""

    status: TaskStatusEnum | None = None
    task_type: TaskTypeEnum | None = None
    filters: Json | None = None
    sort: SortOption | None = None
    search: str | None = None


class ListTasksResponse(Response, frozen=True):
    """A page of tasks."""

    results: list[TaskResponse]
    pagination: PaginationResponse


class GenericDeleteResponse(Response, frozen=True):
    """The confirmation of a deletion."""

    message: str = "Successfully deleted"
    success: bool = True
