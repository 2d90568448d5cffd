-- All tables, with their indexes, walls, grants and triggers. The functions are made before this runs: `guard` puts the
-- wall around a table, and the triggers need theirs.

SET LOCAL search_path = upwell, pg_temp;

GRANT USAGE ON SCHEMA upwell TO upwell_service;


-- The log

CREATE TABLE upwell_events (
    originator_id      text   NOT NULL,
    originator_version bigint NOT NULL,
    topic              text   NOT NULL,
    state              bytea  NOT NULL,
    notification_id    bigint NOT NULL,
    -- copied from `state`, so that the feed can be read by organization
    organization_id    text,
    PRIMARY KEY (originator_id, originator_version)
);
CREATE UNIQUE INDEX upwell_events_notification_id ON upwell_events (notification_id);
-- Pages of one organization's feed are read in the order of positions, however many other organizations write.
CREATE INDEX upwell_events_of_organization ON upwell_events (organization_id, notification_id);
-- The audit log of an organization: everything but uploads and objects, so that these cost nothing more; and the tokens
-- that were given out.
CREATE INDEX upwell_events_audited ON upwell_events (organization_id, notification_id)
    WHERE topic NOT LIKE 'upload.%' AND topic NOT LIKE 'object.%' OR topic = 'upload.token_issued.v1';
-- What duplicates saved.
CREATE INDEX upwell_events_avoided ON upwell_events (organization_id) WHERE topic = 'upload.duplicate_avoided.v1';
CREATE TRIGGER redact_former_profiles AFTER INSERT ON upwell_events
    FOR EACH ROW WHEN (NEW.topic = 'organization.profile_changed.v1')
    EXECUTE FUNCTION upwell.redact_former_profiles();
SELECT upwell.guard('upwell_events');
GRANT SELECT ON upwell_events TO upwell_service;

-- The last position that was given out. One row, written under the lock only, so positions are gapless.
CREATE TABLE log_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint  NOT NULL
) WITH (fillfactor = 10);
INSERT INTO log_head (position) VALUES (0);
GRANT SELECT ON log_head TO upwell_service;


-- The read tables: what a replay of the log gives

-- `own_rate_limits`: those that were set for this organization; without them its tier's default counts.
CREATE TABLE organizations (
    organization_id text PRIMARY KEY,
    internal_id     text NOT NULL UNIQUE,
    name            text NOT NULL,
    tier            text NOT NULL,
    quota_bytes     bigint,
    created_at      timestamptz NOT NULL,
    version         bigint NOT NULL,
    own_rate_limits jsonb,
    logo_url        text,
    billing_email   text,
    metadata        jsonb,
    updated_at      timestamptz NOT NULL
);
CREATE INDEX organizations_name ON organizations (name);
SELECT upwell.guard('organizations');
GRANT SELECT ON organizations TO upwell_service;

-- What each organization's storage holds. Apart from its organization, because every upload writes it.
CREATE TABLE quotas (
    organization_id text PRIMARY KEY,
    reserved_bytes  bigint NOT NULL,
    accepted_bytes  bigint NOT NULL
) WITH (fillfactor = 20);
SELECT upwell.guard('quotas');
GRANT SELECT ON quotas TO upwell_service;

-- `previous_key_hash`: of the secret before the last rotation, which opens until `previous_until`. `lets_open_finish`:
-- what a revoked key has open is refused when its bytes arrive, unless the revocation let it finish.
CREATE TABLE api_keys (
    key_id              text PRIMARY KEY,
    organization_id     text NOT NULL,
    user_id             text NOT NULL,
    name                text NOT NULL,
    description         text NOT NULL,
    key_hash            text NOT NULL UNIQUE,
    prefix              text NOT NULL,
    permissions         jsonb NOT NULL,
    scopes              jsonb NOT NULL,
    rate_limit_override integer,
    expires_at          timestamptz,
    created_at          timestamptz NOT NULL,
    created_by          text NOT NULL,
    revoked_at          timestamptz,
    revoked_by          text,
    version             bigint NOT NULL,
    allowed_origins     jsonb NOT NULL DEFAULT '[]',
    previous_key_hash   text UNIQUE,
    previous_until      timestamptz,
    lets_open_finish    boolean NOT NULL DEFAULT false
);
CREATE INDEX api_keys_name ON api_keys (organization_id, user_id, name);
SELECT upwell.guard('api_keys');
GRANT SELECT ON api_keys TO upwell_service;

