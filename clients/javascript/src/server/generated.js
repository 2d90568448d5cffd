/** Every route of Upwell with its types. Written by tests/docs/javascript.py from the OpenAPI document. */

/**
 * What every call takes besides.
 * @typedef {object} Call
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 */

/**
 * A new key.
 * @typedef {object} APIKeyCreateRequest
 * @property {string} name
 * @property {string | null} [description]
 * @property {Array<Permission>} [permissions]
 * @property {Array<ResourceScope> | null} [scopes]
 * @property {number | null} [rate_limit_override]
 * @property {string | null} [expires_at]
 * @property {Array<string> | null} [allowed_origins]
 */

/**
 * A key with its secret, which is shown only once. `previous_until`: when the old secret expires.
 * @typedef {object} APIKeyCreateResponse
 * @property {string} key_id
 * @property {string} key_hash
 * @property {string} key_prefix
 * @property {string} internal_id
 * @property {string} organization_id
 * @property {string} user_id
 * @property {string} name
 * @property {string} description
 * @property {Array<Permission>} permissions
 * @property {Array<ResourceScope>} scopes
 * @property {number | null} rate_limit_override
 * @property {KeyStatus} status
 * @property {string | null} expires_at
 * @property {string | null} last_used_at
 * @property {string} created_at
 * @property {string} created_by
 * @property {string | null} revoked_at
 * @property {string | null} revoked_by
 * @property {Array<string> | null} allowed_origins
 * @property {string} key_type
 * @property {string | null} subscription_id
 * @property {Array<string>} notes
 * @property {string} key
 * @property {string | null} previous_until
 */

/**
 * A user's keys, newest first.
 * @typedef {object} APIKeyListResponse
 * @property {Array<APIKeyModel>} results
 * @property {number} total
 */

/**
 * A key without its secret. `key_hash` distinguishes secrets, and cannot be used to authenticate.
 *
 *     `notes`: scopes and permissions without effect here.
 * @typedef {object} APIKeyModel
 * @property {string} key_id
 * @property {string} key_hash
 * @property {string} key_prefix
 * @property {string} internal_id
 * @property {string} organization_id
 * @property {string} user_id
 * @property {string} name
 * @property {string} description
 * @property {Array<Permission>} permissions
 * @property {Array<ResourceScope>} scopes
 * @property {number | null} rate_limit_override
 * @property {KeyStatus} status
 * @property {string | null} expires_at
 * @property {string | null} last_used_at
 * @property {string} created_at
 * @property {string} created_by
 * @property {string | null} revoked_at
 * @property {string | null} revoked_by
 * @property {Array<string> | null} allowed_origins
 * @property {string} key_type
 * @property {string | null} subscription_id
 * @property {Array<string>} notes
 */

/**
 * Changes of a key; an omitted or null field stays.
 * @typedef {object} APIKeyUpdateRequest
 * @property {string | null} [name]
 * @property {string | null} [description]
 * @property {Array<Permission> | null} [permissions]
 * @property {Array<ResourceScope> | null} [scopes]
 * @property {number | null} [rate_limit_override]
 * @property {string | null} [expires_at]
 * @property {KeyStatus | null} [status]
 * @property {Array<string> | null} [allowed_origins]
 */

/**
 * All figures.
 *
 *     `figures_from`: earlier figures are no longer kept, so that steps which begin before are left out.
 * @typedef {object} AnalyticsOverviewResponse
 * @property {number} position
 * @property {number} lag_events
 * @property {TimeRange} time_range
 * @property {UploadFigures} uploads
 * @property {Record<string, number>} failures
 * @property {DuplicateFigures} duplicates
 * @property {Array<UploadStep>} steps
 * @property {Array<BucketGrowth>} buckets
 * @property {Array<UploadGroup>} groups
 * @property {string | null} figures_from
 */

/**
 * The result of an attempt. Without a `status_code` there was no response, and `error` has the reason.
 * @typedef {object} AttemptResponse
 * @property {string} at
 * @property {number} seconds
 * @property {number | null} status_code
 * @property {string | null} error
 */

/**
 * A page of the log, newest first.
 * @typedef {object} AuditEventListResponse
 * @property {Array<AuditEventResponse>} results
 * @property {number} total
 * @property {number} skip
 * @property {number} limit
 */

/**
 * An entry. `changes`: the content of the event, without secrets and addresses.
 * @typedef {object} AuditEventResponse
 * @property {string} audit_id
 * @property {string} timestamp
 * @property {string} resource_type
 * @property {string} resource_id
 * @property {string} action
 * @property {string} actor_id
 * @property {string} actor_type
 * @property {Record<string, unknown>} changes
 * @property {string} status
 * @property {string | null} ip_address
 * @property {string | null} user_agent
 * @property {string | null} request_id
 */

/**
 * The announcement of a file that was not sent, because the upload `original_upload_id` has its bytes.
 *
 *     `file_size_bytes`: as declared; `saved_bytes`: the actual size. `filename`, `content_type`, `metadata` and
 *     `create_object_on_confirm` are null in records from before they were stored.
 * @typedef {object} AvoidedDuplicateResponse
 * @property {string} duplicate_id
 * @property {string} bucket_id
 * @property {string} original_upload_id
 * @property {string | null} filename
 * @property {string | null} content_type
 * @property {number | null} file_size_bytes
 * @property {string} file_hash
 * @property {Record<string, unknown> | null} metadata
 * @property {Record<string, unknown> | null} object_metadata
 * @property {boolean | null} create_object_on_confirm
 * @property {string | null} blob_property
 * @property {number} saved_bytes
 * @property {string | null} deletes_at
 * @property {string} created_at
 */

/**
 * A part of another product for this namespace: stored and returned.
 * @typedef {object} BaseFeatureExtractorModel
 * @property {string} feature_extractor_name
 * @property {string} version
 * @property {Record<string, unknown> | null} [params]
 */

/**
 * Requests per minute for each class of requests.
 * @typedef {object} BaseRateLimits
 * @property {number} metadata
 * @property {number} data
 * @property {number} search
 * @property {number} upload
 * @property {number} compute
 */

/**
 * Many uploads that have been sent.
 * @typedef {object} BatchConfirmRequest
 * @property {Array<Confirmation>} confirmations
 */

/**
 * The task that confirms them.
 * @typedef {object} BatchConfirmResponse
 * @property {string} task_id
 * @property {TaskStatusEnum} status
 * @property {number} confirmations_count
 * @property {TaskResponse} task
 * @property {string} message
 */

/**
 * Batches of other products: always empty.
 * @typedef {object} BatchStatistics
 * @property {number} total
 * @property {number} active
 * @property {number} completed
 * @property {number} failed
 */

/**
 * Many files at once. Shared values apply to files without their own.
 * @typedef {object} BatchUploadRequest
 * @property {Array<CreateUploadRequest>} uploads
 * @property {Record<string, unknown> | null} [shared_metadata]
 * @property {Record<string, unknown> | null} [shared_object_metadata]
 */

/**
 * The uploads, in the order of the request.
 * @typedef {object} BatchUploadResponse
 * @property {Array<UploadResponse>} uploads
 * @property {number} total
 */

/**
 * Facts about a blob's bytes. `hash`: SHA-256. For a URL, all fields are null.
 * @typedef {object} BlobDetails
 * @property {string | null} filename
 * @property {number | null} size_bytes
 * @property {string | null} mime_type
 * @property {string | null} hash
 */

/**
 * A part of an object. `data`: inline data; `presigned_url`: a download URL, if requested.
 * @typedef {object} BlobModel
 * @property {string} blob_id
 * @property {string} property
 * @property {"string" | "number" | "integer" | "float" | "boolean" | "object" | "array" | "date" | "datetime" | "text" | "image" | "audio" | "video" | "pdf" | "excel"} type
 * @property {BlobDetails} details
 * @property {Record<string, unknown>} properties
 * @property {string | null} upload_id
 * @property {string | null} key_prefix
 * @property {unknown} data
 * @property {string | null} presigned_url
 */

/**
 * How true and false are indexed.
 * @typedef {object} BoolIndexParams
 * @property {"bool"} type
 */

/**
 * A new bucket. Unknown keys of the schema and its fields are stored and returned.
 *
 *     `retention_seconds`: how long its completed uploads and its objects are kept, unless they set it themselves; null:
 *     until they are deleted. `analytics_fields`: up to 5 top-level metadata fields of uploads by which analytics can be
 *     grouped and filtered. `part_size`: the size of parts where an upload is sent in parts and names no size of its own;
 *     null: the service's.
 * @typedef {object} BucketCreateRequest
 * @property {string} bucket_name
 * @property {BucketSchema} bucket_schema
 * @property {string | null} [description]
 * @property {UniqueKeyRequest | null} [unique_key]
 * @property {Record<string, unknown>} [metadata]
 * @property {boolean} [auto_confirm]
 * @property {ContentRulesRequest} [content_rules]
 * @property {number | null} [retention_seconds]
 * @property {Array<string>} [analytics_fields]
 * @property {number | null} [part_size]
 */

/**
 * The size of a bucket at the end, and its growth in the period.
 * @typedef {object} BucketGrowth
 * @property {string} bucket_id
 * @property {number} total_size_bytes
 * @property {number} object_count
 * @property {number} growth_bytes
 * @property {number} growth_objects
 * @property {number | null} growth_rate_percent
 */

/**
 * Figures of the page; with `include_total`, of all matching buckets.
 * @typedef {object} BucketListStats
 * @property {number} total_objects
 * @property {number} total_size_bytes
 * @property {number} avg_objects_per_bucket
 * @property {number} avg_size_per_bucket
 */

/**
 * The same, but `metadata` is merged: null removes a key. `status` is an addition to the contract.
 * @typedef {object} BucketPatchRequest
 * @property {string | null} [bucket_name]
 * @property {string | null} [description]
 * @property {Record<string, unknown> | null} [metadata]
 * @property {boolean | null} [auto_confirm]
 * @property {ContentRulesRequest | null} [content_rules]
 * @property {number | null} [retention_seconds]
 * @property {Array<string> | null} [analytics_fields]
 * @property {number | null} [part_size]
 * @property {BucketSchema | null} [bucket_schema]
 * @property {"ACTIVE" | "ARCHIVED" | "SUSPENDED" | null} [status]
 */

