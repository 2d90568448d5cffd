-- What organizations tell of themselves and their rate limits.

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


REVOKE ALL ON ALL FUNCTIONS IN SCHEMA upwell FROM PUBLIC;