CREATE TABLE namespaces (
    namespace_id    text PRIMARY KEY,
    organization_id text NOT NULL,
    name            text NOT NULL,
    description     text,
    settings        jsonb NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    bucket_count    bigint NOT NULL,
    object_count    bigint NOT NULL,
    position        bigint NOT NULL,
    version         bigint NOT NULL,
    status          text NOT NULL DEFAULT 'ACTIVE'
);
CREATE UNIQUE INDEX namespaces_name ON namespaces (organization_id, name);
CREATE INDEX namespaces_order ON namespaces (organization_id, position);
SELECT upwell.guard('namespaces');
GRANT SELECT ON namespaces TO upwell_service;

CREATE TABLE buckets (
    bucket_id         text PRIMARY KEY,
    organization_id   text NOT NULL,
    namespace_id      text NOT NULL,
    name              text NOT NULL,
    description       text,
    bucket_schema     jsonb NOT NULL,
    unique_key        jsonb,
    metadata          jsonb NOT NULL,
    status            text NOT NULL,
    object_count      bigint NOT NULL,
    total_size_bytes  bigint NOT NULL,
    last_upload_at    timestamptz,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    position          bigint NOT NULL,
    version           bigint NOT NULL,
    auto_confirm      boolean NOT NULL DEFAULT false,
    content_rules     jsonb NOT NULL DEFAULT '{}',
    retention_seconds bigint
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX buckets_name ON buckets (namespace_id, name);
CREATE INDEX buckets_order ON buckets (namespace_id, position);
SELECT upwell.guard('buckets');
GRANT SELECT ON buckets TO upwell_service;

-- One row an upload. The columns that `upload.requested` fills bear the names of its fields.
CREATE TABLE uploads (
    upload_id              text PRIMARY KEY,
    organization_id        text NOT NULL,
    namespace_id           text NOT NULL,
    bucket_id              text NOT NULL,
    version                bigint NOT NULL,
    position               bigint NOT NULL,
    status                 text NOT NULL,
    -- where an abandoned verification goes back to
    status_before          text,
    filename               text,
    content_type           text NOT NULL,
    storage_key            text,
    declared_size_bytes    bigint,
    declared_sha256        text,
    url_expires_in_seconds integer NOT NULL,
    created_at             timestamptz NOT NULL,
    expires_at             timestamptz NOT NULL,
    due_at                 timestamptz NOT NULL,
    metadata               jsonb,
    create_object          boolean NOT NULL,
    object_metadata        jsonb,
    blob_property          text,
    blob_type              text,
    skip_duplicates        boolean NOT NULL,
    unique_key             text,
    policy                 text NOT NULL,
    size_bytes             bigint,
    sha256                 text,
    etag                   text,
    version_id             text,
    verified_at            timestamptz,
    completed_at           timestamptz,
    task_id                text,
    object_id              text,
    duplicate_of           text,
    existing_object_id     text,
    message                text,
    failure_reason         text,
    changed_etag           text,
    keeps_bytes            boolean NOT NULL,
    auto_confirm           boolean NOT NULL DEFAULT false,
    -- of every part but the last
    part_size              bigint,
    -- storage refuses other bytes than those that were announced
    storage_checks         boolean NOT NULL DEFAULT false,
    -- storage's id of the upload, once parts were signed
    multipart_id           text,
    -- as it is shown
    deletes_at             timestamptz,
    -- that of the upload itself, which counts where no object holds it
    own_end                timestamptz,
    -- the upload that its bytes were stored for, where that has gone
    inherited_from         text
) WITH (fillfactor = 80);
CREATE INDEX uploads_order ON uploads (bucket_id, position);
-- The uploads of one status, in the order of creation.
CREATE INDEX uploads_status ON uploads (bucket_id, status, position);
-- The uploads that later ones can be duplicates of.
CREATE INDEX uploads_originals ON uploads (bucket_id, sha256, position)
    WHERE status = 'COMPLETED' AND skip_duplicates AND keeps_bytes AND changed_etag IS NULL;
CREATE INDEX uploads_duplicates ON uploads (duplicate_of, position) WHERE duplicate_of IS NOT NULL;
CREATE INDEX uploads_inherited ON uploads (inherited_from) WHERE inherited_from IS NOT NULL;
-- Figures of a bucket's stored uploads, from the index alone.
CREATE INDEX uploads_sizes ON uploads (bucket_id, size_bytes) WHERE status = 'COMPLETED' AND keeps_bytes;
-- The upload whose verification a task is.
CREATE INDEX uploads_task ON uploads (task_id) WHERE task_id IS NOT NULL;
SELECT upwell.guard('uploads');
GRANT SELECT ON uploads TO upwell_service;

-- What was announced of files that were not sent, because an earlier upload has their bytes. It can be listed as long as
-- that upload is there, and what is personal about it is redacted with that upload's events.
CREATE TABLE avoided_duplicates (
    duplicate_id        text PRIMARY KEY,
    organization_id     text NOT NULL,
    namespace_id        text NOT NULL,
    bucket_id           text NOT NULL,
    original_upload_id  text NOT NULL,
    sha256              text NOT NULL,
    saved_bytes         bigint NOT NULL,
    created_at          timestamptz NOT NULL,
    position            bigint NOT NULL,
    filename            text,
    content_type        text,
    declared_size_bytes bigint,
    metadata            jsonb,
    create_object       boolean,
    object_metadata     jsonb,
    blob_property       text,
    deletes_at          timestamptz
);
CREATE INDEX avoided_duplicates_by_bucket ON avoided_duplicates (bucket_id, position);
CREATE INDEX avoided_duplicates_by_original ON avoided_duplicates (original_upload_id);
SELECT upwell.guard('avoided_duplicates');
GRANT SELECT ON avoided_duplicates TO upwell_service;

-- `unique_key`, `content_key`: the digests that the object claims, in the scopes `object:…` and `content:…` of its
-- bucket.
CREATE TABLE objects (
    object_id       text PRIMARY KEY,
    organization_id text NOT NULL,
    namespace_id    text NOT NULL,
    bucket_id       text NOT NULL,
    blobs           jsonb NOT NULL,
    metadata        jsonb NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    position        bigint NOT NULL,
    version         bigint NOT NULL,
    key_prefix      text,
    unique_key      text,
    content_key     text,
    deletes_at      timestamptz
);
CREATE INDEX objects_order ON objects (bucket_id, position);
SELECT upwell.guard('objects');
GRANT SELECT ON objects TO upwell_service;

-- Which object holds the bytes of which upload.
CREATE TABLE holds (
    upload_id text NOT NULL,
    object_id text NOT NULL,
    PRIMARY KEY (upload_id, object_id)
);
-- Of one object: the primary key begins with the upload.
CREATE INDEX holds_object ON holds (object_id);
SELECT upwell.guard('holds');
GRANT SELECT ON holds TO upwell_service;

-- Webhooks follow the log as namespaces do. `key_id`: the key that made it, or changed it last. A webhook is told what
-- that key may read.
CREATE TABLE webhooks (
    webhook_id      text PRIMARY KEY,
    organization_id text NOT NULL,
    settings        jsonb NOT NULL,
    disabled_reason text,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    position        bigint NOT NULL,
    version         bigint NOT NULL,
    key_id          text NOT NULL
);
CREATE INDEX webhooks_of_organization ON webhooks (organization_id, position);
SELECT upwell.guard('webhooks');
GRANT SELECT ON webhooks TO upwell_service;

-- Names and unique keys that at most one thing may hold.
CREATE TABLE claims (
    scope    text NOT NULL,
    key      text NOT NULL,
    owner_id text NOT NULL,
    PRIMARY KEY (scope, key)
);
SELECT upwell.guard('claims');
GRANT SELECT ON claims TO upwell_service;


-- Work. Operational: not rebuilt

-- Work that is due later. `lane`: see `lane_of`.
CREATE TABLE jobs (
    kind         text NOT NULL,
    upload_id    text NOT NULL,
    due_at       timestamptz NOT NULL,
    attempts     integer NOT NULL DEFAULT 0,
    lease        text,
    leased_until timestamptz,
    last_error   text,
    -- what a `discard` deletes, and when it looks a second time
    storage_key  text,
    again_at     timestamptz,
    -- what it aborts before it deletes
    multipart_id text,
    lane         smallint NOT NULL,
    PRIMARY KEY (upload_id, kind)
) WITH (fillfactor = 80);
CREATE INDEX jobs_turns ON jobs (lane, due_at);
CREATE TRIGGER find_lane BEFORE INSERT ON jobs
    FOR EACH ROW WHEN (NEW.lane IS NULL) EXECUTE FUNCTION upwell.find_lane();
SELECT upwell.guard('jobs');
GRANT SELECT, INSERT, UPDATE, DELETE ON jobs TO upwell_service;

-- Tasks: work that goes on after its answer was sent.
CREATE TABLE tasks (
    task_id         text PRIMARY KEY,
    organization_id text NOT NULL,
    namespace_id    text,
    task_type       text NOT NULL,
    status          text NOT NULL DEFAULT 'PENDING',
    actor_id        text NOT NULL,
    inputs          jsonb NOT NULL,
    outputs         jsonb NOT NULL DEFAULT '[]',
    additional_data jsonb NOT NULL,
    error           text,
    -- the upload whose verification it is: its row says what becomes of the task
    upload_id       text,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    position        bigint GENERATED ALWAYS AS IDENTITY
) WITH (fillfactor = 80);
CREATE INDEX tasks_order ON tasks (organization_id, position);
SELECT upwell.guard('tasks');
GRANT SELECT, INSERT, UPDATE, DELETE ON tasks TO upwell_service;

-- The parts of a task, each worked on its own by the worker that leases its job.
CREATE TABLE task_items (
    task_id         text NOT NULL REFERENCES tasks ON DELETE CASCADE,
    organization_id text NOT NULL,
    index           integer NOT NULL,
    subject         text NOT NULL,
    input           jsonb NOT NULL,
    status          text NOT NULL DEFAULT 'PENDING',
    output          jsonb,
    error           text,
    PRIMARY KEY (task_id, index)
) WITH (fillfactor = 80);
SELECT upwell.guard('task_items');
GRANT SELECT, INSERT, UPDATE, DELETE ON task_items TO upwell_service;


-- Requests

-- When keys were used last, roughly. Not rebuilt, and not worth a write-ahead log.
CREATE UNLOGGED TABLE key_uses (
    key_id          text PRIMARY KEY,
    organization_id text NOT NULL,
    last_used_at    timestamptz NOT NULL
);
SELECT upwell.guard('key_uses');
GRANT SELECT, INSERT, UPDATE ON key_uses TO upwell_service;

-- How much of each window's budget of requests has been taken. Not logged: a lost count costs nothing but one window.
CREATE UNLOGGED TABLE rate_slices (
    organization_id text   NOT NULL,
    -- a class of requests, or the id of an API key
    limited         text   NOT NULL,
    window_number   bigint NOT NULL,
    taken           bigint NOT NULL,
    PRIMARY KEY (organization_id, limited, window_number)
) WITH (fillfactor = 50);
SELECT upwell.guard('rate_slices');
GRANT SELECT, INSERT, UPDATE, DELETE ON rate_slices TO upwell_service;

-- One row for each idempotency key of the last 24 hours. `name` is a digest of the API key's id and the client's key.
CREATE TABLE idempotency_keys (
    name            text PRIMARY KEY,
    organization_id text NOT NULL,
    -- a digest of the request
    fingerprint     text NOT NULL,
    -- what the ids of this request are drawn from, in every attempt the same
    seed            text NOT NULL,
    attempt         integer NOT NULL,
    -- ids of what was made, once that is known
    made            text[],
    lease           text,
    leased_until    timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX idempotency_keys_expires_at ON idempotency_keys (expires_at);
SELECT upwell.guard('idempotency_keys');
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO upwell_service;

-- Where requests that administer came from. It stands beside the log, because addresses are not for ever: rows are
-- deleted after some days, and no event knows of them.
CREATE TABLE request_records (
    request_id      text NOT NULL,
    organization_id text NOT NULL,
    at              timestamptz NOT NULL DEFAULT now(),
    actor_id        text NOT NULL,
    address         text NOT NULL,
    user_agent      text,
    method          text NOT NULL,
    route           text NOT NULL,
    status          integer NOT NULL,
    code            text,
    command_ids     text[] NOT NULL
);
CREATE INDEX request_records_commands ON request_records USING gin (command_ids);
CREATE INDEX request_records_request ON request_records (organization_id, request_id);
CREATE INDEX request_records_at ON request_records (at);
-- The audit log names refused attempts to administer, too: the newest of an organization are found at once.
CREATE INDEX request_records_refused ON request_records (organization_id, at DESC) WHERE status >= 400;
SELECT upwell.guard('request_records');
GRANT SELECT, INSERT, DELETE ON request_records TO upwell_service;


-- Readers of the log

-- How far named readers of the feed have come. Without its row, a reader begins at the beginning.
CREATE TABLE subscriptions (
    name         text PRIMARY KEY,
    position     bigint NOT NULL,
    lease        text,
    leased_until timestamptz,
    updated_at   timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON subscriptions TO upwell_service;

-- What is secret about a webhook, and how its receiver answered lately. `sealed`: encrypted under the server's secret,
-- which the database does not know. `secrets` ([{"value", "until"}], the newest first) and `headers` hold what was written
-- before there was such a secret: the next process that serves encrypts it, and empties them. `failures`: in a row; the
-- webhook is left alone until `resting_until`.
CREATE TABLE webhook_endpoints (
    webhook_id      text PRIMARY KEY,
    organization_id text NOT NULL,
    secrets         jsonb,
    headers         jsonb,
    failures        integer NOT NULL DEFAULT 0,
    failing_since   timestamptz,
    resting_until   timestamptz,
    created_at      timestamptz NOT NULL,
    sealed          bytea,
    CHECK (sealed IS NOT NULL OR (secrets IS NOT NULL AND headers IS NOT NULL))
);
SELECT upwell.guard('webhook_endpoints');
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoints TO upwell_service;

-- What webhooks are to deliver is written down in batches, and made into rows of `webhook_deliveries` when their turn
-- comes: a writer of events pays for few rows, however far behind a webhook is. `deliveries`: [{"position", "stream_id",
-- "topic"}], by position. Batches of a webhook are taken in the order of their numbers, so that what happened first is
-- delivered first.
CREATE TABLE webhook_batches (
    webhook_id      text NOT NULL,
    number          bigint GENERATED ALWAYS AS IDENTITY,
    organization_id text NOT NULL,
    size            integer NOT NULL,
    first_position  bigint NOT NULL,
    deliveries      jsonb NOT NULL,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (webhook_id, number)
);
SELECT upwell.guard('webhook_batches');
GRANT SELECT, INSERT, DELETE ON webhook_batches TO upwell_service;

-- `position`: the event that is delivered. `first_at`: of the first attempt since it was asked for.
CREATE TABLE webhook_deliveries (
    webhook_id      text NOT NULL,
    position        bigint NOT NULL,
    organization_id text NOT NULL,
    stream_id       text NOT NULL,
    topic           text NOT NULL,
    status          text NOT NULL,
    attempts        integer NOT NULL DEFAULT 0,
    history         jsonb NOT NULL DEFAULT '[]',
    created_at      timestamptz NOT NULL,
    first_at        timestamptz,
    next_at         timestamptz NOT NULL,
    ended_at        timestamptz,
    lease           text,
    leased_until    timestamptz,
    PRIMARY KEY (webhook_id, position)
);
-- A lease takes what is due in the order of an index alone.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, next_at, position) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries (webhook_id, stream_id, position)
    WHERE status = 'pending';
CREATE INDEX webhook_deliveries_leased ON webhook_deliveries (webhook_id) WHERE lease IS NOT NULL;
-- It is asked for what is old once in a while, and written several times for each delivery.
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries USING brin (created_at);
SELECT upwell.guard('webhook_deliveries');
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_deliveries TO upwell_service;

-- Deliveries are removed when they are old. Up to which position that has happened is kept for each webhook, so that
-- what is still kept can be compared with the log: above it, every event that a webhook wanted has a row or a batch.
CREATE TABLE webhook_dropped (
    webhook_id      text PRIMARY KEY,
    organization_id text NOT NULL,
    position        bigint NOT NULL
);
SELECT upwell.guard('webhook_dropped');
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_dropped TO upwell_service;

-- What became of uploads, and what buckets hold over time. Workers write both tables from the feed, under the
-- subscription `analytics.v1`; they are no part of the log, and are made anew from it by `upwell analytics rebuild`.
-- One row for each upload, also after it was forgotten: it holds times, sizes and ids, and nothing personal.
CREATE TABLE analytics_uploads (
    upload_id       text PRIMARY KEY,
    organization_id text NOT NULL,
    namespace_id    text NOT NULL,
    bucket_id       text NOT NULL,
    requested_at    timestamptz NOT NULL,
    started_at      timestamptz,          -- the first part was signed, or the bytes were seen
    completed_at    timestamptz,
    status          text NOT NULL,        -- but for PROCESSING, which may end where it began
    processing      boolean NOT NULL,
    reason          text,                 -- why it failed
    size_bytes      bigint,               -- as it was proved
    duplicate       boolean NOT NULL      -- its bytes were not kept, because an earlier upload has them
) WITH (fillfactor = 80);                 -- most are updated once or twice
CREATE INDEX analytics_uploads_of_organization ON analytics_uploads (organization_id, requested_at);
CREATE INDEX analytics_uploads_of_bucket ON analytics_uploads (bucket_id, requested_at);
SELECT upwell.guard('analytics_uploads');
GRANT SELECT, INSERT, UPDATE ON analytics_uploads TO upwell_service;

-- What each hour (UTC) changed in a bucket.
CREATE TABLE analytics_hours (
    organization_id text NOT NULL,
    namespace_id    text NOT NULL,
    bucket_id       text NOT NULL,
    hour            timestamptz NOT NULL,
    stored_bytes    bigint NOT NULL,      -- more, or less
    objects         bigint NOT NULL,      -- the same
    avoided         bigint NOT NULL,      -- duplicates whose bytes were never sent
    avoided_bytes   bigint NOT NULL,
    PRIMARY KEY (bucket_id, hour)
);
CREATE INDEX analytics_hours_of_organization ON analytics_hours (organization_id, hour);
SELECT upwell.guard('analytics_hours');
GRANT SELECT, INSERT, UPDATE ON analytics_hours TO upwell_service;


-- Search

-- The text of each upload and object as it was when the log was read up to `search_head`, in lower case (see
-- `index_search`). A worker keeps it up to date from the log: nothing of it is written with an upload.
CREATE TABLE search_texts (
    id              text PRIMARY KEY,
    -- upload or object
    kind            text NOT NULL,
    organization_id text NOT NULL,
    bucket_id       text NOT NULL,
    text            text NOT NULL
);
SELECT upwell.guard('search_texts');
GRANT SELECT ON search_texts TO upwell_service;

-- The position up to which the log was read. One row; the worker that reads on holds it.
CREATE TABLE search_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint  NOT NULL
) WITH (fillfactor = 10);
INSERT INTO search_head (position) VALUES (0);
GRANT SELECT ON search_head TO upwell_service;

SELECT upwell.prepare_search();