/**
 * A bucket with its counters. `is_locked`: it is being deleted. Lists leave `storage_stats` null.
 * @typedef {object} BucketResponse
 * @property {string} bucket_id
 * @property {string} bucket_name
 * @property {string | null} description
 * @property {BucketSchema | null} bucket_schema
 * @property {UniqueKey | null} unique_key
 * @property {Record<string, unknown>} metadata
 * @property {number} object_count
 * @property {number} total_size_bytes
 * @property {string} created_at
 * @property {string} updated_at
 * @property {string | null} last_upload_at
 * @property {string} stats_updated_at
 * @property {"PENDING" | "IN_PROGRESS" | "PROCESSING" | "COMPLETED" | "COMPLETED_WITH_ERRORS" | "FAILED" | "CANCELED" | "UNKNOWN" | "SKIPPED" | "DRAFT" | "ACTIVE" | "ARCHIVED" | "SUSPENDED"} status
 * @property {boolean} is_locked
 * @property {BatchStatistics | null} batch_stats
 * @property {StorageStatistics | null} storage_stats
 * @property {boolean} auto_confirm
 * @property {ContentRules} content_rules
 * @property {number | null} retention_seconds
 * @property {Array<string>} analytics_fields
 * @property {number | null} part_size
 */

/**
 * The properties of a bucket's objects, by name.
 * @typedef {object} BucketSchema
 * @property {Record<string, SchemaField>} properties
 */

/**
 * The size of a bucket for each step.
 *
 *     `figures_from`: earlier figures are no longer kept, so that steps which begin before are left out.
 * @typedef {object} BucketStorageResponse
 * @property {number} position
 * @property {number} lag_events
 * @property {string} bucket_id
 * @property {TimeRange} time_range
 * @property {Array<StorageMetric>} metrics
 * @property {StorageSummary} summary
 * @property {string | null} figures_from
 */

/**
 * New values, `content_rules` as a whole. Absent fields stay; a `description` of null clears it.
 *
 *     Rules that are missing in `content_rules` are removed. `retention_seconds` applies to later uploads and objects;
 *     null clears it. `analytics_fields` and `part_size` apply to later uploads; a `part_size` of null clears it.
 *     `bucket_schema` may have further properties, and wider ones.
 * @typedef {object} BucketUpdateRequest
 * @property {string | null} [bucket_name]
 * @property {string | null} [description]
 * @property {Record<string, unknown> | null} [metadata]
 * @property {boolean | null} [auto_confirm]
 * @property {ContentRulesRequest | null} [content_rules]
 * @property {number | null} [retention_seconds]
 * @property {Array<string> | null} [analytics_fields]
 * @property {number | null} [part_size]
 * @property {BucketSchema | null} [bucket_schema]
 */

/**
 * The usage of a bucket for each step.
 *
 *     `figures_from`: earlier figures are no longer kept, so that steps which begin before are left out.
 * @typedef {object} BucketUsageResponse
 * @property {number} position
 * @property {number} lag_events
 * @property {string} bucket_id
 * @property {TimeRange} time_range
 * @property {Array<UsageMetric>} metrics
 * @property {CostBreakdown} cost_breakdown
 * @property {number} total_credits
 * @property {number} total_cost_usd
 * @property {Array<UsageGroup>} groups
 * @property {string | null} figures_from
 */

/**
 * An event for subscribers. `id`: its position, in decimal digits; `subject`: its stream.
 *
 *     `namespaceid`, `bucketid` and `actorid` come from the event's origin.
 * @typedef {object} CloudEvent
 * @property {string} specversion
 * @property {string} id
 * @property {string} source
 * @property {string} type
 * @property {string} subject
 * @property {string} time
 * @property {string} datacontenttype
 * @property {string | null} [dataschema]
 * @property {string} actorid
 * @property {string | null} [namespaceid]
 * @property {string | null} [bucketid]
 * @property {unknown} data
 */

/**
 * A part that was sent, and the ETag that storage returned.
 * @typedef {object} CompletedPart
 * @property {number} part_number
 * @property {string} etag
 */

/**
 * The compute tier of other products.
 * @typedef {"dedicated_cpu" | "dedicated_gpu" | "shared"} ComputeTier
 */

/**
 * The client's claims about the sent bytes; all are optional. `auto_submit_batch` is accepted without effect.
 *
 *     `parts`: the parts of the file; by default, all parts in storage. `file_hash`: the SHA-256 of the file.
 *     `checksum_crc64nvme`: its CRC64NVME as S3 writes it, compared if storage has one for the whole file.
 * @typedef {object} ConfirmUploadRequest
 * @property {string | null} [etag]
 * @property {number | null} [file_size_bytes]
 * @property {boolean | null} [auto_submit_batch]
 * @property {Array<CompletedPart> | null} [parts]
 * @property {string | null} [file_hash]
 * @property {string | null} [checksum_crc64nvme]
 */

/**
 * The upload after the confirmation.
 * @typedef {object} ConfirmUploadResponse
 * @property {string} upload_id
 * @property {Status} status
 * @property {string | null} etag
 * @property {number | null} file_size_bytes
 * @property {string | null} file_hash
 * @property {string | null} verified_at
 * @property {string | null} completed_at
 * @property {string | null} object_id
 * @property {string | null} task_id
 * @property {string | null} message
 * @property {boolean} is_duplicate
 * @property {string | null} duplicate_of_upload_id
 * @property {boolean} skipped_unique_key
 * @property {string | null} existing_object_id
 * @property {string | null} batch_id
 * @property {string | null} content_type_note
 * @property {string | null} deletes_at
 */

/**
 * One upload that has been sent. Other fields are ignored.
 * @typedef {object} Confirmation
 * @property {string} upload_id
 * @property {string | null} [etag]
 * @property {number | null} [file_size_bytes]
 */

/**
 * The effect of leading bytes that contradict the content type: a note on the upload, or its failure.
 * @typedef {"strict" | "warn"} ContentCheck
 */

/**
 * The files that a bucket accepts.
 *
 *     `allowed_content_types`: `image/png`, `image/*`; empty: any. The sizes are in bytes, inclusive; null: only the
 *     tier's limit.
 * @typedef {object} ContentRules
 * @property {ContentCheck} [content_check]
 * @property {Array<string>} [allowed_content_types]
 * @property {number | null} [min_file_size_bytes]
 * @property {number | null} [max_file_size_bytes]
 */

/**
 * What a bucket is to take.
 *
 *     `allowed_content_types`: `image/png`, `image/*`; none: any. The sizes are in bytes and count in; null: no limit but
 *     the tier's.
 * @typedef {object} ContentRulesRequest
 * @property {ContentCheck} [content_check]
 * @property {Array<string>} [allowed_content_types]
 * @property {number | null} [min_file_size_bytes]
 * @property {number | null} [max_file_size_bytes]
 */

/**
 * Costs by kind: all are 0.
 * @typedef {object} CostBreakdown
 * @property {number} storage_percent
 * @property {number} upload_percent
 * @property {number} sync_percent
 * @property {number} other_percent
 */

/**
 * A part of an object: either the bytes of an upload, or data.
 * @typedef {object} CreateBlobRequest
 * @property {string} property
 * @property {FieldType} type
 * @property {string | null} [key_prefix]
 * @property {string | number | boolean | Record<string, unknown> | Array<unknown> | null} [data]
 * @property {string | null} [upload_id]
 * @property {Record<string, unknown> | null} [metadata]
 * @property {boolean | null} [canonicalize_source]
 * @property {boolean | null} [force_remirror]
 * @property {string | null} [checksum]
 */

/**
 * The lifetime of a token for events, and which of its key's events it reads.
 *
 *     `bucket`: only those of a bucket, by id or name. `types`: only those of these types, such as `upload.completed` or
 *     `upload.*`. `subject`: only those of uploads through upload tokens for this subject, in the bucket. `upload_id`:
 *     only those of this upload. All but `types` need a namespace.
 * @typedef {object} CreateEventTokenRequest
 * @property {number} [expires_in_seconds]
 * @property {string | null} [bucket]
 * @property {Array<string>} [types]
 * @property {string | null} [subject]
 * @property {string | null} [upload_id]
 */

/**
 * A new namespace. Fields of other products are stored and returned; `mode` has no effect.
 * @typedef {object} CreateNamespaceRequest
 * @property {string} namespace_name
 * @property {Array<BaseFeatureExtractorModel>} [feature_extractors]
 * @property {NamespaceType | null} [namespace_type]
 * @property {string | null} [description]
 * @property {Array<PayloadIndexConfig> | null} [payload_indexes]
 * @property {boolean | null} [auto_create_indexes]
 * @property {NamespaceInfrastructure | null} [infrastructure]
 * @property {string | null} [mode]
 */

/**
 * A new object. All other fields are its own: see `own_fields`.
 *
 *     `expires_after_seconds`: how long it is kept; null: as long as its bucket keeps objects.
 * @typedef {object} CreateObjectRequest
 * @property {string | null} [key_prefix]
 * @property {Array<CreateBlobRequest>} [blobs]
 * @property {boolean} [skip_duplicates]
 * @property {boolean} [canonicalize_source]
 * @property {boolean} [force_remirror]
 * @property {string | null} [idempotency_key]
 * @property {number | null} [expires_after_seconds]
 */

/**
 * Several objects.
 * @typedef {object} CreateObjectsBatchRequest
 * @property {Array<CreateObjectRequest>} objects
 */

/**
 * The results of a batch.
 * @typedef {object} CreateObjectsBatchResponse
 * @property {Array<ObjectResponse>} succeeded
 * @property {Array<FailedObjectError>} failed
 * @property {number} total_requested
 * @property {number} succeeded_count
 * @property {number} failed_count
 */

