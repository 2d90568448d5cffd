-- Project one event of a webhook, with the claim of its name. The webhook acts for the key that created it, or last
-- changed it.
-- Called by: project.
-- Also in Python: domain.webhooks.webhook.evolve, domain.claims.held_after.

CREATE OR REPLACE FUNCTION upwell.project_webhook(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    o      jsonb := e->'origin';
    at_    timestamptz := (o->>'at')::timestamptz;
    scope_ text := 'webhook:' || (o->>'organization_id');
BEGIN
    IF p_topic IN ('webhook.updated.v1', 'webhook.deleted.v1') THEN
        DELETE FROM claims WHERE scope = scope_ AND owner_id = p_id
            AND key = (SELECT settings->>'name' FROM webhooks WHERE webhook_id = p_id);
    END IF;
    CASE p_topic
    WHEN 'webhook.created.v1' THEN
        INSERT INTO webhooks VALUES (
            p_id, o->>'organization_id', e->'settings', NULL, at_, at_, p_position, p_version, o->>'actor_id');
        INSERT INTO claims VALUES (scope_, e->'settings'->>'name', p_id);
    WHEN 'webhook.updated.v1' THEN
        INSERT INTO claims VALUES (scope_, e->'settings'->>'name', p_id);
        UPDATE webhooks SET settings = e->'settings', disabled_reason = NULL, updated_at = at_,
            key_id = o->>'actor_id', version = p_version
        WHERE webhook_id = p_id AND version = p_version - 1;
    WHEN 'webhook.disabled.v1' THEN
        UPDATE webhooks SET settings = settings || '{"is_active": false}', disabled_reason = e->>'reason',
            updated_at = at_, version = p_version
        WHERE webhook_id = p_id AND version = p_version - 1;
    WHEN 'webhook.secret_rotated.v1' THEN
        UPDATE webhooks SET updated_at = at_, version = p_version WHERE webhook_id = p_id AND version = p_version - 1;
    WHEN 'webhook.deleted.v1' THEN
        DELETE FROM webhooks WHERE webhook_id = p_id;
    ELSE
        NULL;
    END CASE;
END $$;
