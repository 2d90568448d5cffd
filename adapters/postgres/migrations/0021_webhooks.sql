-- Webhooks follow the log as namespaces do. What is secret about one, how it answered lately, and what it is to be told
-- are rows of their own: no part of the log, and not rebuilt.

SET LOCAL search_path = upwell, pg_temp;

CREATE TABLE webhooks (
    webhook_id      text PRIMARY KEY,
    organization_id text NOT NULL,
    settings        jsonb NOT NULL,
    disabled_reason text,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    position        bigint NOT NULL,
    version         bigint NOT NULL
);
CREATE INDEX webhooks_of_organization ON webhooks (organization_id, position);

-- `secrets`: [{"value", "until"}], the newest first. `failures`: in a row; the webhook is left alone until `resting_until`.
CREATE TABLE webhook_endpoints (
    webhook_id      text PRIMARY KEY,
    organization_id text NOT NULL,
    secrets         jsonb NOT NULL,
    headers         jsonb NOT NULL,
    failures        integer NOT NULL DEFAULT 0,
    failing_since   timestamptz,
    resting_until   timestamptz,
    created_at      timestamptz NOT NULL
);

-- `position`: the event that is told. `first_at`: of the first attempt since it was asked for.
CREATE TABLE webhook_deliveries (
    webhook_id      text NOT NULL,
    position        bigint NOT NULL,
    organization_id text NOT NULL,
    stream_id       text NOT NULL,
    topic           text NOT NULL,
    status          text NOT NULL,
    attempts        integer NOT NULL DEFAULT 0,
    history         jsonb NOT NULL DEFAULT '[]',
    created_at      timestamptz NOT NULL,
    first_at        timestamptz,
    next_at         timestamptz NOT NULL,
    ended_at        timestamptz,
    lease           text,
    leased_until    timestamptz,
    PRIMARY KEY (webhook_id, position)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, next_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries (webhook_id, stream_id, position) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_leased ON webhook_deliveries (webhook_id) WHERE lease IS NOT NULL;
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at);

SELECT upwell.guard('webhooks');
SELECT upwell.guard('webhook_endpoints');
SELECT upwell.guard('webhook_deliveries');
GRANT SELECT ON webhooks TO upwell_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoints, webhook_deliveries TO upwell_service;


CREATE FUNCTION upwell.project_webhook(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb)
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
            p_id, o->>'organization_id', e->'settings', NULL, at_, at_, p_position, p_version);
        INSERT INTO claims VALUES (scope_, e->'settings'->>'name', p_id);
    WHEN 'webhook.updated.v1' THEN
        INSERT INTO claims VALUES (scope_, e->'settings'->>'name', p_id);
        UPDATE webhooks SET settings = e->'settings', disabled_reason = NULL, updated_at = at_, version = p_version
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


-- Tell whether a topic is of a kind that `project` or `schedule` may know.
CREATE OR REPLACE FUNCTION upwell.is_ours(p_topic text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT split_part(p_topic, '.', 1)
        IN ('upload', 'object', 'bucket', 'namespace', 'api_key', 'organization', 'webhook')
$$;


-- Project one event into the read tables. Reads the event alone: no clock, no chance. Topics that are not ours: nothing.
-- What it changes in its organization's quota is returned and written by the caller, once for many events: every update
-- of one row in one transaction makes the next one slower.
CREATE OR REPLACE FUNCTION upwell.project(
    p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb,
    OUT reserved_ bigint, OUT accepted_ bigint
) LANGUAGE plpgsql AS $$
DECLARE
    change record;
BEGIN
    reserved_ := 0;
    accepted_ := 0;
    IF p_topic NOT LIKE '%.v_' THEN
        RETURN;
    END IF;
    CASE split_part(p_topic, '.', 1)
    WHEN 'upload' THEN
        change := project_upload(p_id, p_version, p_topic, p_position, e);  -- no query: cheaper for each event
        reserved_ := change.reserved_;
        accepted_ := change.accepted_;
    WHEN 'object' THEN
        PERFORM project_object(p_id, p_version, p_topic, p_position, e);
    WHEN 'bucket' THEN
        PERFORM project_bucket(p_id, p_version, p_topic, p_position, e);
    WHEN 'namespace' THEN
        PERFORM project_namespace(p_id, p_version, p_topic, p_position, e);
    WHEN 'api_key' THEN
        PERFORM project_api_key(p_id, p_version, p_topic, p_position, e);
    WHEN 'organization' THEN
        PERFORM project_organization(p_id, p_version, p_topic, p_position, e);
    WHEN 'webhook' THEN
        PERFORM project_webhook(p_id, p_version, p_topic, p_position, e);
    ELSE
        NULL;
    END CASE;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA upwell FROM PUBLIC;
