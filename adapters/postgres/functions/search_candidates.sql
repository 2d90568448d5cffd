-- Return the ids of the uploads or objects (`p_kind`) of a bucket whose text matches `p_pattern` (for ILIKE), and
-- perhaps a few more whose text has changed since. NULL: no fast answer. Only for the organization of the caller: the
-- function bypasses row-level security, under which LIKE may not use an index.
-- The index of trigrams can only be read by a bitmap, which the sessions of tenants turn off.
-- Called by: queries.sql (search_candidates).

CREATE OR REPLACE FUNCTION upwell.search_candidates(p_kind text, p_bucket_id text, p_pattern text, p_limit integer)
RETURNS text[] LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = upwell, pg_temp SET plan_cache_mode = force_custom_plan SET enable_seqscan = off
SET enable_bitmapscan = on AS $$
DECLARE
    asking text := current_setting('upwell.organization_id', true);
    head   bigint;
    ids    text[];
BEGIN
    IF p_pattern !~ '[[:alnum:]]{3}' OR to_regclass('upwell.search_texts_trigrams') IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT position INTO head FROM search_head;
    IF head < (SELECT position - 20000 FROM log_head) THEN
        RETURN NULL;
    END IF;
    ids := ARRAY(
        SELECT id FROM search_texts
        WHERE text LIKE lower(p_pattern) AND kind = p_kind AND bucket_id = p_bucket_id
            AND asking IN ('*', organization_id)
        LIMIT p_limit + 1);
    IF cardinality(ids) > p_limit THEN
        RETURN NULL;
    END IF;
    -- and of the events after the head
    RETURN ids || CASE p_kind
    WHEN 'upload' THEN ARRAY(
        SELECT upload_id FROM uploads
        WHERE bucket_id = p_bucket_id AND asking IN ('*', organization_id)
            AND upload_text(filename, metadata) ILIKE p_pattern
            AND upload_id IN (
                SELECT originator_id FROM upwell_events
                WHERE notification_id > head AND originator_version = 1 AND topic LIKE 'upload.%'))
    ELSE ARRAY(
        SELECT object_id FROM objects
        WHERE bucket_id = p_bucket_id AND asking IN ('*', organization_id)
            AND object_text(key_prefix, blobs, metadata) ILIKE p_pattern
            AND object_id IN (
                SELECT originator_id FROM upwell_events WHERE notification_id > head AND topic LIKE 'object.%'))
    END;
END $$;

GRANT EXECUTE ON FUNCTION upwell.search_candidates TO upwell_service;
