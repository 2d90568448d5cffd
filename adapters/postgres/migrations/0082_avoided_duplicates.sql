-- What was announced of files that were not sent, because an earlier upload has their bytes. It can be listed as long as
-- that upload is there, and what is personal about it is redacted with that upload's events.

SET LOCAL search_path = upwell, pg_temp;

CREATE TABLE upwell.avoided_duplicates (
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
CREATE INDEX avoided_duplicates_by_bucket ON upwell.avoided_duplicates (bucket_id, position);
CREATE INDEX avoided_duplicates_by_original ON upwell.avoided_duplicates (original_upload_id);
GRANT SELECT ON upwell.avoided_duplicates TO upwell_service;
SELECT upwell.guard('avoided_duplicates');


-- Make the personal fields of a stream's stored events null, or leave out those that may be absent, and remove its text
-- from search. Position, version and tag stay. A text that is being written this moment is not waited for: `index_search`
-- removes it when it comes to the event.
CREATE OR REPLACE FUNCTION upwell.redact(p_id text) RETURNS void LANGUAGE sql AS $$
    UPDATE upwell_events SET state = convert_to(
        (s.e || CASE WHEN jsonb_typeof(s.e->'request') = 'object' THEN jsonb_build_object('request', (
                    SELECT jsonb_object_agg(key, CASE WHEN key NOT IN (
                        'filename', 'storage_key', 'metadata', 'object_metadata') THEN value END)
                    FROM jsonb_each(s.e->'request'))) ELSE '{}' END
             || CASE WHEN s.e ? 'blobs' THEN jsonb_build_object('metadata', NULL, 'blobs', (
                    SELECT coalesce(jsonb_agg(b - '{data,metadata,key_prefix}'::text[]
                        || '{"filename": null, "storage_key": null}' ORDER BY n), '[]')
                    FROM jsonb_array_elements(s.e->'blobs') WITH ORDINALITY x(b, n))) ELSE '{}' END
             || CASE WHEN s.e ? 'storage_key' THEN '{"storage_key": null}'::jsonb ELSE '{}' END)::text, 'UTF8')
    FROM (SELECT originator_version v, convert_from(state, 'UTF8')::jsonb - 'key_prefix' e FROM upwell_events
          WHERE originator_id = p_id) s
    WHERE originator_id = p_id AND originator_version = s.v AND s.e ?| '{request,blobs,storage_key}';
    DELETE FROM search_texts
    WHERE id IN (SELECT t.id FROM search_texts t WHERE t.id = p_id FOR UPDATE SKIP LOCKED);
$$;


-- Project a file that was announced and not sent.
CREATE FUNCTION upwell.project_avoided(p_id text, p_position bigint, e jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO avoided_duplicates
    SELECT p_id, o->>'organization_id', coalesce(o->>'namespace_id', ''), coalesce(o->>'bucket_id', ''),
        e->>'original_upload_id', e->>'sha256', (e->>'saved_bytes')::bigint, (o->>'at')::timestamptz, p_position,
        r->>'filename', r->>'content_type', (r->>'declared_size_bytes')::bigint, nullif(r->'metadata', 'null'),
        (r->>'create_object')::boolean, nullif(r->'object_metadata', 'null'), r->>'blob_property',
        (r->>'deletes_at')::timestamptz
    FROM (SELECT e->'origin' o, e->'request' r) parts
$$;


-- Have what was announced of files that were not sent go with the upload that has their bytes. A rebuild finds it redacted.
CREATE FUNCTION upwell.forget_avoided(p_upload_id text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM redact(duplicate_id) FROM avoided_duplicates
    WHERE original_upload_id = p_upload_id AND filename IS NOT NULL;
    DELETE FROM avoided_duplicates WHERE original_upload_id = p_upload_id;
END $$;


-- Project one event into the read tables. Reads the event alone: no clock, no chance. Topics that are not ours: nothing.
-- What it changes in its organization's quota is returned and written by the caller, once for many events: every update
-- of one row in one transaction makes the next one slower.
CREATE OR REPLACE FUNCTION upwell.project(
    p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb,
    OUT reserved_ bigint, OUT accepted_ bigint
) LANGUAGE plpgsql AS $$
DECLARE
    change record;
BEGIN
    reserved_ := 0;
    accepted_ := 0;
    IF p_topic NOT LIKE '%.v_' THEN
        RETURN;
    END IF;
    CASE split_part(p_topic, '.', 1)
    WHEN 'upload' THEN
        change := project_upload(p_id, p_version, p_topic, p_position, e);  -- no query: cheaper for each event
        reserved_ := change.reserved_;
        accepted_ := change.accepted_;
        IF p_topic = 'upload.duplicate_avoided.v1' THEN
            PERFORM project_avoided(p_id, p_position, e);
        ELSIF p_topic IN ('upload.deleted.v1', 'upload.forgotten.v1') THEN
            PERFORM forget_avoided(p_id);
        END IF;
    WHEN 'object' THEN
        PERFORM project_object(p_id, p_version, p_topic, p_position, e);
    WHEN 'bucket' THEN
        PERFORM project_bucket(p_id, p_version, p_topic, p_position, e);
        IF p_topic IN ('bucket.created.v1', 'bucket.updated.v1') THEN
            UPDATE buckets SET retention_seconds = (e->>'retention_seconds')::bigint
            WHERE bucket_id = p_id AND version = p_version;
        END IF;
    WHEN 'namespace' THEN
        PERFORM project_namespace(p_id, p_version, p_topic, p_position, e);
    WHEN 'api_key' THEN
        PERFORM project_api_key(p_id, p_version, p_topic, p_position, e);
        IF p_topic = 'api_key.revoked.v1' THEN
            UPDATE api_keys SET lets_open_finish = coalesce((e->>'lets_open_finish')::boolean, false)
            WHERE key_id = p_id AND version = p_version;
        END IF;
    WHEN 'organization' THEN
        PERFORM project_organization(p_id, p_version, p_topic, p_position, e);
    WHEN 'webhook' THEN
        PERFORM project_webhook(p_id, p_version, p_topic, p_position, e);
    ELSE
        NULL;
    END CASE;
END $$;


-- those that the log has already
SELECT upwell.project_avoided(v.originator_id, v.notification_id, v.e)
FROM (
    SELECT originator_id, notification_id, convert_from(state, 'UTF8')::jsonb e FROM upwell_events
    WHERE topic = 'upload.duplicate_avoided.v1'
) v
WHERE EXISTS (SELECT FROM uploads u WHERE u.upload_id = v.e->>'original_upload_id');

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA upwell FROM PUBLIC;
