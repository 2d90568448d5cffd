-- Project one event of a bucket, with the claim of its name.
-- Called by: project.
-- Also in Python: domain.buckets.bucket.evolve, domain.claims.held_after.

CREATE OR REPLACE FUNCTION upwell.project_bucket(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    o      jsonb := e->'origin';
    at_    timestamptz := (o->>'at')::timestamptz;
    org    text := o->>'organization_id';
    scope_ text := 'bucket:' || (o->>'namespace_id');
BEGIN
    CASE p_topic
    WHEN 'bucket.created.v1' THEN
        INSERT INTO buckets (
            bucket_id, organization_id, namespace_id, name, description, bucket_schema, unique_key, metadata, status,
            object_count, total_size_bytes, created_at, updated_at, position, version, auto_confirm,
            content_rules)
        VALUES (
            p_id, org, o->>'namespace_id', e->>'name', e->>'description', e->'bucket_schema',
            nullif(e->'unique_key', 'null'), e->'metadata', 'ACTIVE', 0, 0, at_, at_, p_position, p_version,
            coalesce((e->>'auto_confirm')::boolean, false), coalesce(e->'content_rules', '{}'));
        INSERT INTO claims VALUES (scope_, e->>'name', p_id);
        UPDATE namespaces SET bucket_count = bucket_count + 1 WHERE namespace_id = o->>'namespace_id';
    WHEN 'bucket.status_changed.v1' THEN
        -- during the deletion of its namespace, it keeps its state
        UPDATE buckets SET status = CASE status WHEN 'DELETING' THEN status ELSE e->>'status' END, updated_at = at_,
            version = p_version
        WHERE bucket_id = p_id AND version = p_version - 1;
    WHEN 'bucket.schema_changed.v1' THEN
        UPDATE buckets SET bucket_schema = e->'bucket_schema', updated_at = at_, version = p_version
        WHERE bucket_id = p_id AND version = p_version - 1;
    WHEN 'bucket.updated.v1' THEN
        DELETE FROM claims
        WHERE scope = scope_ AND owner_id = p_id AND key = (SELECT name FROM buckets WHERE bucket_id = p_id);
        INSERT INTO claims VALUES (scope_, e->>'name', p_id);
        UPDATE buckets SET name = e->>'name', description = e->>'description', metadata = e->'metadata',
            auto_confirm = coalesce((e->>'auto_confirm')::boolean, false),
            content_rules = coalesce(e->'content_rules', '{}'), updated_at = at_, version = p_version
        WHERE bucket_id = p_id AND version = p_version - 1;
    WHEN 'bucket.deletion_began.v1' THEN
        UPDATE buckets SET status = 'DELETING', updated_at = at_, version = p_version
        WHERE bucket_id = p_id AND version = p_version - 1;
    WHEN 'bucket.deleted.v1' THEN
        DELETE FROM claims
        WHERE scope = scope_ AND owner_id = p_id AND key = (SELECT name FROM buckets WHERE bucket_id = p_id);
        DELETE FROM buckets WHERE bucket_id = p_id;
        UPDATE namespaces SET bucket_count = bucket_count - 1 WHERE namespace_id = o->>'namespace_id';
    ELSE
        NULL;
    END CASE;
END $$;
