-- Objects that are made, changed and deleted by clients: what they hold and claim stands in their row.

SET LOCAL search_path = upwell, pg_temp;

-- `unique_key`, `content_key`: the digests that the object claims, in the scopes `object:…` and `content:…` of its bucket.
ALTER TABLE upwell.objects ADD key_prefix text, ADD unique_key text, ADD content_key text;
UPDATE upwell.objects o SET unique_key = c.key
FROM upwell.claims c WHERE c.scope = 'object:' || o.bucket_id AND c.owner_id = o.object_id;


-- Take an object's claims, or give them back.
CREATE FUNCTION upwell.claim_object(p_id text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO claims
    SELECT k.kind || o.bucket_id, k.key, o.object_id
    FROM objects o, LATERAL (VALUES ('object:', o.unique_key), ('content:', o.content_key)) k(kind, key)
    WHERE o.object_id = p_id AND k.key IS NOT NULL
$$;
CREATE FUNCTION upwell.unclaim_object(p_id text) RETURNS void LANGUAGE sql AS $$
    DELETE FROM claims c USING objects o
    WHERE o.object_id = p_id AND c.owner_id = p_id
        AND (c.scope, c.key) IN (('object:' || o.bucket_id, o.unique_key), ('content:' || o.bucket_id, o.content_key))
$$;

-- Have an object hold the uploads whose bytes its blobs are.
CREATE FUNCTION upwell.hold_bytes(p_id text, p_blobs jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO holds
    SELECT DISTINCT b->>'upload_id', p_id FROM jsonb_array_elements(p_blobs) b WHERE b->>'upload_id' IS NOT NULL;
    UPDATE uploads SET object_id = p_id
    WHERE object_id IS NULL AND upload_id IN (SELECT b->>'upload_id' FROM jsonb_array_elements(p_blobs) b);
END $$;

-- Have an object hold nothing; what it let go of is said to be of another object that holds it, if any does.
CREATE FUNCTION upwell.release_bytes(p_id text, p_released jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM holds WHERE object_id = p_id;
    UPDATE uploads u SET object_id = (SELECT min(h.object_id) FROM holds h WHERE h.upload_id = u.upload_id)
    WHERE u.object_id = p_id AND u.upload_id IN (SELECT jsonb_array_elements_text(p_released));
END $$;
-- Of one object: the primary key begins with the upload.
CREATE INDEX holds_object ON upwell.holds (object_id);


CREATE OR REPLACE FUNCTION upwell.project_object(
    p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    o   jsonb := e->'origin';
    at_ timestamptz := (o->>'at')::timestamptz;
    gone record;
BEGIN
    CASE p_topic
    WHEN 'object.created.v1' THEN
        INSERT INTO objects (object_id, organization_id, namespace_id, bucket_id, blobs, metadata, key_prefix,
            unique_key, content_key, created_at, updated_at, position, version)
        VALUES (p_id, o->>'organization_id', o->>'namespace_id', o->>'bucket_id', e->'blobs',
            coalesce(nullif(e->'metadata', 'null'), '{}'), e->>'key_prefix', e->>'unique_key', e->>'content_key',
            at_, at_, p_position, p_version);
        PERFORM hold_bytes(p_id, e->'blobs');
        IF e->>'unique_key' IS NOT NULL OR e->>'content_key' IS NOT NULL THEN
            PERFORM claim_object(p_id);
        END IF;
        UPDATE buckets SET object_count = object_count + 1 WHERE bucket_id = o->>'bucket_id';
        UPDATE namespaces SET object_count = object_count + 1 WHERE namespace_id = o->>'namespace_id';
    WHEN 'object.updated.v1' THEN
        PERFORM unclaim_object(p_id);
        UPDATE objects SET blobs = e->'blobs', metadata = coalesce(nullif(e->'metadata', 'null'), '{}'),
            key_prefix = e->>'key_prefix', unique_key = coalesce(e->>'unique_key', unique_key),
            content_key = e->>'content_key', updated_at = at_, version = p_version
        WHERE object_id = p_id AND version = p_version - 1;
        PERFORM claim_object(p_id);
        PERFORM release_bytes(p_id, e->'released_upload_ids');
        PERFORM hold_bytes(p_id, e->'blobs');
    WHEN 'object.deleted.v1' THEN
        PERFORM unclaim_object(p_id);
        PERFORM release_bytes(p_id, e->'released_upload_ids');
        DELETE FROM objects WHERE object_id = p_id AND version = p_version - 1 RETURNING bucket_id, namespace_id INTO gone;
        UPDATE buckets SET object_count = object_count - 1 WHERE bucket_id = gone.bucket_id;
        UPDATE namespaces SET object_count = object_count - 1 WHERE namespace_id = gone.namespace_id;
    ELSE
        NULL;
    END CASE;
END $$;


-- Write and remove the jobs that one event of an object calls for, before it is projected, and forget what is personal
-- in the stream of one that was deleted. Returns whether a worker should look at once.
CREATE FUNCTION upwell.schedule_object(p_id text, p_topic text, e jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    CASE p_topic
    WHEN 'object.created.v1' THEN
        DELETE FROM jobs WHERE kind = 'forget'
            AND upload_id IN (SELECT b->>'upload_id' FROM jsonb_array_elements(e->'blobs') b);
    WHEN 'object.updated.v1' THEN
        DELETE FROM jobs WHERE kind = 'forget'
            AND upload_id IN (SELECT b->>'upload_id' FROM jsonb_array_elements(e->'blobs') b);
        PERFORM set_job('forget', r, (e->>'forget_at')::timestamptz)
        FROM jsonb_array_elements_text(e->'released_upload_ids') r;
    WHEN 'object.deleted.v1' THEN
        PERFORM redact(p_id);
        -- of two holders that go at once each may leave an upload to the other
        PERFORM set_job('forget', r, (e->'origin'->>'at')::timestamptz)
        FROM jsonb_array_elements_text(e->'released_upload_ids') r;
        RETURN e->'released_upload_ids' <> '[]';
    ELSE
        NULL;
    END CASE;
    RETURN false;
END $$;

-- Write and remove the jobs that one event calls for, before it is projected. Returns whether a worker should look at
-- once.
CREATE OR REPLACE FUNCTION upwell.schedule(p_id text, p_topic text, e jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    at_ timestamptz := (e->'origin'->>'at')::timestamptz;
BEGIN
    CASE p_topic
    WHEN 'upload.requested.v1' THEN
        INSERT INTO jobs (kind, upload_id, due_at) VALUES ('expire', p_id, (e->'request'->>'due_at')::timestamptz);
        RETURN false;
    WHEN 'upload.skipped.v1' THEN
        PERFORM set_job('forget', p_id, (e->>'forget_at')::timestamptz);
    WHEN 'upload.url_reissued.v1' THEN
        PERFORM set_job('expire', p_id, (e->>'due_at')::timestamptz);
    WHEN 'upload.verification_began.v1' THEN
        DELETE FROM jobs WHERE upload_id = p_id AND kind = 'expire';
        -- whoever confirms inline is at it now; a worker takes over only if that process is gone
        PERFORM set_job('verify', p_id, at_ + CASE WHEN (e->>'inline')::boolean THEN interval '60 seconds'
                                                   ELSE interval '0' END);
        RETURN NOT (e->>'inline')::boolean;
    WHEN 'upload.verification_abandoned.v1' THEN
        PERFORM set_job('verify', p_id, (e->>'retry_at')::timestamptz);
        PERFORM set_job('expire', p_id, (e->>'due_at')::timestamptz);
    WHEN 'upload.completed.v1' THEN
        DELETE FROM jobs WHERE upload_id = p_id;
        IF e->>'forget_at' IS NOT NULL THEN
            PERFORM set_job('forget', p_id, (e->>'forget_at')::timestamptz);
        END IF;
        IF NOT (e->>'keeps_bytes')::boolean THEN
            PERFORM set_discard(p_id, at_, (e->>'due_at')::timestamptz);
            RETURN true;
        ELSIF EXISTS (SELECT FROM uploads WHERE upload_id = p_id AND version_id IS NULL) THEN
            PERFORM set_job('recheck', p_id, (e->>'due_at')::timestamptz);
        END IF;
    WHEN 'upload.failed.v1', 'upload.canceled.v1' THEN
        DELETE FROM jobs WHERE upload_id = p_id;
        PERFORM set_job('forget', p_id, (e->>'forget_at')::timestamptz);
        IF p_topic = 'upload.failed.v1' OR NOT (e->>'keeps_bytes')::boolean THEN
            PERFORM set_discard(p_id, at_, (e->>'due_at')::timestamptz);
            RETURN true;
        END IF;
    WHEN 'upload.forgotten.v1' THEN
        DELETE FROM jobs WHERE upload_id = p_id;
        PERFORM set_discard(p_id, at_, due_at) FROM uploads WHERE upload_id = p_id;
        RETURN true;
    WHEN 'object.created.v1', 'object.updated.v1', 'object.deleted.v1' THEN
        RETURN schedule_object(p_id, p_topic, e);
    ELSE
        NULL;
    END CASE;
    RETURN false;
END $$;


-- Make the personal fields of a stream's stored events null, or leave out those that may be absent. Position, version and
-- tag stay.
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
    WHERE originator_id = p_id AND originator_version = s.v AND (s.e ? 'request' OR s.e ? 'blobs')
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA upwell FROM PUBLIC;
