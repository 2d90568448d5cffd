-- Project one event of an API key, with the claim of its name.
-- Called by: project.
-- Also in Python: domain.keys.api_key.evolve, domain.claims.held_after.

CREATE OR REPLACE FUNCTION upwell.project_api_key(
    p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    o   jsonb := e->'origin';
    at_ timestamptz := (o->>'at')::timestamptz;
    org text := o->>'organization_id';
BEGIN
    CASE p_topic
    WHEN 'api_key.created.v1' THEN
        INSERT INTO api_keys (key_id, organization_id, user_id, name, description, key_hash, prefix, permissions, scopes,
            rate_limit_override, expires_at, created_at, created_by, version)
        VALUES (
            p_id, org, e->>'user_id', e->>'name', e->>'description', e->>'key_hash', e->>'prefix', e->'permissions',
            e->'scopes', (e->>'rate_limit_override')::integer, (e->>'expires_at')::timestamptz, at_, o->>'actor_id',
            p_version);
        INSERT INTO claims VALUES ('key:' || org || ':' || (e->>'user_id'), e->>'name', p_id);
    WHEN 'api_key.rotated.v1' THEN
        UPDATE api_keys SET previous_key_hash = key_hash, previous_until = (e->>'previous_until')::timestamptz,
            key_hash = e->>'key_hash', prefix = e->>'prefix', version = p_version
        WHERE key_id = p_id AND version = p_version - 1;
    WHEN 'api_key.settings_changed.v1' THEN
        UPDATE claims c SET key = e->>'name' FROM api_keys k
        WHERE k.key_id = p_id AND c.scope = 'key:' || k.organization_id || ':' || k.user_id AND c.key = k.name
            AND c.owner_id = p_id AND c.key <> e->>'name';
        UPDATE api_keys SET name = e->>'name', description = e->>'description',
            rate_limit_override = (e->>'rate_limit_override')::integer,
            expires_at = (e->>'expires_at')::timestamptz, version = p_version
        WHERE key_id = p_id AND version = p_version - 1;
    WHEN 'api_key.permissions_changed.v1' THEN
        UPDATE api_keys SET permissions = e->'permissions', version = p_version
        WHERE key_id = p_id AND version = p_version - 1;
    WHEN 'api_key.scopes_changed.v1' THEN
        UPDATE api_keys SET scopes = e->'scopes', allowed_origins = e->'allowed_origins', version = p_version
        WHERE key_id = p_id AND version = p_version - 1;
    WHEN 'api_key.revoked.v1' THEN
        UPDATE api_keys SET revoked_at = at_, revoked_by = o->>'actor_id', version = p_version
        WHERE key_id = p_id AND version = p_version - 1;
        DELETE FROM claims WHERE owner_id = p_id
            AND (scope, key) = (SELECT 'key:' || k.organization_id || ':' || k.user_id, k.name
                                FROM api_keys k WHERE k.key_id = p_id);
    ELSE
        NULL;
    END CASE;
END $$;
