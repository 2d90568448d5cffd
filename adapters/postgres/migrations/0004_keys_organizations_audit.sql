-- What organizations tell of themselves, their rate limits, and keys that can be changed and rotated.

SET LOCAL search_path = upwell, pg_temp;

-- `own_rate_limits`: those that were set for this organization; without them its tier's default counts.
ALTER TABLE upwell.organizations
    ADD own_rate_limits jsonb,
    ADD logo_url        text,
    ADD billing_email   text,
    ADD metadata        jsonb,
    ADD updated_at      timestamptz;
UPDATE upwell.organizations o SET updated_at = (
    SELECT (convert_from(state, 'UTF8')::jsonb->'origin'->>'at')::timestamptz FROM upwell.upwell_events e
    WHERE e.originator_id = o.organization_id ORDER BY originator_version DESC LIMIT 1);
ALTER TABLE upwell.organizations ALTER updated_at SET NOT NULL;


CREATE OR REPLACE FUNCTION upwell.project_organization(
    p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    o   jsonb := e->'origin';
    at_ timestamptz := (o->>'at')::timestamptz;
BEGIN
    CASE p_topic
    WHEN 'organization.created.v1' THEN
        INSERT INTO organizations (organization_id, internal_id, name, tier, quota_bytes, created_at, updated_at, version)
        VALUES (
            p_id, e->>'internal_id', e->>'name', e->>'tier', (e->>'quota_bytes')::bigint, at_, at_, p_version);
        INSERT INTO quotas VALUES (p_id, 0, 0);
    WHEN 'organization.limits_changed.v1' THEN
        UPDATE organizations SET tier = e->>'tier', quota_bytes = (e->>'quota_bytes')::bigint, updated_at = at_,
            version = p_version
        WHERE organization_id = p_id AND version = p_version - 1;
    WHEN 'organization.rate_limits_changed.v1' THEN
        UPDATE organizations SET own_rate_limits = e->'rate_limits', updated_at = at_, version = p_version
        WHERE organization_id = p_id AND version = p_version - 1;
    WHEN 'organization.profile_changed.v1' THEN
        UPDATE organizations SET name = e->>'name', logo_url = e->>'logo_url', billing_email = e->>'billing_email',
            metadata = nullif(e->'metadata', 'null'), updated_at = at_, version = p_version
        WHERE organization_id = p_id AND version = p_version - 1;
    ELSE
        NULL;
    END CASE;
END $$;


-- Whoever tells of itself anew has its former billing address no longer in the log.
CREATE FUNCTION upwell.redact_former_profiles() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE upwell.upwell_events
    SET state = convert_to((convert_from(state, 'UTF8')::jsonb || '{"billing_email": null}')::text, 'UTF8')
    WHERE originator_id = NEW.originator_id AND originator_version < NEW.originator_version AND topic = NEW.topic;
    RETURN NULL;
END $$;
CREATE TRIGGER redact_former_profiles AFTER INSERT ON upwell.upwell_events
    FOR EACH ROW WHEN (NEW.topic = 'organization.profile_changed.v1')
    EXECUTE FUNCTION upwell.redact_former_profiles();


-- `previous_key_hash`: of the secret before the last rotation, which opens until `previous_until`.
ALTER TABLE upwell.api_keys
    ADD allowed_origins   jsonb NOT NULL DEFAULT '[]',
    ADD previous_key_hash text UNIQUE,
    ADD previous_until    timestamptz;

-- When keys were used last, roughly. Operational: not rebuilt, and not worth a write-ahead log.
CREATE UNLOGGED TABLE upwell.key_uses (
    key_id          text PRIMARY KEY,
    organization_id text NOT NULL,
    last_used_at    timestamptz NOT NULL
);


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


-- The audit log of an organization: everything but uploads and objects, so that these cost nothing more.
CREATE INDEX upwell_events_audit ON upwell.upwell_events (organization_id, notification_id)
    WHERE topic NOT LIKE 'upload.%' AND topic NOT LIKE 'object.%';
-- What duplicates saved.
CREATE INDEX upwell_events_avoided ON upwell.upwell_events (organization_id)
    WHERE topic = 'upload.duplicate_avoided.v1';


REVOKE ALL ON ALL FUNCTIONS IN SCHEMA upwell FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE ON upwell.key_uses TO upwell_service;