/**
 * A file that a client announces.
 *
 *     `integrity`: with `storage`, storage itself refuses bytes with another `file_hash`; each part then has its own hash.
 *
 *     `auto_confirm` null: the bucket's setting. `expires_after_seconds`: how long the upload, and an object made only of
 *     it, is kept after its completion; null: as long as its bucket keeps uploads. `part_size`: with it, `multipart`
 *     `auto` sends every file in parts that is declared to be larger than one part; null: the bucket's or the service's
 *     size. `method`: with `post`, the file is sent by a form, and storage bounds its size even if `file_size_bytes` is
 *     missing.
 * @typedef {object} CreateUploadRequest
 * @property {string} filename
 * @property {string} content_type
 * @property {number | null} [file_size_bytes]
 * @property {number} [presigned_url_expiration]
 * @property {Record<string, unknown>} [metadata]
 * @property {boolean} [create_object_on_confirm]
 * @property {Record<string, unknown> | null} [object_metadata]
 * @property {string | null} [blob_property]
 * @property {string | null} [blob_type]
 * @property {string | null} [file_hash]
 * @property {boolean} [skip_duplicates]
 * @property {Multipart} [multipart]
 * @property {"storage" | null} [integrity]
 * @property {boolean | null} [auto_confirm]
 * @property {number | null} [expires_after_seconds]
 * @property {number | null} [part_size]
 * @property {"post" | "put"} [method]
 */

/**
 * How a time is indexed.
 * @typedef {object} DatetimeIndexParams
 * @property {"datetime"} type
 */

/**
 * A deletion that continues in the background: `task_id` has its progress.
 * @typedef {object} DeletionResponse
 * @property {string} task_id
 * @property {string} status
 * @property {string} message
 * @property {boolean} success
 */

/**
 * A message. `delivery_id`: its `webhook-id`; `history`: the results of the last attempts.
 * @typedef {object} DeliveryResponse
 * @property {string} delivery_id
 * @property {string} webhook_id
 * @property {number} position
 * @property {string} event_type
 * @property {string} subject
 * @property {DeliveryStatus} status
 * @property {number} attempts
 * @property {Array<AttemptResponse>} history
 * @property {string} created_at
 * @property {string | null} next_attempt_at
 * @property {string | null} ended_at
 */

/**
 * The status of a delivery.
 * @typedef {"delivered" | "failed" | "pending"} DeliveryStatus
 */

/**
 * Bytes that were not stored twice. `unsent`: found before they were sent; the others were sent, but not kept.
 * @typedef {object} DuplicateFigures
 * @property {number} unsent
 * @property {number} unsent_bytes
 * @property {number} unkept
 * @property {number} unkept_bytes
 * @property {number} saved_bytes
 */

/**
 * An error: `type` is the contract's, `code` is stable and finer, `details` has the facts.
 * @typedef {object} ErrorDetail
 * @property {string} type
 * @property {string} message
 * @property {string} code
 * @property {Record<string, unknown>} details
 */

/**
 * The envelope of every error.
 * @typedef {object} ErrorResponse
 * @property {number} status
 * @property {ErrorDetail} error
 * @property {boolean} success
 */

/**
 * All events of an upload, in order.
 * @typedef {object} EventHistoryResponse
 * @property {Array<CloudEvent>} events
 */

/**
 * Events in order. `next_after`: the position for the next page; `has_more`: another page is available.
 * @typedef {object} EventPageResponse
 * @property {Array<CloudEvent>} events
 * @property {number} next_after
 * @property {boolean} has_more
 */

/**
 * A token for events: `GET /v1/events?token=…`. `namespace_id`: the only namespace that it can read, if any.
 *
 *     `bucket_id`, `types`, `subject`, `upload_id`: what it is narrowed to.
 * @typedef {object} EventTokenResponse
 * @property {string} token
 * @property {string} expires_at
 * @property {string | null} namespace_id
 * @property {string | null} [bucket_id]
 * @property {Array<string>} [types]
 * @property {string | null} [subject]
 * @property {string | null} [upload_id]
 */

/**
 * Why an object of a batch was not created.
 * @typedef {object} FailedObjectError
 * @property {number} object_index
 * @property {string} error
 * @property {string} error_type
 * @property {string} code
 * @property {Record<string, unknown>} details
 */

/**
 * The same with its id.
 * @typedef {object} FeatureExtractorResponse
 * @property {string} feature_extractor_name
 * @property {string} version
 * @property {Record<string, unknown> | null} [params]
 * @property {string} feature_extractor_id
 */

/**
 * The types of properties.
 * @typedef {"array" | "audio" | "boolean" | "date" | "datetime" | "excel" | "float" | "image" | "integer" | "number" | "object" | "pdf" | "string" | "text" | "video"} FieldType
 */

/**
 * How a number is indexed.
 * @typedef {object} FloatIndexParams
 * @property {"float"} type
 */

/**
 * The confirmation of a deletion.
 * @typedef {object} GenericDeleteResponse
 * @property {string} message
 * @property {boolean} success
 */

/**
 * How a place is indexed.
 * @typedef {object} GeoIndexParams
 * @property {"geo"} type
 */

/**
 * Which uploads a group has.
 *
 *     `none`: without a value that is a string, a number or a boolean. `other`: with a long value, or one beyond the limit
 *     of the month. `erased`: forgotten ones, with their metadata.
 * @typedef {"erased" | "none" | "other" | "value"} GroupKind
 */

/**
 * The health of the process, or the part that is not ready.
 * @typedef {object} Health
 * @property {string} status
 * @property {Record<string, string>} parts
 */

/**
 * Why a webhook is inactive although no request disabled it.
 *
 *     `gone` and `failing`: its responses disabled it. The others: the API key that it acts for was revoked, has expired,
 *     or may not read its events; another key can take the webhook over by replacing it.
 * @typedef {"failing" | "gone" | "key_denied" | "key_expired" | "key_revoked"} InactiveReason
 */

/**
 * How an integer is indexed.
 * @typedef {object} IntegerIndexParams
 * @property {"integer"} type
 * @property {boolean} [lookup]
 * @property {boolean} [range]
 */

/**
 * The status of a key: `expired` follows from its expiry, the others from commands.
 * @typedef {"active" | "expired" | "revoked"} KeyStatus
 */

/**
 * How a keyword is indexed.
 * @typedef {object} KeywordIndexParams
 * @property {"keyword"} type
 * @property {boolean} [is_tenant]
 */

/**
 * The selection of avoided duplicates.
 * @typedef {object} ListAvoidedDuplicatesRequest
 * @property {Record<string, unknown> | null} [filters]
 * @property {SortOption | null} [sort]
 * @property {string | null} [search]
 * @property {number} [limit]
 * @property {number} [offset]
 */

/**
 * A page of avoided duplicates. `saved_bytes`: of the page; with `include_total`, of all that match.
 * @typedef {object} ListAvoidedDuplicatesResponse
 * @property {Array<AvoidedDuplicateResponse>} results
 * @property {PaginationResponse} pagination
 * @property {number} saved_bytes
 */

/**
 * The selection of buckets.
 * @typedef {object} ListBucketsRequest
 * @property {string | null} [search]
 * @property {Record<string, unknown> | null} [filters]
 * @property {Record<string, unknown> | null} [sort]
 * @property {boolean} [case_sensitive]
 * @property {number} [limit]
 * @property {number} [offset]
 */

/**
 * A page of buckets.
 * @typedef {object} ListBucketsResponse
 * @property {Array<BucketResponse>} results
 * @property {number} total_count
 * @property {PaginationResponse} pagination
 * @property {BucketListStats} stats
 */

/**
 * Messages, newest first. `next_before`: where to continue, if there are more.
 * @typedef {object} ListDeliveriesResponse
 * @property {Array<DeliveryResponse>} results
 * @property {number | null} next_before
 */

/**
 * The selection of namespaces.
 * @typedef {object} ListNamespacesRequest
 * @property {Record<string, unknown> | null} [filters]
 * @property {Record<string, unknown> | null} [sort]
 * @property {string | null} [search]
 * @property {boolean} [case_sensitive]
 */

/**
 * A page of namespaces.
 * @typedef {object} ListNamespacesResponse
 * @property {Array<NamespaceModel>} results
 * @property {PaginationResponse} pagination
 * @property {number} total_count
 * @property {NamespaceListStats} stats
 */

/**
 * The selection of objects and of their fields.
 * @typedef {object} ListObjectsRequest
 * @property {Record<string, unknown> | null} [filters]
 * @property {SortOption | null} [sort]
 * @property {string | null} [search]
 * @property {Array<string> | null} [select]
 */

/**
 * A page of objects.
 * @typedef {object} ListObjectsResponse
 * @property {Array<ListedObject>} results
 * @property {PaginationResponse} pagination
 * @property {ObjectListStats} stats
 */

/**
 * The parts in storage, by number.
 * @typedef {object} ListPartsResponse
 * @property {Array<StoredPart>} parts
 */

/**
 * The selection of tasks.
 * @typedef {object} ListTasksRequest
 * @property {TaskStatusEnum | null} [status]
 * @property {TaskTypeEnum | null} [task_type]
 * @property {Record<string, unknown> | null} [filters]
 * @property {SortOption | null} [sort]
 * @property {string | null} [search]
 */

/**
 * A page of tasks.
 * @typedef {object} ListTasksResponse
 * @property {Array<TaskResponse>} results
 * @property {PaginationResponse} pagination
 */

/**
 * Tokens, newest first.
 * @typedef {object} ListUploadTokensResponse
 * @property {Array<UploadTokenModel>} results
 * @property {PaginationResponse} pagination
 */

/**
 * The selection of uploads.
 * @typedef {object} ListUploadsRequest
 * @property {Record<string, unknown> | null} [filters]
 * @property {SortOption | null} [sort]
 * @property {string | null} [search]
 * @property {boolean} [return_presigned_urls]
 * @property {number} [limit]
 * @property {number} [offset]
 */

/**
 * A page of uploads.
 * @typedef {object} ListUploadsResponse
 * @property {Array<UploadResponse>} results
 * @property {PaginationResponse} pagination
 * @property {UploadListStats} stats
 */

/**
 * The selection of webhooks.
 * @typedef {object} ListWebhooksRequest
 * @property {string | null} [event_type]
 * @property {boolean | null} [is_active]
 */

/**
 * Webhooks, newest first.
 * @typedef {object} ListWebhooksResponse
 * @property {Array<WebhookModel>} results
 * @property {PaginationResponse} pagination
 * @property {number} total
 */

