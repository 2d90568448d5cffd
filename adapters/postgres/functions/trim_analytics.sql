-- Drop figures of hours before a time: the oldest whole hours, with about `p_limit` rows. Returns whether more remain. What
-- these hours changed in a bucket (stored bytes, objects, avoided duplicates) is added to its row of '-infinity', so that
-- sizes stay right. Waits for a writer of figures and lets none in between, so that no row of a dropped hour appears.
-- The combinations of labels of dropped months go once the figures have come past them: a new count makes them again.
-- Called by: queries.sql (trim_analytics).
-- Also in Python: adapters.memory.analytics.analytics.MemoryAnalytics.trim.

CREATE OR REPLACE FUNCTION upwell.trim_analytics(p_before timestamptz, p_limit bigint) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = upwell, pg_temp AS $$
DECLARE
    until_ timestamptz := date_trunc('hour', p_before, 'UTC');
    found_ bigint;
    last_  timestamptz;
    come   timestamptz;
    groups bigint;
BEGIN
    PERFORM FROM analytics_kept FOR UPDATE;
    SELECT count(*), max(hour) INTO found_, last_ FROM (
        SELECT hour FROM analytics_figures WHERE hour > '-infinity' AND hour < until_ ORDER BY hour LIMIT p_limit) oldest;
    IF found_ = p_limit THEN
        until_ := last_ + interval '1 hour';
    END IF;
    UPDATE analytics_kept SET kept_from = until_ WHERE kept_from < until_;
    WITH gone AS (
        DELETE FROM analytics_figures WHERE hour > '-infinity' AND hour < until_ RETURNING *
    )
    INSERT INTO analytics_figures AS f (
        organization_id, namespace_id, bucket_id, hour, labels, stored_bytes, objects, avoided, avoided_bytes, requested,
        started, pending, in_progress, processing, completed, failed, canceled, skipped, completed_bytes, duplicates,
        duplicate_bytes, took_us, timed, bits_per_second, durations, failures)
    SELECT min(organization_id), min(namespace_id), bucket_id, '-infinity', labels, sum(stored_bytes), sum(objects),
        sum(avoided), sum(avoided_bytes), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{}', '{}'
    FROM gone WHERE stored_bytes <> 0 OR objects <> 0 OR avoided <> 0 GROUP BY bucket_id, labels
    ON CONFLICT (bucket_id, hour, labels) DO UPDATE SET
        stored_bytes = f.stored_bytes + excluded.stored_bytes,
        objects = f.objects + excluded.objects,
        avoided = f.avoided + excluded.avoided,
        avoided_bytes = f.avoided_bytes + excluded.avoided_bytes;
    DELETE FROM analytics_figures
    WHERE hour = '-infinity' AND stored_bytes = 0 AND objects = 0 AND avoided = 0;
    SELECT (convert_from(e.state, 'UTF8')::jsonb->'origin'->>'at')::timestamptz INTO come
    FROM subscriptions s JOIN upwell_events e ON e.notification_id = s.position
    WHERE s.name = 'analytics.v2' AND is_ours(e.topic);
    WITH gone AS (
        DELETE FROM analytics_groups WHERE ctid IN (
            SELECT ctid FROM analytics_groups
            WHERE month < date_trunc('month', least(until_, come) AT TIME ZONE 'UTC')::date LIMIT p_limit)
        RETURNING 1
    )
    SELECT count(*) INTO groups FROM gone;
    RETURN found_ = p_limit OR groups = p_limit;
END $$;

GRANT EXECUTE ON FUNCTION upwell.trim_analytics TO upwell_service;
