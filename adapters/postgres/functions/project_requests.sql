-- Project the first events of several uploads. `p_positions`: their positions in the log.
-- Called by: project_upload, write_run.
-- Also in Python: domain.uploads.upload.evolve.

CREATE OR REPLACE FUNCTION upwell.project_requests(p_ids text[], p_status text, p_events jsonb[], p_positions bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO uploads (
        upload_id, organization_id, namespace_id, bucket_id, version, position, status, filename, content_type,
        storage_key, declared_size_bytes, declared_sha256, url_expires_in_seconds, created_at, expires_at, due_at,
        metadata, create_object, object_metadata, blob_property, blob_type, skip_duplicates, unique_key, policy,
        existing_object_id, keeps_bytes, auto_confirm, part_size, storage_checks, deletes_at, post_range)
    SELECT
        n.id, o->>'organization_id', o->>'namespace_id', o->>'bucket_id', 1, n.position, p_status, r->>'filename',
        r->>'content_type', r->>'storage_key', (r->>'declared_size_bytes')::bigint, r->>'declared_sha256',
        (r->>'url_expires_in_seconds')::integer, (o->>'at')::timestamptz, (r->>'expires_at')::timestamptz,
        (r->>'due_at')::timestamptz, nullif(r->'metadata', 'null'), (r->>'create_object')::boolean,
        nullif(r->'object_metadata', 'null'), r->>'blob_property', r->>'blob_type', (r->>'skip_duplicates')::boolean,
        r->>'unique_key', r->>'policy', n.e->>'existing_object_id', true,
        coalesce((r->>'auto_confirm')::boolean, false),
        (r->>'part_size')::bigint, coalesce((r->>'storage_checks')::boolean, false),
        CASE p_status WHEN 'PENDING' THEN (r->>'deletes_at')::timestamptz END,
        CASE WHEN r ? 'post_range' THEN ARRAY[r->'post_range'->0, r->'post_range'->1]::bigint[] END
    FROM unnest(p_ids, p_events, p_positions) n(id, e, position),
        LATERAL (SELECT n.e->'origin' o, n.e->'request' r OFFSET 0) parts;
END $$;