/**
 * An object, or its selected fields.
 * @typedef {object} ListedObject
 * @property {string} object_id
 * @property {string} bucket_id
 * @property {Array<BlobModel>} [blobs]
 * @property {string} [created_at]
 * @property {string} [updated_at]
 * @property {string | null} [key_prefix]
 * @property {Array<Record<string, unknown>>} [source_details]
 * @property {"PENDING" | "IN_PROGRESS" | "PROCESSING" | "COMPLETED" | "COMPLETED_WITH_ERRORS" | "FAILED" | "CANCELED" | "UNKNOWN" | "SKIPPED" | "DRAFT" | "ACTIVE" | "ARCHIVED" | "SUSPENDED"} [status]
 * @property {string | null} [error]
 * @property {string | null} [deletes_at]
 */

/**
 * The client's choice: parts only if a single PUT is not possible, always, or never.
 * @typedef {"always" | "auto" | "never"} Multipart
 */

/**
 * The infrastructure of another product: stored and returned, with its API key and passwords in URLs masked.
 * @typedef {object} NamespaceInfrastructure
 * @property {string} qdrant_collection
 * @property {string | null} [ray_cluster_id]
 * @property {string | null} [ray_head_node_url]
 * @property {string | null} [ray_dashboard_url]
 * @property {string | null} [qdrant_url]
 * @property {string | null} [qdrant_api_key]
 * @property {ComputeTier} [compute_tier]
 * @property {number} [max_concurrent_jobs]
 * @property {boolean} [autoscaling_enabled]
 * @property {number} [min_workers]
 * @property {number} [max_workers]
 * @property {string | null} [gpu_type]
 * @property {number} [gpus_per_worker]
 * @property {string} [s3_plugin_bucket]
 * @property {string | null} [s3_plugin_prefix]
 * @property {number} [max_custom_plugins]
 * @property {number} [max_custom_models]
 */

/**
 * Figures of the page; with `include_total`, of all. Documents and collections belong to other products.
 * @typedef {object} NamespaceListStats
 * @property {number} total_feature_extractors
 * @property {number} total_payload_indexes
 * @property {number} total_buckets
 * @property {number} total_objects
 * @property {number} avg_feature_extractors_per_namespace
 * @property {number} avg_payload_indexes_per_namespace
 * @property {number} avg_buckets_per_namespace
 * @property {number} avg_objects_per_namespace
 * @property {number} total_documents
 * @property {number} total_collections
 * @property {number} avg_documents_per_namespace
 * @property {number} avg_collections_per_namespace
 */

/**
 * A namespace with its counters. `is_locked`: it is being deleted.
 * @typedef {object} NamespaceModel
 * @property {string} namespace_id
 * @property {string} namespace_name
 * @property {NamespaceType} namespace_type
 * @property {string | null} description
 * @property {Array<FeatureExtractorResponse>} feature_extractors
 * @property {Array<PayloadIndexConfig> | null} payload_indexes
 * @property {boolean} auto_create_indexes
 * @property {NamespaceInfrastructure | null} infrastructure
 * @property {number} bucket_count
 * @property {number} object_count
 * @property {string} created_at
 * @property {string} updated_at
 * @property {number | null} document_count
 * @property {number | null} collection_count
 * @property {string | null} cluster_id
 * @property {Record<string, string> | null} vector_inference_map
 * @property {boolean} is_locked
 */

/**
 * The operations of scopes.
 * @typedef {"cancel_job" | "create_cluster" | "create_retriever" | "delete_cluster" | "delete_data" | "delete_retriever" | "execute_job" | "execute_retriever" | "manage_permissions" | "modify_cluster" | "modify_infrastructure" | "read_data" | "write_data"} NamespaceOperation
 */

/**
 * The purpose of a namespace, for other products.
 * @typedef {"marketplace" | "standard"} NamespaceType
 */

/**
 * The contract's channels. Only `webhook` is supported.
 * @typedef {"email" | "slack" | "webhook"} NotificationChannel
 */

/**
 * Figures of the page; with `include_total`, of all that match.
 * @typedef {object} ObjectListStats
 * @property {number} total_objects
 * @property {number} total_blobs
 * @property {number} avg_blobs_per_object
 * @property {Record<string, number>} objects_by_status
 */

/**
 * An object. Its metadata is next to these fields, under the names of the schema's properties.
 *
 *     `deletes_at`: when the object is deleted with its bytes; null: not automatically.
 * @typedef {object} ObjectResponse
 * @property {string} object_id
 * @property {string} bucket_id
 * @property {Array<BlobModel>} blobs
 * @property {string} created_at
 * @property {string} updated_at
 * @property {string | null} key_prefix
 * @property {Array<Record<string, unknown>>} source_details
 * @property {"PENDING" | "IN_PROGRESS" | "PROCESSING" | "COMPLETED" | "COMPLETED_WITH_ERRORS" | "FAILED" | "CANCELED" | "UNKNOWN" | "SKIPPED" | "DRAFT" | "ACTIVE" | "ARCHIVED" | "SUSPENDED"} status
 * @property {string | null} error
 * @property {string | null} deletes_at
 */

/**
 * An organization. `users`: the owners of API keys.
 * @typedef {object} OrganizationModelResponse
 * @property {string} organization_id
 * @property {string} internal_id
 * @property {string} organization_name
 * @property {string | null} logo_url
 * @property {Tier} account_type
 * @property {Record<string, unknown>} metadata
 * @property {string | null} billing_email
 * @property {BaseRateLimits} rate_limits
 * @property {string} created_at
 * @property {string} updated_at
 * @property {Array<Record<string, unknown>> | null} users
 * @property {number} credit_count
 * @property {boolean} auto_billing_enabled
 * @property {number} billing_cycle_start
 * @property {number} current_month_usage
 */

/**
 * Changes of an organization; omitted fields stay. null removes `logo_url` and `billing_email`.
 *
 *     null for `rate_limits`, or for one of them, restores the tier's limits.
 * @typedef {object} OrganizationUpdateRequest
 * @property {string | null} [organization_name]
 * @property {string | null} [logo_url]
 * @property {string | null} [billing_email]
 * @property {Record<string, unknown> | null} [metadata]
 * @property {RateLimitsUpdate | null} [rate_limits]
 */

/**
 * The place of a page in its list, in both forms that clients read.
 * @typedef {object} PaginationResponse
 * @property {number | null} page
 * @property {number} page_size
 * @property {number} limit
 * @property {number} offset
 * @property {boolean} has_more
 * @property {number | null} total
 * @property {number | null} total_count
 * @property {number | null} total_pages
 * @property {string | null} next_page
 * @property {string | null} previous_page
 * @property {string | null} next_cursor
 */

/**
 * A part to send. `sha256`: 64 hex digits, checked by storage.
 *
 *     `size_bytes`: required if `file_size_bytes` was not declared.
 * @typedef {object} PartToSign
 * @property {number} part_number
 * @property {string | null} [sha256]
 * @property {number | null} [size_bytes]
 */

/**
 * More new values: null clears `description` and `infrastructure`; an infrastructure is replaced as a whole.
 * @typedef {object} PatchNamespaceRequest
 * @property {string | null} [namespace_name]
 * @property {Array<PayloadIndexConfig> | null} [payload_indexes]
 * @property {string | null} [description]
 * @property {boolean | null} [auto_create_indexes]
 * @property {NamespaceInfrastructure | null} [infrastructure]
 */

/**
 * Changes of an object. All other fields are its own: see `own_fields`.
 *
 *     `expires_after_seconds`: how long it is kept from now on; null: until it is deleted.
 * @typedef {object} PatchObjectRequest
 * @property {string | null} [key_prefix]
 * @property {boolean | null} [skip_duplicates]
 * @property {number | null} [expires_after_seconds]
 */

/**
 * An index of another product: stored and returned.
 * @typedef {object} PayloadIndexConfig
 * @property {string} field_name
 * @property {PayloadSchemaType} type
 * @property {TextIndexParams | IntegerIndexParams | KeywordIndexParams | FloatIndexParams | GeoIndexParams | DatetimeIndexParams | UuidIndexParams | BoolIndexParams | null} [field_schema]
 * @property {boolean} [is_protected]
 */

/**
 * The type of an indexed field.
 * @typedef {"bool" | "datetime" | "float" | "geo" | "integer" | "keyword" | "text" | "uuid"} PayloadSchemaType
 */

/**
 * The permissions of a key; `admin` includes the others.
 * @typedef {"admin" | "delete" | "read" | "write"} Permission
 */

/**
 * What to do if the unique key of an object is taken (`insert`, `upsert`), or is not (`update`).
 * @typedef {"insert" | "update" | "upsert"} Policy
 */

/**
 * Requests per minute for each class of requests. Omitted limits stay; null restores the tier's limit.
 * @typedef {object} RateLimitsUpdate
 * @property {number | null} [metadata]
 * @property {number | null} [data]
 * @property {number | null} [search]
 * @property {number | null} [upload]
 * @property {number | null} [compute]
 */

/**
 * How long the new secret of a token works, in seconds.
 * @typedef {object} RenewUploadTokenRequest
 * @property {number} [expires_in]
 */

/**
 * The selection of events: above position `after`, up to `until`, at `since` or later, before `before`.
 * @typedef {object} ReplayRequest
 * @property {number} [after]
 * @property {number | null} [until]
 * @property {string | null} [since]
 * @property {string | null} [before]
 */

/**
 * The number of queued messages. `next_after`: where to continue, if there are more.
 * @typedef {object} ReplayResponse
 * @property {number} queued
 * @property {number} position
 * @property {number | null} next_after
 */

/**
 * A resource that a key is limited to, by id or name, and the allowed operations; by default, all.
 * @typedef {object} ResourceScope
 * @property {ResourceType} resource_type
 * @property {string} resource_id
 * @property {Array<NamespaceOperation> | null} [operations]
 */

/**
 * The resource types of scopes. Upwell only has organizations, namespaces and buckets.
 * @typedef {"alert" | "api_key" | "bucket" | "cluster" | "collection" | "namespace" | "organization" | "retriever" | "storage_connection" | "taxonomy" | "user"} ResourceType
 */

/**
 * The result of a revocation. `task_id`: the task that cancels the key's open uploads, if requested.
 * @typedef {object} RevocationResponse
 * @property {string} message
 * @property {boolean} success
 * @property {string | null} task_id
 */

/**
 * One property. Unknown keys are stored with the bucket, but have no effect.
 * @typedef {object} SchemaField
 * @property {FieldType} type
 * @property {boolean | null} [required]
 * @property {Array<unknown> | null} [enum]
 * @property {unknown} [default]
 * @property {SchemaField | null} [items]
 * @property {Record<string, SchemaField> | null} [properties]
 * @property {string | null} [description]
 * @property {Array<unknown> | null} [examples]
 */

