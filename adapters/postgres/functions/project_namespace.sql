-- Project one event of a namespace, with the claim of its name. A namespace during its deletion holds the claim
-- `deletion`, and accepts no new bucket.
-- Called by: project.
-- Also in Python: domain.namespaces.namespace.evolve, domain.claims.held_after.

CREATE OR REPLACE FUNCTION upwell.project_namespace(
    p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    o      jsonb := e->'origin';
    at_    timestamptz := (o->>'at')::timestamptz;
    org    text := o->>'organization_id';
    scope_ text := 'namespace:' || org;
BEGIN
    CASE p_topic
    WHEN 'namespace.created.v1' THEN
        INSERT INTO namespaces (
            namespace_id, organization_id, name, description, settings, created_at, updated_at, bucket_count,
            object_count, position, version)
        VALUES (p_id, org, e->>'name', e->>'description', e->'settings', at_, at_, 0, 0, p_position, p_version);
        INSERT INTO claims VALUES (scope_, e->>'name', p_id);
    WHEN 'namespace.updated.v1' THEN
        DELETE FROM claims
        WHERE scope = scope_ AND owner_id = p_id AND key = (SELECT name FROM namespaces WHERE namespace_id = p_id);
        INSERT INTO claims VALUES (scope_, e->>'name', p_id);
        UPDATE namespaces SET name = e->>'name', description = e->>'description', settings = e->'settings',
            updated_at = at_, version = p_version
        WHERE namespace_id = p_id AND version = p_version - 1;
    WHEN 'namespace.deletion_began.v1' THEN
        UPDATE namespaces SET status = 'DELETING', updated_at = at_, version = p_version
        WHERE namespace_id = p_id AND version = p_version - 1;
        INSERT INTO claims VALUES ('deletion', p_id, e->>'task_id');
        UPDATE buckets SET status = 'DELETING' WHERE namespace_id = p_id;
    WHEN 'namespace.deleted.v1' THEN
        DELETE FROM claims
        WHERE scope = scope_ AND owner_id = p_id AND key = (SELECT name FROM namespaces WHERE namespace_id = p_id);
        DELETE FROM claims WHERE scope = 'deletion' AND key = p_id;
        DELETE FROM namespaces WHERE namespace_id = p_id;
    ELSE
        NULL;
    END CASE;
END $$;
