-- Project one event into the read tables. Reads only the event: no clock, no randomness. A foreign topic does nothing.
-- The change of the organization's quota is returned, and the caller writes it (see `add_to_quota`).
-- Called by: append, project_after.
-- Also in Python: adapters.memory.projecting.project.

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
        IF starts_with(p_topic, 'upload.token_') THEN
            PERFORM project_upload_token(p_id, p_version, p_topic, p_position, e);
        ELSIF p_topic = 'upload.duplicate_avoided.v1' THEN
            PERFORM project_avoided(p_id, p_position, e);
        ELSIF p_topic IN ('upload.deleted.v1', 'upload.forgotten.v1') THEN
            PERFORM forget_avoided(p_id);
        END IF;
    WHEN 'object' THEN
        PERFORM project_object(p_id, p_version, p_topic, p_position, e);
    WHEN 'bucket' THEN
        PERFORM project_bucket(p_id, p_version, p_topic, p_position, e);
        IF p_topic IN ('bucket.created.v1', 'bucket.updated.v1') THEN
            UPDATE buckets SET retention_seconds = (e->>'retention_seconds')::bigint,
                analytics_fields = coalesce(e->'analytics_fields', '[]'), part_size = (e->>'part_size')::bigint
            WHERE bucket_id = p_id AND version = p_version;
        END IF;
    WHEN 'namespace' THEN
        PERFORM project_namespace(p_id, p_version, p_topic, p_position, e);
    WHEN 'api_key' THEN
        PERFORM project_api_key(p_id, p_version, p_topic, p_position, e);
        IF p_topic = 'api_key.revoked.v1' THEN
            UPDATE api_keys SET lets_open_finish = coalesce((e->>'lets_open_finish')::boolean, false)
            WHERE key_id = p_id AND version = p_version;
        END IF;
    WHEN 'organization' THEN
        PERFORM project_organization(p_id, p_version, p_topic, p_position, e);
    WHEN 'webhook' THEN
        PERFORM project_webhook(p_id, p_version, p_topic, p_position, e);
    ELSE
        NULL;
    END CASE;
END $$;