/**
 * The parts to send: `part_numbers`, or `parts` if their hashes or sizes are required, never both.
 * @typedef {object} SignPartsRequest
 * @property {Array<number> | null} [part_numbers]
 * @property {Array<PartToSign> | null} [parts]
 */

/**
 * URLs of parts, in the order of the request.
 * @typedef {object} SignPartsResponse
 * @property {Array<SignedPart>} parts
 */

/**
 * The URL for the PUT of one part. `required_headers` must be sent with it.
 * @typedef {object} SignedPart
 * @property {number} part_number
 * @property {string} url
 * @property {Record<string, string>} required_headers
 */

/**
 * Directions.
 * @typedef {"asc" | "desc"} SortDirection
 */

/**
 * A field and a direction.
 * @typedef {object} SortOption
 * @property {string} field
 * @property {SortDirection} [direction]
 */

/**
 * The statuses of an upload on the wire.
 * @typedef {"CANCELED" | "COMPLETED" | "FAILED" | "IN_PROGRESS" | "PENDING" | "PROCESSING" | "SKIPPED"} Status
 */

/**
 * The size of a bucket at the end of a step. `growth_rate_percent`: from the step before, unless that was empty.
 * @typedef {object} StorageMetric
 * @property {string} time_bucket
 * @property {number} total_size_bytes
 * @property {number} object_count
 * @property {number} avg_size_bytes
 * @property {number | null} growth_rate_percent
 */

/**
 * Sizes of the completed uploads with stored bytes.
 * @typedef {object} StorageStatistics
 * @property {number} total_size_bytes
 * @property {number} avg_size_bytes
 * @property {number} max_size_bytes
 * @property {number} min_size_bytes
 */

/**
 * The size of a bucket at the end, and its difference from the end of the first step.
 * @typedef {object} StorageSummary
 * @property {number} total_size_bytes
 * @property {number} object_count
 * @property {number} growth_bytes
 * @property {number | null} growth_rate_percent
 */

/**
 * The storage usage, in bytes. A quota of null: no quota.
 * @typedef {object} StorageUse
 * @property {number} reserved_bytes
 * @property {number} accepted_bytes
 * @property {number | null} quota_bytes
 * @property {number | null} available_bytes
 */

/**
 * A part in storage. `sha256`: if storage has checked and returns it.
 * @typedef {object} StoredPart
 * @property {number} part_number
 * @property {number} size_bytes
 * @property {string} etag
 * @property {string | null} sha256
 */

/**
 * A task. `additional_data` has the counts of its items (`total`, `completed`, `failed`) and further facts.
 * @typedef {object} TaskResponse
 * @property {string} task_id
 * @property {TaskTypeEnum} task_type
 * @property {TaskStatusEnum} status
 * @property {Array<string | Record<string, unknown>> | null} inputs
 * @property {Array<string | Record<string, unknown>> | null} outputs
 * @property {Record<string, unknown> | null} additional_data
 * @property {string | null} error
 * @property {string} created_at
 * @property {string} updated_at
 */

/**
 * The contract's statuses; Upwell's tasks have only some of them.
 * @typedef {"ACTIVE" | "ARCHIVED" | "CANCELED" | "COMPLETED" | "COMPLETED_WITH_ERRORS" | "DRAFT" | "FAILED" | "IN_PROGRESS" | "PENDING" | "PROCESSING" | "SKIPPED" | "SUSPENDED" | "UNKNOWN"} TaskStatusEnum
 */

/**
 * The contract's types of tasks; most belong to other products.
 * @typedef {"api_buckets_batches_process" | "api_buckets_batches_submit" | "api_buckets_delete" | "api_buckets_objects_create" | "api_buckets_uploads_batch_confirm" | "api_buckets_uploads_confirm" | "api_buckets_uploads_create" | "api_collections_documents_create" | "api_collections_export" | "api_collections_extraction_artifacts" | "api_collections_trigger" | "api_evaluations_dataset_create" | "api_evaluations_run" | "api_namespaces_create" | "api_namespaces_delete" | "api_namespaces_migrations_run" | "api_retrievers_publish" | "api_taxonomies_create" | "api_taxonomies_execute" | "api_taxonomies_materialize" | "audio_segment" | "engine_cluster_build" | "engine_feature_extractor_run" | "engine_inference_run" | "engine_object_processing" | "materialize" | "model_custom" | "plugin_custom" | "thumbnail" | "video_segment"} TaskTypeEnum
 */

/**
 * How a text is indexed.
 * @typedef {object} TextIndexParams
 * @property {"text"} type
 * @property {TokenizerType} [tokenizer]
 * @property {number} [min_token_len]
 * @property {number} [max_token_len]
 * @property {boolean} [lowercase]
 */

/**
 * The plan of an organization, which sets its default limits.
 * @typedef {"enterprise" | "free" | "pro" | "team"} Tier
 */

/**
 * A period from the beginning of the first step, up to but excluding the end.
 * @typedef {object} TimeRange
 * @property {string} start
 * @property {string} end
 */

/**
 * The revoked tokens. `task_id`: the task that cancels their open uploads, if requested.
 * @typedef {object} TokenRevocationResponse
 * @property {string} message
 * @property {Array<string>} token_ids
 * @property {boolean} success
 * @property {string | null} task_id
 */

/**
 * The tokenizer of an indexed text.
 * @typedef {"multilingual" | "prefix" | "whitespace" | "word"} TokenizerType
 */

/**
 * The properties whose combined values are unique among the objects of the bucket.
 * @typedef {object} UniqueKey
 * @property {Array<string>} fields
 * @property {Policy | null} [default_policy]
 */

/**
 * The properties whose values, together, no two objects of the bucket share.
 * @typedef {object} UniqueKeyRequest
 * @property {Array<string>} fields
 * @property {Policy | null} [default_policy]
 */

/**
 * New values. Absent fields stay; `payload_indexes` of null clears them.
 * @typedef {object} UpdateNamespaceRequest
 * @property {string | null} [namespace_name]
 * @property {Array<PayloadIndexConfig> | null} [payload_indexes]
 */

/**
 * Changes of an object; omitted fields stay.
 *
 *     `expires_after_seconds`: how long it is kept from now on; null: until it is deleted.
 * @typedef {object} UpdateObjectRequest
 * @property {string | null} [key_prefix]
 * @property {Array<CreateBlobRequest> | null} [blobs]
 * @property {Record<string, unknown> | null} [metadata]
 * @property {boolean | null} [skip_duplicates]
 * @property {number | null} [expires_after_seconds]
 */

/**
 * Uploads that were requested in a period, by current status, and figures about the completed ones.
 *
 *     The funnel is `requested`, `started` (a part was signed, or the bytes were seen) and `completed`. `duplicates` were
 *     sent, but not stored again.
 * @typedef {object} UploadFigures
 * @property {number} requested
 * @property {number} started
 * @property {number} pending
 * @property {number} in_progress
 * @property {number} processing
 * @property {number} completed
 * @property {number} failed
 * @property {number} canceled
 * @property {number} skipped
 * @property {number} completed_bytes
 * @property {number} duplicates
 * @property {number} duplicate_bytes
 * @property {number | null} avg_latency_ms
 * @property {number | null} p50_latency_ms
 * @property {number | null} p95_latency_ms
 * @property {number | null} p99_latency_ms
 * @property {number | null} avg_throughput_mbps
 * @property {number | null} error_rate
 */

/**
 * A form that sends a file: a POST as `multipart/form-data` with all `fields`, and the file last, named `file`.
 * @typedef {object} UploadForm
 * @property {string} url
 * @property {Record<string, string>} fields
 */

/**
 * The uploads with the same value in a metadata field, and each step that has some.
 * @typedef {object} UploadGroup
 * @property {string} field
 * @property {GroupKind} kind
 * @property {string | null} value
 * @property {UploadFigures} uploads
 * @property {Array<UploadStep>} steps
 */

/**
 * Figures of the page; with `include_total`, of all that match.
 * @typedef {object} UploadListStats
 * @property {number} total_uploads
 * @property {number} total_size_bytes
 * @property {Record<string, number>} uploads_by_status
 * @property {number} avg_file_size_bytes
 * @property {number} unique_buckets
 */

/**
 * Such uploads for each step that has some, and all of them as `summary`.
 * @typedef {object} UploadPerformanceGroup
 * @property {string} field
 * @property {GroupKind} kind
 * @property {string | null} value
 * @property {Array<UploadPerformanceMetric>} metrics
 * @property {UploadFigures} summary
 */

/**
 * The uploads that were requested in a step, by outcome. Without completed uploads, latencies are 0.
 *
 *     `error_rate`: the share of failed uploads among those that failed or were completed, from 0 to 1. Latency is the
 *     time from the request to the completion; throughput is the mean over the uploads in that time, in megabits per
 *     second.
 * @typedef {object} UploadPerformanceMetric
 * @property {string} time_bucket
 * @property {number} upload_count
 * @property {number} avg_latency_ms
 * @property {number} p50_latency_ms
 * @property {number} p95_latency_ms
 * @property {number} p99_latency_ms
 * @property {number} avg_throughput_mbps
 * @property {number} error_rate
 */

/**
 * The uploads of a bucket for each step, and all of them as `summary`.
 *
 *     `figures_from`: earlier figures are no longer kept, so that steps which begin before are left out.
 * @typedef {object} UploadPerformanceResponse
 * @property {number} position
 * @property {number} lag_events
 * @property {string} bucket_id
 * @property {TimeRange} time_range
 * @property {Array<UploadPerformanceMetric>} metrics
 * @property {UploadFigures} summary
 * @property {Array<UploadPerformanceGroup>} groups
 * @property {string | null} figures_from
 */

