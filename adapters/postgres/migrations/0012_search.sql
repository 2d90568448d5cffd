-- Search by trigrams, where the extension pg_trgm can be had: the texts that search looks through stand in a table beside
-- the read tables, which a worker keeps up to date from the log. Nothing of it is written with an upload.

SET LOCAL search_path = upwell, pg_temp;

-- What search looks through of an upload or an object; `adapters/postgres/listing.py` names the same functions.
CREATE FUNCTION upwell.upload_text(p_filename text, p_metadata jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(p_filename, '') || ' ' || coalesce(p_metadata::text, '')
$$;
CREATE FUNCTION upwell.object_text(p_key_prefix text, p_blobs jsonb, p_metadata jsonb)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(p_key_prefix, '') || ' ' || p_blobs::text || ' ' || p_metadata::text
$$;

-- The text of each upload and object as it was when the log was read up to `search_head`. Operational: not rebuilt.
-- In lower case: ILIKE compares so, and pg_trgm would look for words before it lowers them ("İstanbul", where only ASCII
-- makes words), and miss some.
CREATE TABLE upwell.search_texts (
    id              text PRIMARY KEY,
    -- upload or object
    kind            text NOT NULL,
    organization_id text NOT NULL,
    bucket_id       text NOT NULL,
    text            text NOT NULL
);
SELECT upwell.guard('search_texts');

-- The position up to which the log was read. One row; whoever reads on holds it.
CREATE TABLE upwell.search_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint  NOT NULL
) WITH (fillfactor = 10);
INSERT INTO upwell.search_head (position) VALUES (0);


-- Make the index that all this is for, if that is possible; without it search looks at the rows of its bucket. May be
-- called again by the owner when the extension has been installed later.
CREATE FUNCTION upwell.prepare_search() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    home text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
        IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
            RETURN false;
        END IF;
        CREATE SCHEMA IF NOT EXISTS upwell_extensions;
        CREATE EXTENSION pg_trgm SCHEMA upwell_extensions;
    END IF;
    SELECT n.nspname INTO home FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_trgm';
    EXECUTE format(
        'CREATE INDEX IF NOT EXISTS search_texts_trigrams ON upwell.search_texts USING gin (text %I.gin_trgm_ops)', home);
    RETURN true;
EXCEPTION WHEN insufficient_privilege THEN
    RETURN false;
END $$;
SELECT upwell.prepare_search();


-- Read the log on by up to p_limit events, and return by how many. One worker does at a time: the others are told 0.
-- The writer is never waited for while it could wait for this, and does not wait (see `redact`).
CREATE FUNCTION upwell.index_search(p_limit bigint) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
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
    -- once more after `redact`, which does not see a text that is just being written
    DELETE FROM search_texts WHERE id IN (
        SELECT originator_id FROM upwell_events
        WHERE notification_id > head AND notification_id <= last_
            AND topic IN ('upload.forgotten.v1', 'object.deleted.v1'));
    -- an upload's text is that of its first event; an object's may change with each
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


-- Return the ids of the uploads or objects (`p_kind`) of a bucket whose text is like `p_pattern` (for ILIKE); perhaps a
-- few more, whose text has changed since. NULL: that cannot be told quickly. Only of the organization that asks: the
-- function sees through the wall, as LIKE may not use an index behind it.
CREATE FUNCTION upwell.search_candidates(p_kind text, p_bucket_id text, p_pattern text, p_limit integer)
RETURNS text[] LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = upwell, pg_temp SET plan_cache_mode = force_custom_plan SET enable_seqscan = off AS $$
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
    -- and of what the log tells behind the head
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


-- Make the personal fields of a stream's stored events null, or leave out those that may be absent, and remove its text
-- from search. Position, version and tag stay. A text that is being written this moment is not waited for: `index_search`
-- removes it when it comes to the event.
CREATE OR REPLACE FUNCTION upwell.redact(p_id text) RETURNS void LANGUAGE sql AS $$
    UPDATE upwell_events SET state = convert_to(
        (s.e || CASE WHEN s.e ? 'request' THEN jsonb_build_object('request', (s.e->'request') || jsonb_build_object(
                    'filename', NULL, 'storage_key', NULL, 'metadata', NULL, 'object_metadata', NULL)) ELSE '{}' END
             || CASE WHEN s.e ? 'blobs' THEN jsonb_build_object('metadata', NULL, 'blobs', (
                    SELECT coalesce(jsonb_agg(b - '{data,metadata,key_prefix}'::text[]
                        || '{"filename": null, "storage_key": null}' ORDER BY n), '[]')
                    FROM jsonb_array_elements(s.e->'blobs') WITH ORDINALITY x(b, n))) ELSE '{}' END)::text, 'UTF8')
    FROM (SELECT originator_version v, convert_from(state, 'UTF8')::jsonb - 'key_prefix' e FROM upwell_events
          WHERE originator_id = p_id) s
    WHERE originator_id = p_id AND originator_version = s.v AND (s.e ? 'request' OR s.e ? 'blobs');
    DELETE FROM search_texts
    WHERE id IN (SELECT t.id FROM search_texts t WHERE t.id = p_id FOR UPDATE SKIP LOCKED);
$$;


REVOKE ALL ON ALL FUNCTIONS IN SCHEMA upwell FROM PUBLIC;
GRANT EXECUTE ON FUNCTION upwell.upload_text, upwell.object_text, upwell.index_search, upwell.search_candidates
    TO upwell_service;
GRANT SELECT ON upwell.search_texts, upwell.search_head TO upwell_service;
