-- What became of uploads, and what buckets hold over time. Workers write both tables from the feed, under the
-- subscription `analytics.v1`; they are no part of the log, and are made anew from it by `upwell analytics rebuild`.

SET LOCAL search_path = upwell, pg_temp;

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

SELECT guard('analytics_uploads');
SELECT guard('analytics_hours');

GRANT SELECT, INSERT, UPDATE ON analytics_uploads, analytics_hours TO upwell_service;