/**
 * An upload, and the URL for its bytes if there is anything to send. `required_headers` must be sent with the PUT.
 *
 *     If URLs are requested later, a completed upload has a `download_url`, which is repeated in `presigned_url` if it is
 *     not longer than the contract allows. `method`: the file is sent with one PUT to `presigned_url`, by the form `post`,
 *     or in parts of `part_size` bytes, the last one smaller; `part_count` is null if the size was not declared.
 *     `content_type_note`: how the leading bytes of a completed upload contradict its content type, if they do.
 *     `deletes_at`: when the upload is deleted with its bytes, and with the objects that hold them; null: not
 *     automatically. It counts from the completion: before that, it is the earliest possible time. `failure_reason`:
 *     the code of the failure; `message` describes it in a sentence. `upload_token`: in the answer that created the
 *     upload, a token for it alone, which can show, confirm, sign and cancel this upload.
 * @typedef {object} UploadResponse
 * @property {string} upload_id
 * @property {string} bucket_id
 * @property {string} filename
 * @property {string} content_type
 * @property {number | null} file_size_bytes
 * @property {string | null} presigned_url
 * @property {number} presigned_url_expiration
 * @property {string} s3_key
 * @property {Status} status
 * @property {Record<string, unknown>} metadata
 * @property {boolean} create_object_on_confirm
 * @property {Record<string, unknown> | null} object_metadata
 * @property {string | null} blob_property
 * @property {string | null} blob_type
 * @property {string | null} file_hash
 * @property {boolean} skip_duplicates
 * @property {boolean} is_duplicate
 * @property {string | null} duplicate_of_upload_id
 * @property {boolean} skipped_unique_key
 * @property {string | null} existing_object_id
 * @property {string | null} message
 * @property {string} created_at
 * @property {string} expires_at
 * @property {string | null} completed_at
 * @property {string | null} verified_at
 * @property {string | null} etag
 * @property {string | null} object_id
 * @property {string | null} task_id
 * @property {Record<string, string> | null} required_headers
 * @property {string | null} download_url
 * @property {"multipart" | "post" | "put"} method
 * @property {number | null} part_size
 * @property {number | null} part_count
 * @property {boolean} auto_confirm
 * @property {"storage" | null} integrity
 * @property {string | null} content_type_note
 * @property {string | null} deletes_at
 * @property {string | null} failure_reason
 * @property {UploadForm | null} post
 * @property {string | null} upload_token
 */

/**
 * The uploads that were requested in a step.
 * @typedef {object} UploadStep
 * @property {number} requested
 * @property {number} started
 * @property {number} pending
 * @property {number} in_progress
 * @property {number} processing
 * @property {number} completed
 * @property {number} failed
 * @property {number} canceled
 * @property {number} skipped
 * @property {number} completed_bytes
 * @property {number} duplicates
 * @property {number} duplicate_bytes
 * @property {number | null} avg_latency_ms
 * @property {number | null} p50_latency_ms
 * @property {number | null} p95_latency_ms
 * @property {number | null} p99_latency_ms
 * @property {number | null} avg_throughput_mbps
 * @property {number | null} error_rate
 * @property {string} time_bucket
 */

/**
 * A token without its secret, and what became of it.
 *
 *     `used_bytes`: of all its uploads, by their declared sizes. `previous_until`: when the secret before the last renewal
 *     ends.
 * @typedef {object} UploadTokenModel
 * @property {string} token_id
 * @property {string} key_id
 * @property {string} namespace_id
 * @property {string} bucket_id
 * @property {string | null} subject
 * @property {KeyStatus} status
 * @property {Array<string>} content_types
 * @property {number | null} max_size_bytes
 * @property {number | null} max_total_bytes
 * @property {number} max_count
 * @property {number | null} part_size
 * @property {string | null} blob_property
 * @property {Policy | null} policy
 * @property {number} upload_lifetime
 * @property {number} used_count
 * @property {number} used_bytes
 * @property {string} created_at
 * @property {string} expires_at
 * @property {string | null} previous_until
 * @property {string | null} renewed_at
 * @property {string | null} last_used_at
 * @property {string | null} revoked_at
 * @property {string | null} revoked_by
 */

/**
 * The uploads that the holder of a token may create. `bucket`: its id or name.
 *
 *     `upload_lifetime`: for how many seconds its uploads get URLs; never past the end of the key. `policy`: for its
 *     uploads; null: the bucket's, without replacing objects; `update` and `upsert` need a key that may delete.
 *     `subject`: the person or device that the token is for; all tokens of a key for one subject in a bucket reach the
 *     same uploads. `max_total_bytes`: of all uploads, by their declared sizes. `part_size`, `blob_property`: the defaults
 *     of its uploads.
 * @typedef {object} UploadTokenRequest
 * @property {string} bucket
 * @property {Array<string> | null} [content_types]
 * @property {number | null} [max_size_bytes]
 * @property {number} [max_count]
 * @property {number} [expires_in]
 * @property {number} [upload_lifetime]
 * @property {Policy | null} [policy]
 * @property {string | null} [subject]
 * @property {number | null} [max_total_bytes]
 * @property {number | null} [part_size]
 * @property {string | null} [blob_property]
 */

/**
 * A token, which is shown only once, and its limits.
 * @typedef {object} UploadTokenResponse
 * @property {string} token
 * @property {string} token_id
 * @property {string} key_id
 * @property {string} namespace_id
 * @property {string} bucket_id
 * @property {Array<string>} content_types
 * @property {number | null} max_size_bytes
 * @property {number} max_count
 * @property {string} expires_at
 * @property {number} upload_lifetime
 * @property {Policy | null} policy
 * @property {string | null} subject
 * @property {number | null} max_total_bytes
 * @property {number | null} part_size
 * @property {string | null} blob_property
 */

/**
 * The uploads that were requested in the period.
 * @typedef {object} UploadUse
 * @property {number} total
 * @property {Record<string, number>} by_status
 * @property {number} completed_bytes
 * @property {number} duplicates_avoided
 * @property {number} bytes_saved
 */

/**
 * The usage by uploads with the same value in a metadata field.
 * @typedef {object} UsageGroup
 * @property {string} field
 * @property {GroupKind} kind
 * @property {string | null} value
 * @property {Array<UsageMetric>} metrics
 */

/**
 * The usage of a bucket in a step, in gigabyte-hours (1e9 bytes) and requested uploads.
 *
 *     There are no prices: credits and costs are 0. Nothing is synced either.
 * @typedef {object} UsageMetric
 * @property {string} time_bucket
 * @property {number} storage_gb_hours
 * @property {number} upload_operations
 * @property {number} sync_operations
 * @property {number} total_credits
 * @property {number} estimated_cost_usd
 */

/**
 * The usage of an organization. `start`, `end`: the period of `uploads`; null: unbounded.
 * @typedef {object} UsageResponse
 * @property {string} organization_id
 * @property {string | null} start
 * @property {string | null} end
 * @property {StorageUse} storage
 * @property {UploadUse} uploads
 * @property {number} namespaces
 * @property {number} buckets
 * @property {number} objects
 * @property {number} api_keys
 */

/**
 * How a UUID is indexed.
 * @typedef {object} UuidIndexParams
 * @property {"uuid"} type
 * @property {boolean} [is_tenant]
 */

/**
 * A channel and its settings.
 * @typedef {object} WebhookChannel
 * @property {NotificationChannel} channel
 * @property {Record<string, unknown>} configs
 */

/**
 * A channel; the values of its headers are not shown.
 * @typedef {object} WebhookChannelOutput
 * @property {NotificationChannel} channel
 * @property {WebhookConfig} configs
 */

/**
 * The URL and headers of messages. `timeout`: seconds.
 * @typedef {object} WebhookConfig
 * @property {string} url
 * @property {Record<string, string>} [headers]
 * @property {Record<string, unknown> | null} [payload_template]
 * @property {number} [timeout]
 */

/**
 * The settings of a webhook. Ids and times are ignored: clients send back complete responses.
 * @typedef {object} WebhookInput
 * @property {string} webhook_name
 * @property {Array<string>} event_types
 * @property {Array<WebhookChannel>} channels
 * @property {boolean} [is_active]
 * @property {string} [webhook_id]
 * @property {string | null} [internal_id]
 * @property {string} [created_at]
 * @property {string} [updated_at]
 */

/**
 * A webhook. `key_id`: the API key that it acts for, which created or last replaced it.
 *
 *     `notes`: its event types that never occur.
 * @typedef {object} WebhookModel
 * @property {string} webhook_id
 * @property {string} webhook_name
 * @property {Array<string>} event_types
 * @property {Array<WebhookChannelOutput>} channels
 * @property {boolean} is_active
 * @property {string} created_at
 * @property {string} updated_at
 * @property {InactiveReason | null} disabled_reason
 * @property {string} key_id
 * @property {Array<string>} notes
 */

/**
 * A webhook with the signing secret of its messages, which is shown only once.
 * @typedef {object} WebhookWithSecret
 * @property {string} webhook_id
 * @property {string} webhook_name
 * @property {Array<string>} event_types
 * @property {Array<WebhookChannelOutput>} channels
 * @property {boolean} is_active
 * @property {string} created_at
 * @property {string} updated_at
 * @property {InactiveReason | null} disabled_reason
 * @property {string} key_id
 * @property {Array<string>} notes
 * @property {string} secret
 */

