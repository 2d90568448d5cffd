-- Analytics are kept per hour and not per upload: counters, and the durations of uploads in slots (see `durations.py`).
-- The figures so far are carried over, with the position that they have reached.

SET LOCAL search_path = upwell, pg_temp;

-- One row for each hour (UTC) of a bucket. The first four columns after the hour count what the hour changed, the others
-- the uploads that were requested in it. Workers write it from the feed, under the subscription `analytics.v2`; it is no
-- part of the log, and is made anew from it by `upwell analytics rebuild`.
CREATE TABLE analytics_figures (
    organization_id text NOT NULL,
    namespace_id    text NOT NULL,
    bucket_id       text NOT NULL,
    hour            timestamptz NOT NULL,
    stored_bytes    bigint NOT NULL,      -- more, or less
    objects         integer NOT NULL,     -- the same
    avoided         integer NOT NULL,     -- duplicates whose bytes were never sent
    avoided_bytes   bigint NOT NULL,
    requested       integer NOT NULL,
    started         integer NOT NULL,
    pending         integer NOT NULL,
    in_progress     integer NOT NULL,
    processing      integer NOT NULL,
    completed       integer NOT NULL,
    failed          integer NOT NULL,
    canceled        integer NOT NULL,
    skipped         integer NOT NULL,
    completed_bytes bigint NOT NULL,
    duplicates      integer NOT NULL,
    duplicate_bytes bigint NOT NULL,
    took_us         bigint NOT NULL,      -- from requests to completions, in total
    timed           integer NOT NULL,     -- completed uploads that took any time
    bits_per_second bigint NOT NULL,      -- of these, in total
    durations       jsonb NOT NULL,       -- completed uploads by slot
    failures        jsonb NOT NULL,       -- failed uploads by reason
    PRIMARY KEY (bucket_id, hour)
) WITH (fillfactor = 50);                 -- the rows of the last hours are updated all the time
CREATE INDEX analytics_figures_of_organization ON analytics_figures (organization_id, hour);
SELECT guard('analytics_figures');
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics_figures TO upwell_service;

LOCK TABLE analytics_uploads, analytics_hours, subscriptions IN EXCLUSIVE MODE;

INSERT INTO analytics_figures
WITH uploads AS (
    SELECT u.*, date_trunc('hour', requested_at, 'UTC') AS hour,
        CASE WHEN processing THEN 'PROCESSING' ELSE status END AS now,
        CASE WHEN status = 'COMPLETED' AND NOT processing
            THEN greatest((extract(epoch FROM completed_at - requested_at) * 1000000)::bigint, 0) END AS us
    FROM analytics_uploads u
), slots AS (
    SELECT *, CASE WHEN us < 64 THEN us ELSE
        (length(ltrim(us::bit(64)::text, '0')) - 6) * 32 + (us >> (length(ltrim(us::bit(64)::text, '0')) - 6)) END AS slot
    FROM uploads
), figures AS (
    SELECT organization_id, namespace_id, bucket_id, hour, 0::bigint AS stored_bytes, 0 AS objects, 0 AS avoided,
        0::bigint AS avoided_bytes, count(*) AS requested, count(started_at) AS started,
        count(*) FILTER (WHERE now = 'PENDING') AS pending, count(*) FILTER (WHERE now = 'IN_PROGRESS') AS in_progress,
        count(*) FILTER (WHERE now = 'PROCESSING') AS processing, count(*) FILTER (WHERE now = 'COMPLETED') AS completed,
        count(*) FILTER (WHERE now = 'FAILED') AS failed, count(*) FILTER (WHERE now = 'CANCELED') AS canceled,
        count(*) FILTER (WHERE now = 'SKIPPED') AS skipped,
        coalesce(sum(size_bytes) FILTER (WHERE now = 'COMPLETED'), 0) AS completed_bytes,
        count(*) FILTER (WHERE now = 'COMPLETED' AND duplicate) AS duplicates,
        coalesce(sum(size_bytes) FILTER (WHERE now = 'COMPLETED' AND duplicate), 0) AS duplicate_bytes,
        coalesce(sum(us), 0) AS took_us, count(*) FILTER (WHERE us > 0) AS timed,
        coalesce(sum(div(size_bytes::numeric * 8000000, us)) FILTER (WHERE us > 0), 0) AS bits_per_second
    FROM slots GROUP BY organization_id, namespace_id, bucket_id, hour
    UNION ALL
    SELECT organization_id, namespace_id, bucket_id, hour, stored_bytes, objects, avoided, avoided_bytes,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    FROM analytics_hours
), durations AS (
    SELECT bucket_id, hour, jsonb_object_agg(slot, uploads) AS durations FROM (
        SELECT bucket_id, hour, slot, count(*) AS uploads FROM slots WHERE slot IS NOT NULL GROUP BY bucket_id, hour, slot
    ) s GROUP BY bucket_id, hour
), failures AS (
    SELECT bucket_id, hour, jsonb_object_agg(reason, uploads) AS failures FROM (
        SELECT bucket_id, hour, reason, count(*) AS uploads FROM slots
        WHERE now = 'FAILED' AND reason IS NOT NULL GROUP BY bucket_id, hour, reason
    ) s GROUP BY bucket_id, hour
)
SELECT f.*, coalesce(d.durations, '{}'), coalesce(e.failures, '{}') FROM (
    SELECT organization_id, namespace_id, bucket_id, hour, sum(stored_bytes), sum(objects), sum(avoided),
        sum(avoided_bytes), sum(requested), sum(started), sum(pending), sum(in_progress), sum(processing), sum(completed),
        sum(failed), sum(canceled), sum(skipped), sum(completed_bytes), sum(duplicates), sum(duplicate_bytes),
        sum(took_us), sum(timed), sum(bits_per_second)
    FROM figures GROUP BY organization_id, namespace_id, bucket_id, hour
) f LEFT JOIN durations d USING (bucket_id, hour) LEFT JOIN failures e USING (bucket_id, hour);

INSERT INTO subscriptions (name, position, updated_at)
SELECT 'analytics.v2', position, updated_at FROM subscriptions WHERE name = 'analytics.v1';
DELETE FROM subscriptions WHERE name = 'analytics.v1';
DROP TABLE analytics_uploads, analytics_hours;
