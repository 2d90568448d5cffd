-- Return the sums of two objects of counters, without those that are 0.
-- Called by: queries.sql (add_analytics_figures).

CREATE OR REPLACE FUNCTION upwell.add_counts(p_counts jsonb, p_more jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(name, total), '{}') FROM (
        SELECT name, sum(count::bigint) AS total FROM (
            SELECT * FROM jsonb_each_text(p_counts) UNION ALL SELECT * FROM jsonb_each_text(p_more)
        ) both_(name, count)
        GROUP BY name
    ) sums
    WHERE total <> 0
$$;
GRANT EXECUTE ON FUNCTION upwell.add_counts TO upwell_service;