/**
 * @typedef {object} Routes
 * @property {(call: {task_id: string} & Call) => Promise<GenericDeleteResponse>} cancelTask Cancel a task: its remaining items are skipped
 * @property {(call: {bucket_identifier: string, upload_id: string, async?: boolean, policy?: string, body?: ConfirmUploadRequest} & Call) => Promise<ConfirmUploadResponse>} confirmUpload Verify that the announced bytes have arrived, and complete the upload
 * @property {(call: {upload_id: string, async?: boolean, policy?: string, body?: ConfirmUploadRequest} & Call) => Promise<ConfirmUploadResponse>} confirmUploadById Verify that the announced bytes have arrived, and complete the upload
 * @property {(call: {bucket_identifier: string, body: BatchConfirmRequest} & Call) => Promise<BatchConfirmResponse>} confirmUploads Verify many uploads in the background; the task has the result of each
 * @property {(call: {user_email: string, body: APIKeyCreateRequest} & Call) => Promise<APIKeyCreateResponse>} createApiKey Create an API key. Only this response contains its secret
 * @property {(call: {body: BucketCreateRequest} & Call) => Promise<BucketResponse>} createBucket Create a bucket
 * @property {(call?: {body?: CreateEventTokenRequest} & Call) => Promise<EventTokenResponse>} createEventToken Issue a token with which a browser reads events; of one namespace, if X-Namespace names it
 * @property {(call: {body: CreateNamespaceRequest} & Call) => Promise<NamespaceModel>} createNamespace Create a namespace
 * @property {(call: {bucket_identifier: string, policy?: string, auto_process?: boolean, body: CreateObjectRequest} & Call) => Promise<ObjectResponse>} createObject Create an object from uploads and inline data; unknown fields of the request are the object's own
 * @property {(call: {bucket_identifier: string, auto_process?: boolean, body: CreateObjectsBatchRequest} & Call) => Promise<CreateObjectsBatchResponse>} createObjects Create several objects, one after the other; a refused one does not stop the others
 * @property {(call: {bucket_identifier: string, policy?: string, body: CreateUploadRequest} & Call) => Promise<UploadResponse>} createUpload Check a file and issue a presigned URL, or a form, for it
 * @property {(call: {body: UploadTokenRequest} & Call) => Promise<UploadTokenResponse>} createUploadToken Issue a short-lived token that uploads to one bucket, for browsers and phones
 * @property {(call: {bucket_identifier: string, policy?: string, body: BatchUploadRequest} & Call) => Promise<BatchUploadResponse>} createUploads Check many files and issue a presigned URL for each; one refusal refuses all of them
 * @property {(call: {body: WebhookInput} & Call) => Promise<WebhookWithSecret>} createWebhook Create a webhook. Only this response contains its secret. It gets the events that the API key may read
 * @property {(call: {user_email: string, key_name: string, open_uploads?: string} & Call) => Promise<RevocationResponse>} deleteApiKey Revoke an API key. Its open uploads are refused at confirm, may finish, or are canceled as a task
 * @property {(call: {bucket_identifier: string} & Call) => Promise<DeletionResponse>} deleteBucket Delete a bucket with its content, as a task. From now on it accepts nothing
 * @property {(call: {namespace_identifier: string} & Call) => Promise<DeletionResponse>} deleteNamespace Delete a namespace with its content, as a task. From now on it accepts nothing
 * @property {(call: {bucket_identifier: string, object_identifier: string} & Call) => Promise<void>} deleteObject Delete an object and the uploads that no other object holds, with their bytes
 * @property {(call: {bucket_identifier: string, upload_id: string, delete_s3_object?: boolean, only_open?: boolean} & Call) => Promise<void>} deleteUpload Cancel an upload, or delete a completed or skipped upload with its bytes
 * @property {(call: {upload_id: string, delete_s3_object?: boolean, only_open?: boolean} & Call) => Promise<void>} deleteUploadById Cancel an upload, or delete a completed or skipped upload with its bytes
 * @property {(call: {identifier: string} & Call) => Promise<void>} deleteWebhook Delete a webhook: it gets no more messages
 * @property {(call?: {hours?: number, group_by?: string, metadata_filters?: Record<string, unknown>} & Call) => Promise<AnalyticsOverviewResponse>} getAnalyticsOverview Return the figures of the organization, or of the namespace in X-Namespace
 * @property {(call: {bucket_identifier: string} & Call) => Promise<BucketResponse>} getBucket Return a bucket with its counters, by id or name
 * @property {(call: {bucket_identifier: string, start_date?: string, end_date?: string, group_by?: string} & Call) => Promise<BucketStorageResponse>} getBucketStorage Return the size of a bucket over time; by default, over the last 30 days
 * @property {(call: {bucket_identifier: string, start_date?: string, end_date?: string, group_by?: string, metadata_filters?: Record<string, unknown>} & Call) => Promise<BucketUsageResponse>} getBucketUsage Return the usage of a bucket over time; by default, over the last 30 days
 * @property {(call: {tag: string} & Call) => Promise<Record<string, unknown>>} getEventSchema Return the JSON Schema of the `data` of events with this tag
 * @property {(call: {namespace_identifier: string} & Call) => Promise<NamespaceModel>} getNamespace Return a namespace by id or name
 * @property {(call: {bucket_identifier: string, object_identifier: string, return_presigned_urls?: boolean} & Call) => Promise<ObjectResponse>} getObject Return an object; its metadata is next to the contract's fields
 * @property {(call?: Call) => Promise<OrganizationModelResponse>} getOrganization Return the organization that the API key belongs to
 * @property {(call: {task_id: string} & Call) => Promise<TaskResponse>} getTask Return the current state of a task
 * @property {(call: {bucket_identifier: string, upload_id: string, return_presigned_urls?: boolean, at?: string, wait?: number} & Call) => Promise<UploadResponse>} getUpload Return an upload in its current state, with fresh URLs on request; or its state at an earlier time
 * @property {(call: {upload_id: string, return_presigned_urls?: boolean, at?: string, wait?: number} & Call) => Promise<UploadResponse>} getUploadById Return an upload in its current state, with fresh URLs on request; or its state at an earlier time
 * @property {(call: {bucket_identifier: string, hours?: number, group_by?: string, metadata_filters?: Record<string, unknown>} & Call) => Promise<UploadPerformanceResponse>} getUploadPerformance Return the performance of a bucket's uploads in the last hours
 * @property {(call: {token_id: string} & Call) => Promise<UploadTokenModel>} getUploadToken Return an upload token without its secret, even if it has ended
 * @property {(call?: {start?: string, end?: string} & Call) => Promise<UsageResponse>} getUsage Return the organization's storage usage, and its uploads from `start` until `end`
 * @property {(call: {identifier: string} & Call) => Promise<WebhookModel>} getWebhook Return a webhook by id or name
 * @property {(call: {user_email: string, include_revoked?: boolean} & Call) => Promise<APIKeyListResponse>} listApiKeys List a user's API keys, newest first. The audit log records that they were listed
 * @property {(call?: {resource_type?: "alert" | "api_key" | "bucket" | "cluster" | "collection" | "namespace" | "organization" | "retriever" | "storage_connection" | "taxonomy" | "user", resource_id?: string, actor_id?: string, action?: "alert_accessed" | "alert_created" | "alert_deleted" | "alert_triggered" | "alert_updated" | "api_key_created" | "api_key_revoked" | "api_key_rotated" | "api_key_scope_updated" | "bucket_accessed" | "bucket_created" | "bucket_deleted" | "bucket_updated" | "cluster_accessed" | "cluster_created" | "cluster_deleted" | "cluster_executed" | "cluster_updated" | "collection_accessed" | "collection_created" | "collection_deleted" | "collection_updated" | "namespace_accessed" | "namespace_created" | "namespace_deleted" | "namespace_updated" | "permission_updated" | "retriever_accessed" | "retriever_created" | "retriever_deleted" | "retriever_queried" | "retriever_updated" | "storage_connection_created" | "storage_connection_deleted" | "storage_connection_failed" | "storage_connection_tested" | "storage_connection_updated" | "taxonomy_accessed" | "taxonomy_created" | "taxonomy_deleted" | "taxonomy_updated" | "user_created" | "user_deleted" | "user_updated", start?: string, end?: string, request_id?: string, skip?: number, limit?: number} & Call) => Promise<AuditEventListResponse>} listAuditLogs List changes of keys, buckets, namespaces and the organization, and refused requests, newest first
 * @property {(call: {bucket_identifier: string, limit?: number, offset?: number, cursor?: string, include_total?: boolean, body?: ListAvoidedDuplicatesRequest} & Call) => Promise<ListAvoidedDuplicatesResponse>} listAvoidedDuplicates List the files that did not have to be sent to a bucket again, as announced; newest first by default
 * @property {(call?: {limit?: number, offset?: number, cursor?: string, include_total?: boolean, body?: ListBucketsRequest} & Call) => Promise<ListBucketsResponse>} listBuckets List a namespace's buckets: filtered, searched and sorted; newest first by default
 * @property {(call?: {after?: string, limit?: number, wait?: number, types?: string, bucket_id?: string, upload_id?: string, original_upload_id?: string, filename?: string, metadata?: string, object_metadata?: string, token?: string} & Call) => Promise<EventPageResponse>} listEvents Return the events after a position; with `Accept: text/event-stream`, stream new ones
 * @property {(call?: {limit?: number, offset?: number, cursor?: string, include_total?: boolean, body?: ListNamespacesRequest} & Call) => Promise<ListNamespacesResponse>} listNamespaces List the organization's namespaces: filtered, searched and sorted; newest first by default
 * @property {(call: {bucket_identifier: string, limit?: number, offset?: number, cursor?: string, include_total?: boolean, body?: ListObjectsRequest} & Call) => Promise<ListObjectsResponse>} listObjects List a bucket's objects: filtered, searched and sorted; newest first by default
 * @property {(call: {bucket_identifier: string, upload_id: string} & Call) => Promise<ListPartsResponse>} listParts List the parts that storage has, so that a client can resume the upload
 * @property {(call: {upload_id: string} & Call) => Promise<ListPartsResponse>} listPartsById List the parts that storage has, so that a client can resume the upload
 * @property {(call?: {limit?: number, offset?: number, cursor?: string, include_total?: boolean, body?: ListTasksRequest} & Call) => Promise<ListTasksResponse>} listTasks List the organization's tasks, newest first
 * @property {(call: {bucket_identifier: string, upload_id: string} & Call) => Promise<EventHistoryResponse>} listUploadEvents Return the history of an upload
 * @property {(call: {upload_id: string} & Call) => Promise<EventHistoryResponse>} listUploadEventsById Return the history of an upload
 * @property {(call?: {bucket?: string, subject?: string, include_ended?: boolean, limit?: number, offset?: number, cursor?: string} & Call) => Promise<ListUploadTokensResponse>} listUploadTokens List the upload tokens that the API key issued, newest first; all, with a key that has `admin`
 * @property {(call: {bucket_identifier: string, limit?: number, offset?: number, cursor?: string, include_total?: boolean, body?: ListUploadsRequest} & Call) => Promise<ListUploadsResponse>} listUploads List a bucket's uploads, with filters, search and sort order; newest first by default
 * @property {(call: {identifier: string, status?: "delivered" | "failed" | "pending", before?: number, limit?: number} & Call) => Promise<ListDeliveriesResponse>} listWebhookDeliveries List the sent and queued messages of a webhook, newest first
 * @property {(call?: {limit?: number, offset?: number, cursor?: string, include_total?: boolean, body?: ListWebhooksRequest} & Call) => Promise<ListWebhooksResponse>} listWebhooks List the organization's webhooks, newest first
 * @property {(call: {bucket_identifier: string, body: BucketPatchRequest} & Call) => Promise<BucketResponse>} patchBucket Change a bucket's name, description or status, and merge its metadata
 * @property {(call: {namespace_identifier: string, body: PatchNamespaceRequest} & Call) => Promise<NamespaceModel>} patchNamespace Change a namespace's name, description, or the fields of other products
 * @property {(call: {bucket_identifier: string, object_identifier: string, body: PatchObjectRequest} & Call) => Promise<ObjectResponse>} patchObject Change single fields of an object; null removes one
 * @property {(call: {identifier: string} & Call) => Promise<AttemptResponse>} pingWebhook Send a webhook a message of the type `webhook.ping` now, and return the status and the duration
 * @property {(call: {identifier: string, delivery_id: string} & Call) => Promise<DeliveryResponse>} redeliver Send a delivered or abandoned message again; a pending one stays pending
 * @property {(call: {token_id: string, body?: RenewUploadTokenRequest} & Call) => Promise<UploadTokenResponse>} renewUploadToken Give an upload token a new secret and a new end. The previous secret works until its own end
 * @property {(call: {identifier: string, body: ReplayRequest} & Call) => Promise<ReplayResponse>} replayWebhook Queue a range of the feed for a webhook again, up to 1,000 messages at a time
 * @property {(call: {token_id: string, open_uploads?: string} & Call) => Promise<TokenRevocationResponse>} revokeUploadToken Revoke an upload token. Its open uploads are refused at confirm, may finish, or are canceled as a task
 * @property {(call?: {bucket?: string, subject?: string, open_uploads?: string} & Call) => Promise<TokenRevocationResponse>} revokeUploadTokens Revoke all upload tokens of a subject in a bucket; their open uploads as for one token
 * @property {(call: {user_email: string, key_name: string, overlap_seconds?: number} & Call) => Promise<APIKeyCreateResponse>} rotateApiKey Give an API key a new secret, which only this response contains. The old one still works for a while
 * @property {(call: {identifier: string, overlap_seconds?: number} & Call) => Promise<WebhookWithSecret>} rotateWebhookSecret Give a webhook a new secret. For a while its messages also carry a signature with the old one
 * @property {(call: {bucket_identifier: string, upload_id: string, body: SignPartsRequest} & Call) => Promise<SignPartsResponse>} signParts Issue URLs for parts; the first call begins the multipart upload
 * @property {(call: {upload_id: string, body: SignPartsRequest} & Call) => Promise<SignPartsResponse>} signPartsById Issue URLs for parts; the first call begins the multipart upload
 * @property {(call: {bucket_identifier: string, upload_id: string} & Call) => Promise<UploadResponse>} signUpload Extend an open upload, and issue a fresh URL or form if it is not sent in parts
 * @property {(call: {upload_id: string} & Call) => Promise<UploadResponse>} signUploadById Extend an open upload, and issue a fresh URL or form if it is not sent in parts
 * @property {(call: {user_email: string, key_name: string, body: APIKeyUpdateRequest} & Call) => Promise<APIKeyModel>} updateApiKey Change an API key; the status `revoked` revokes it
 * @property {(call: {bucket_identifier: string, body: BucketUpdateRequest} & Call) => Promise<BucketResponse>} updateBucket Replace those of a bucket's name, description and metadata that are given. A schema may grow
 * @property {(call: {namespace_identifier: string, body: UpdateNamespaceRequest} & Call) => Promise<NamespaceModel>} updateNamespace Replace a namespace's name or indexes, if given
 * @property {(call: {bucket_identifier: string, object_identifier: string, body: UpdateObjectRequest} & Call) => Promise<ObjectResponse>} updateObject Change an object: blobs replace all of its blobs, metadata is merged, null removes a field
 * @property {(call: {body: OrganizationUpdateRequest} & Call) => Promise<OrganizationModelResponse>} updateOrganization Change the organization's name, logo, billing address, metadata or rate limits
 * @property {(call: {identifier: string, body: WebhookInput} & Call) => Promise<WebhookModel>} updateWebhook Replace a webhook, and let it act for this API key. A header with the masked value keeps its value
 */

