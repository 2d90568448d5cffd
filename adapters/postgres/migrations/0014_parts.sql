-- Uploads in parts.

SET LOCAL search_path = upwell, pg_temp;

-- `part_size`: of every part but the last. `storage_checks`: storage refuses other bytes than those that were announced.
-- `multipart_id`: storage's id of the upload, once parts were signed.
ALTER TABLE upwell.uploads
    ADD part_size      bigint,
    ADD storage_checks boolean NOT NULL DEFAULT false,
    ADD multipart_id   text;
-- What a `discard` aborts before it deletes.
ALTER TABLE upwell.jobs ADD multipart_id text;


-- Project the beginnings of several uploads, whose events stand one after the other in the log. `p_last`: the position of
-- the last one.
CREATE OR REPLACE FUNCTION upwell.project_requests(p_ids text[], p_status text, p_events jsonb[], p_last bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO uploads (
        upload_id, organization_id, namespace_id, bucket_id, version, position, status, filename, content_type,
        storage_key, declared_size_bytes, declared_sha256, url_expires_in_seconds, created_at, expires_at, due_at,
        metadata, create_object, object_metadata, blob_property, blob_type, skip_duplicates, unique_key, policy,
        existing_object_id, keeps_bytes, auto_confirm, part_size, storage_checks)
    SELECT
        n.id, o->>'organization_id', o->>'namespace_id', o->>'bucket_id', 1, p_last - cardinality(p_ids) + n.n, p_status, r->>'filename',
        r->>'content_type', r->>'storage_key', (r->>'declared_size_bytes')::bigint, r->>'declared_sha256',
        (r->>'url_expires_in_seconds')::integer, (o->>'at')::timestamptz, (r->>'expires_at')::timestamptz,
        (r->>'due_at')::timestamptz, nullif(r->'metadata', 'null'), (r->>'create_object')::boolean,
        nullif(r->'object_metadata', 'null'), r->>'blob_property', r->>'blob_type', (r->>'skip_duplicates')::boolean,
        r->>'unique_key', r->>'policy', n.e->>'existing_object_id', true,
        coalesce((r->>'auto_confirm')::boolean, false),
        (r->>'part_size')::bigint, coalesce((r->>'storage_checks')::boolean, false)
    FROM unnest(p_ids, p_events) WITH ORDINALITY n(id, e, n),
        LATERAL (SELECT n.e->'origin' o, n.e->'request' r OFFSET 0) parts;
END $$;


CREATE OR REPLACE FUNCTION upwell.project_upload(
    p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb,
    OUT reserved_ bigint, OUT accepted_ bigint
) LANGUAGE plpgsql AS $$
DECLARE
    o   jsonb := e->'origin';
    at_ timestamptz := (o->>'at')::timestamptz;
BEGIN
    reserved_ := 0;
    accepted_ := 0;
    CASE p_topic
    WHEN 'upload.requested.v1' THEN
        PERFORM project_requests(ARRAY[p_id], 'PENDING', ARRAY[e], p_position);
        reserved_ := (e->>'reserved_bytes')::bigint;
    WHEN 'upload.skipped.v1' THEN
        PERFORM project_requests(ARRAY[p_id], 'SKIPPED', ARRAY[e], p_position);
    WHEN 'upload.started.v1' THEN
        UPDATE uploads SET status = 'IN_PROGRESS', multipart_id = e->>'multipart_id', version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
    WHEN 'upload.url_reissued.v1' THEN
        UPDATE uploads SET expires_at = (e->>'expires_at')::timestamptz, due_at = (e->>'due_at')::timestamptz,
            version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
    WHEN 'upload.verification_began.v1' THEN
        UPDATE uploads SET status_before = status, status = 'PROCESSING', task_id = e->>'task_id', version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
    WHEN 'upload.verification_abandoned.v1' THEN
        UPDATE uploads SET status = status_before, status_before = NULL, version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
    WHEN 'upload.verified.v1' THEN
        UPDATE uploads SET size_bytes = (e->'content'->>'size_bytes')::bigint, sha256 = e->'content'->>'sha256',
            etag = e->'content'->>'etag', version_id = e->'content'->>'version_id', message = e->'content'->>'note',
            verified_at = at_, version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
    WHEN 'upload.completed.v1' THEN
        UPDATE uploads SET status = 'COMPLETED', status_before = NULL, completed_at = at_,
            object_id = e->>'object_id', duplicate_of = e->>'duplicate_of',
            existing_object_id = e->>'existing_object_id', keeps_bytes = (e->>'keeps_bytes')::boolean,
            version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
        reserved_ := -(e->>'released_bytes')::bigint;
        accepted_ := (e->>'accepted_bytes')::bigint;
        UPDATE buckets SET total_size_bytes = total_size_bytes + accepted_, last_upload_at = at_
        WHERE bucket_id = o->>'bucket_id';
    WHEN 'upload.failed.v1' THEN
        UPDATE uploads SET status = 'FAILED', status_before = NULL, message = e->>'message',
            failure_reason = e->>'reason', keeps_bytes = false, version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
        reserved_ := -(e->>'released_bytes')::bigint;
    WHEN 'upload.canceled.v1' THEN
        UPDATE uploads SET status = 'CANCELED', status_before = NULL, keeps_bytes = (e->>'keeps_bytes')::boolean,
            version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
        reserved_ := -(e->>'released_bytes')::bigint;
        accepted_ := (e->>'kept_bytes')::bigint;
        IF accepted_ <> 0 THEN
            UPDATE buckets SET total_size_bytes = total_size_bytes + accepted_ WHERE bucket_id = o->>'bucket_id';
        END IF;
    WHEN 'upload.content_changed.v1' THEN
        UPDATE uploads SET changed_etag = coalesce(e->>'etag', ''), version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
    WHEN 'upload.forgotten.v1' THEN
        DELETE FROM uploads WHERE upload_id = p_id AND version = p_version - 1;
        accepted_ := -(e->>'freed_bytes')::bigint;
        IF accepted_ <> 0 THEN
            UPDATE buckets SET total_size_bytes = total_size_bytes + accepted_ WHERE bucket_id = o->>'bucket_id';
        END IF;
    ELSE
        NULL;
    END CASE;
END $$;


-- Have the bytes of an upload deleted now, and once more when a URL that was given out has expired.
CREATE OR REPLACE FUNCTION upwell.set_discard(p_upload_id text, p_now timestamptz, p_again_at timestamptz)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO jobs (kind, upload_id, due_at, storage_key, multipart_id, again_at)
    SELECT 'discard', p_upload_id, p_now, storage_key, multipart_id, p_again_at FROM uploads
    WHERE upload_id = p_upload_id
    ON CONFLICT (upload_id, kind) DO UPDATE
    SET due_at = excluded.due_at, again_at = excluded.again_at, attempts = 0, lease = NULL, leased_until = NULL
$$;
