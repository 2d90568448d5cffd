-- Add the texts of up to `p_limit` next events to the search index, and return the number of events. One worker does
-- this at a time: others get 0. It does not wait for a writer that could wait for it, and a writer does not wait (see
-- `redact`). Texts are in lower case: ILIKE compares that way, and pg_trgm would split words before it lowers them
-- ("İstanbul", where only ASCII makes words), and miss some.
-- Called by: queries.sql (index_search).

CREATE OR REPLACE FUNCTION upwell.index_search(p_limit bigint) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = upwell, pg_temp SET plan_cache_mode = force_custom_plan SET enable_seqscan = off AS $$
DECLARE
    head  bigint;
    last_ bigint;
BEGIN
    IF to_regclass('upwell.search_texts_trigrams') IS NULL THEN
        RETURN 0;
    END IF;
    SELECT position INTO head FROM search_head FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    SELECT least(position, head + p_limit) INTO last_ FROM log_head;
    IF last_ <= head THEN
        RETURN 0;
    END IF;
    -- again after `redact`, which does not see a text that is being written
    DELETE FROM search_texts WHERE id IN (
        SELECT originator_id FROM upwell_events
        WHERE notification_id > head AND notification_id <= last_
            AND topic IN ('upload.deleted.v1', 'upload.forgotten.v1', 'object.deleted.v1'));
    -- an upload's text is that of its first event; an object's text may change with each event
    INSERT INTO search_texts (id, kind, organization_id, bucket_id, text)
    SELECT upload_id, 'upload', organization_id, bucket_id, lower(upload_text(filename, metadata)) FROM uploads
    WHERE upload_id IN (
        SELECT originator_id FROM upwell_events
        WHERE notification_id > head AND notification_id <= last_ AND originator_version = 1 AND topic LIKE 'upload.%')
    UNION ALL
    SELECT object_id, 'object', organization_id, bucket_id, lower(object_text(key_prefix, blobs, metadata))
    FROM objects
    WHERE object_id IN (
        SELECT originator_id FROM upwell_events
        WHERE notification_id > head AND notification_id <= last_ AND topic LIKE 'object.%')
    ON CONFLICT (id) DO UPDATE SET text = excluded.text WHERE search_texts.text <> excluded.text;
    UPDATE search_head SET position = last_;
    RETURN last_ - head;
END $$;

GRANT EXECUTE ON FUNCTION upwell.index_search TO upwell_service;
