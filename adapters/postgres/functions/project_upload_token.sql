-- Project one event of an upload token.
-- Called by: project.
-- Also in Python: domain.keys.upload_token.evolve, adapters.memory.projecting.project.

CREATE OR REPLACE FUNCTION upwell.project_upload_token(
    p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    o   jsonb := e->'origin';
    at_ timestamptz := (o->>'at')::timestamptz;
BEGIN
    CASE p_topic
    WHEN 'upload.token_used.v1' THEN
        UPDATE upload_tokens SET used_count = used_count + 1,
            used_bytes = used_bytes + coalesce((e->>'size_bytes')::bigint, 0), last_used_at = at_, version = p_version
        WHERE token_id = p_id AND version = p_version - 1;
    WHEN 'upload.token_issued.v1' THEN
        INSERT INTO upload_tokens (token_id, organization_id, namespace_id, bucket_id, key_id, subject, content_types,
            max_size_bytes, max_total_bytes, max_count, upload_lifetime_seconds, policy, part_size, blob_property,
            token_hash, expires_at, created_at, version, position)
        VALUES (
            p_id, o->>'organization_id', coalesce(o->>'namespace_id', ''), coalesce(o->>'bucket_id', ''), e->>'key_id',
            e->>'subject', e->'content_types', (e->>'max_size_bytes')::bigint, (e->>'max_total_bytes')::bigint,
            (e->>'max_count')::integer, coalesce((e->>'upload_lifetime_seconds')::integer, 86400), e->>'policy',
            (e->>'part_size')::bigint, e->>'blob_property', e->>'token_hash', (e->>'expires_at')::timestamptz, at_,
            p_version, p_position);
    WHEN 'upload.token_renewed.v1' THEN
        UPDATE upload_tokens SET previous_token_hash = token_hash, previous_until = (e->>'previous_until')::timestamptz,
            token_hash = e->>'token_hash', expires_at = (e->>'expires_at')::timestamptz, renewed_at = at_,
            version = p_version
        WHERE token_id = p_id AND version = p_version - 1;
    WHEN 'upload.token_revoked.v1' THEN
        UPDATE upload_tokens SET revoked_at = at_, revoked_by = o->>'actor_id',
            lets_open_finish = coalesce((e->>'lets_open_finish')::boolean, false), version = p_version
        WHERE token_id = p_id AND version = p_version - 1;
    ELSE
        NULL;
    END CASE;
END $$;
