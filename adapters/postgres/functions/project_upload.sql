-- Project one event of an upload, and return the change of its organization's quota. The domain decides the states and
-- transitions; an update finds its row by the previous version.
-- Called by: project.
-- Also in Python: domain.uploads.upload.evolve, domain.organizations.ledger.change_of.

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
        PERFORM project_requests(ARRAY[p_id], 'PENDING', ARRAY[e], ARRAY[p_position]);
        reserved_ := (e->>'reserved_bytes')::bigint;
    WHEN 'upload.skipped.v1' THEN
        PERFORM project_requests(ARRAY[p_id], 'SKIPPED', ARRAY[e], ARRAY[p_position]);
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
            own_end = (e->>'deletes_at')::timestamptz, deletes_at = (e->>'deletes_at')::timestamptz,
            version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
        reserved_ := -(e->>'released_bytes')::bigint;
        accepted_ := (e->>'accepted_bytes')::bigint;
        UPDATE buckets SET total_size_bytes = total_size_bytes + accepted_, last_upload_at = at_
        WHERE bucket_id = o->>'bucket_id';
    WHEN 'upload.failed.v1' THEN
        UPDATE uploads SET status = 'FAILED', status_before = NULL, message = e->>'message',
            failure_reason = e->>'reason', keeps_bytes = false, deletes_at = NULL, version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
        reserved_ := -(e->>'released_bytes')::bigint;
    WHEN 'upload.canceled.v1' THEN
        UPDATE uploads SET status = 'CANCELED', status_before = NULL, keeps_bytes = (e->>'keeps_bytes')::boolean,
            deletes_at = NULL, version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
        reserved_ := -(e->>'released_bytes')::bigint;
        accepted_ := (e->>'kept_bytes')::bigint;
        IF accepted_ <> 0 THEN
            UPDATE buckets SET total_size_bytes = total_size_bytes + accepted_ WHERE bucket_id = o->>'bucket_id';
        END IF;
    WHEN 'upload.content_changed.v1' THEN
        UPDATE uploads SET changed_etag = coalesce(e->>'etag', ''), version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
    WHEN 'upload.bytes_inherited.v1' THEN
        -- this comes before the event that deletes the upload that it inherits from
        UPDATE uploads SET storage_key = e->>'storage_key', etag = e->>'etag', version_id = e->>'version_id',
            due_at = (e->>'due_at')::timestamptz, keeps_bytes = true, duplicate_of = NULL, object_id = NULL,
            inherited_from = coalesce(
                (SELECT inherited_from FROM uploads WHERE upload_id = e->>'from_upload_id'), e->>'from_upload_id'),
            version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
        UPDATE uploads SET duplicate_of = p_id WHERE duplicate_of = e->>'from_upload_id';
        accepted_ := (e->>'accepted_bytes')::bigint;
        UPDATE buckets SET total_size_bytes = total_size_bytes + accepted_ WHERE bucket_id = o->>'bucket_id';
    WHEN 'upload.deleted.v1', 'upload.forgotten.v1' THEN
        DELETE FROM uploads WHERE upload_id = p_id AND version = p_version - 1;
        accepted_ := -(e->>'freed_bytes')::bigint;
        IF accepted_ <> 0 THEN
            UPDATE buckets SET total_size_bytes = total_size_bytes + accepted_ WHERE bucket_id = o->>'bucket_id';
        END IF;
    ELSE
        NULL;
    END CASE;
END $$;