/** Method, path, and whether a repeated request does nothing twice. */
export const ROUTES = /** @type {const} */ ({
  cancelTask: ["DELETE", "tasks/{task_id}", true],
  confirmUpload: ["POST", "buckets/{bucket_identifier}/uploads/{upload_id}/confirm", true],
  confirmUploadById: ["POST", "uploads/{upload_id}/confirm", true],
  confirmUploads: ["POST", "buckets/{bucket_identifier}/uploads/confirm/batch", false],
  createApiKey: ["POST", "organizations/users/{user_email}/api-keys", true],
  createBucket: ["POST", "buckets", true],
  createEventToken: ["POST", "events/tokens", false],
  createNamespace: ["POST", "namespaces", true],
  createObject: ["POST", "buckets/{bucket_identifier}/objects", true],
  createObjects: ["POST", "buckets/{bucket_identifier}/objects/batch", true],
  createUpload: ["POST", "buckets/{bucket_identifier}/uploads", true],
  createUploadToken: ["POST", "upload-tokens", true],
  createUploads: ["POST", "buckets/{bucket_identifier}/uploads/batch", true],
  createWebhook: ["POST", "organizations/webhooks", true],
  deleteApiKey: ["DELETE", "organizations/users/{user_email}/api-keys/{key_name}", true],
  deleteBucket: ["DELETE", "buckets/{bucket_identifier}", true],
  deleteNamespace: ["DELETE", "namespaces/{namespace_identifier}", true],
  deleteObject: ["DELETE", "buckets/{bucket_identifier}/objects/{object_identifier}", true],
  deleteUpload: ["DELETE", "buckets/{bucket_identifier}/uploads/{upload_id}", true],
  deleteUploadById: ["DELETE", "uploads/{upload_id}", true],
  deleteWebhook: ["DELETE", "organizations/webhooks/{identifier}", true],
  getAnalyticsOverview: ["GET", "analytics/overview", true],
  getBucket: ["GET", "buckets/{bucket_identifier}", true],
  getBucketStorage: ["GET", "analytics/buckets/{bucket_identifier}/storage", true],
  getBucketUsage: ["GET", "analytics/buckets/{bucket_identifier}/usage", true],
  getEventSchema: ["GET", "events/schemas/{tag}", true],
  getNamespace: ["GET", "namespaces/{namespace_identifier}", true],
  getObject: ["GET", "buckets/{bucket_identifier}/objects/{object_identifier}", true],
  getOrganization: ["GET", "organizations", true],
  getTask: ["GET", "tasks/{task_id}", true],
  getUpload: ["GET", "buckets/{bucket_identifier}/uploads/{upload_id}", true],
  getUploadById: ["GET", "uploads/{upload_id}", true],
  getUploadPerformance: ["GET", "analytics/buckets/{bucket_identifier}/upload-performance", true],
  getUploadToken: ["GET", "upload-tokens/{token_id}", true],
  getUsage: ["GET", "organizations/usage", true],
  getWebhook: ["GET", "organizations/webhooks/{identifier}", true],
  listApiKeys: ["GET", "organizations/users/{user_email}/api-keys", true],
  listAuditLogs: ["GET", "organizations/audit/logs", true],
  listAvoidedDuplicates: ["POST", "buckets/{bucket_identifier}/duplicates/list", true],
  listBuckets: ["POST", "buckets/list", true],
  listEvents: ["GET", "events", true],
  listNamespaces: ["POST", "namespaces/list", true],
  listObjects: ["POST", "buckets/{bucket_identifier}/objects/list", true],
  listParts: ["GET", "buckets/{bucket_identifier}/uploads/{upload_id}/parts", true],
  listPartsById: ["GET", "uploads/{upload_id}/parts", true],
  listTasks: ["POST", "tasks/list", true],
  listUploadEvents: ["GET", "buckets/{bucket_identifier}/uploads/{upload_id}/events", true],
  listUploadEventsById: ["GET", "uploads/{upload_id}/events", true],
  listUploadTokens: ["GET", "upload-tokens", true],
  listUploads: ["POST", "buckets/{bucket_identifier}/uploads/list", true],
  listWebhookDeliveries: ["GET", "organizations/webhooks/{identifier}/deliveries", true],
  listWebhooks: ["POST", "organizations/webhooks/list", true],
  patchBucket: ["PATCH", "buckets/{bucket_identifier}", true],
  patchNamespace: ["PATCH", "namespaces/{namespace_identifier}", true],
  patchObject: ["PATCH", "buckets/{bucket_identifier}/objects/{object_identifier}", true],
  pingWebhook: ["POST", "organizations/webhooks/{identifier}/ping", false],
  redeliver: ["POST", "organizations/webhooks/{identifier}/deliveries/{delivery_id}/redeliver", false],
  renewUploadToken: ["POST", "upload-tokens/{token_id}/renew", true],
  replayWebhook: ["POST", "organizations/webhooks/{identifier}/replay", false],
  revokeUploadToken: ["DELETE", "upload-tokens/{token_id}", true],
  revokeUploadTokens: ["DELETE", "upload-tokens", true],
  rotateApiKey: ["POST", "organizations/users/{user_email}/api-keys/{key_name}/rotate", true],
  rotateWebhookSecret: ["POST", "organizations/webhooks/{identifier}/rotate-secret", true],
  signParts: ["POST", "buckets/{bucket_identifier}/uploads/{upload_id}/parts/sign", true],
  signPartsById: ["POST", "uploads/{upload_id}/parts/sign", true],
  signUpload: ["POST", "buckets/{bucket_identifier}/uploads/{upload_id}/sign", true],
  signUploadById: ["POST", "uploads/{upload_id}/sign", true],
  updateApiKey: ["PATCH", "organizations/users/{user_email}/api-keys/{key_name}", true],
  updateBucket: ["PUT", "buckets/{bucket_identifier}", true],
  updateNamespace: ["PUT", "namespaces/{namespace_identifier}", true],
  updateObject: ["PUT", "buckets/{bucket_identifier}/objects/{object_identifier}", true],
  updateOrganization: ["PATCH", "organizations", true],
  updateWebhook: ["PUT", "organizations/webhooks/{identifier}", true],
});
