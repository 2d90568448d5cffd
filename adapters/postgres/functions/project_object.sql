-- Project one event of an object, with its claims and holds.
-- Called by: project.
-- Also in Python: domain.objects.object.evolve, domain.claims.held_after.

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
            unique_key, content_key, created_at, updated_at, position, version, deletes_at)
        VALUES (p_id, o->>'organization_id', o->>'namespace_id', o->>'bucket_id', e->'blobs',
            coalesce(nullif(e->'metadata', 'null'), '{}'), e->>'key_prefix', e->>'unique_key', e->>'content_key',
            at_, at_, p_position, p_version, (e->>'deletes_at')::timestamptz);
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
            content_key = e->>'content_key', updated_at = at_, version = p_version,
            deletes_at = CASE WHEN e ? 'deletes_at' THEN (e->>'deletes_at')::timestamptz ELSE deletes_at END
        WHERE object_id = p_id AND version = p_version - 1;
        PERFORM claim_object(p_id);
        PERFORM release_bytes(p_id, e->'released_upload_ids',
            ARRAY(SELECT b->>'upload_id' FROM jsonb_array_elements(e->'blobs') b));
        PERFORM hold_bytes(p_id, e->'blobs');
    WHEN 'object.deleted.v1' THEN
        PERFORM unclaim_object(p_id);
        PERFORM release_bytes(p_id, e->'released_upload_ids',
            ARRAY(SELECT jsonb_array_elements_text(e->'forgotten_upload_ids')));
        DELETE FROM objects WHERE object_id = p_id AND version = p_version - 1 RETURNING bucket_id, namespace_id INTO gone;
        UPDATE buckets SET object_count = object_count - 1 WHERE bucket_id = gone.bucket_id;
        UPDATE namespaces SET object_count = object_count - 1 WHERE namespace_id = gone.namespace_id;
    ELSE
        NULL;
    END CASE;
END $$;
