-- Buckets and namespaces are renamed, changed and deleted. A namespace that is being deleted takes no new bucket (it
-- holds the claim `deletion`), and its buckets take nothing any more.

SET LOCAL search_path = upwell, pg_temp;

ALTER TABLE upwell.namespaces ADD COLUMN status text NOT NULL DEFAULT 'ACTIVE';

-- Figures of a bucket's stored uploads, from the index alone.
CREATE INDEX uploads_sizes ON upwell.uploads (bucket_id, size_bytes) WHERE status = 'COMPLETED' AND keeps_bytes;


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
            object_count, total_size_bytes, created_at, updated_at, position, version)
        VALUES (
            p_id, org, o->>'namespace_id', e->>'name', e->>'description', e->'bucket_schema',
            nullif(e->'unique_key', 'null'), e->'metadata', 'ACTIVE', 0, 0, at_, at_, p_position, p_version);
        INSERT INTO claims VALUES (scope_, e->>'name', p_id);
        UPDATE namespaces SET bucket_count = bucket_count + 1 WHERE namespace_id = o->>'namespace_id';
    WHEN 'bucket.status_changed.v1' THEN
        -- with its namespace being deleted it stays what it is
        UPDATE buckets SET status = CASE status WHEN 'DELETING' THEN status ELSE e->>'status' END, updated_at = at_,
            version = p_version
        WHERE bucket_id = p_id AND version = p_version - 1;
    WHEN 'bucket.updated.v1' THEN
        DELETE FROM claims
        WHERE scope = scope_ AND owner_id = p_id AND key = (SELECT name FROM buckets WHERE bucket_id = p_id);
        INSERT INTO claims VALUES (scope_, e->>'name', p_id);
        UPDATE buckets SET name = e->>'name', description = e->>'description', metadata = e->'metadata',
            updated_at = at_, version = p_version
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
