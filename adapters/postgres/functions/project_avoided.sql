-- Project a file that was announced and not sent, because an earlier upload has its bytes.
-- Called by: project.

CREATE OR REPLACE FUNCTION upwell.project_avoided(p_id text, p_position bigint, e jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO avoided_duplicates
    SELECT p_id, o->>'organization_id', coalesce(o->>'namespace_id', ''), coalesce(o->>'bucket_id', ''),
        e->>'original_upload_id', e->>'sha256', (e->>'saved_bytes')::bigint, (o->>'at')::timestamptz, p_position,
        r->>'filename', r->>'content_type', (r->>'declared_size_bytes')::bigint, nullif(r->'metadata', 'null'),
        (r->>'create_object')::boolean, nullif(r->'object_metadata', 'null'), r->>'blob_property',
        (r->>'deletes_at')::timestamptz
    FROM (SELECT e->'origin' o, e->'request' r) parts;
END $$;
