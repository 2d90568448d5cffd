-- Project one event of an organization.
-- Called by: project.
-- Also in Python: domain.organizations.organization.evolve.

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
    WHEN 'organization.rate_limits_changed.v2' THEN
        UPDATE organizations SET own_rate_limits = nullif(jsonb_strip_nulls(e->'rate_limits'), '{}'), updated_at = at_,
            version = p_version
        WHERE organization_id = p_id AND version = p_version - 1;
    WHEN 'organization.profile_changed.v1' THEN
        UPDATE organizations SET name = e->>'name', logo_url = e->>'logo_url', billing_email = e->>'billing_email',
            metadata = nullif(e->'metadata', 'null'), updated_at = at_, version = p_version
        WHERE organization_id = p_id AND version = p_version - 1;
    ELSE
        NULL;
    END CASE;
END $$;
