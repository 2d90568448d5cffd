-- Uploads that complete without a confirmation, and buckets whose uploads do. Events that say nothing of it mean no.

SET LOCAL search_path = upwell, pg_temp;

ALTER TABLE upwell.uploads ADD COLUMN auto_confirm boolean NOT NULL DEFAULT false;
ALTER TABLE upwell.buckets ADD COLUMN auto_confirm boolean NOT NULL DEFAULT false;


-- Project the beginnings of several uploads, whose events stand one after the other in the log. `p_last`: the position of
-- the last one.
CREATE OR REPLACE FUNCTION upwell.project_requests(p_ids text[], p_status text, p_events jsonb[], p_last bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO uploads (
        upload_id, organization_id, namespace_id, bucket_id, version, position, status, filename, content_type,
        storage_key, declared_size_bytes, declared_sha256, url_expires_in_seconds, created_at, expires_at, due_at,
        metadata, create_object, object_metadata, blob_property, blob_type, skip_duplicates, unique_key, policy,
        existing_object_id, keeps_bytes, auto_confirm)
    SELECT
        n.id, o->>'organization_id', o->>'namespace_id', o->>'bucket_id', 1, p_last - cardinality(p_ids) + n.n, p_status, r->>'filename',
        r->>'content_type', r->>'storage_key', (r->>'declared_size_bytes')::bigint, r->>'declared_sha256',
        (r->>'url_expires_in_seconds')::integer, (o->>'at')::timestamptz, (r->>'expires_at')::timestamptz,
        (r->>'due_at')::timestamptz, nullif(r->'metadata', 'null'), (r->>'create_object')::boolean,
        nullif(r->'object_metadata', 'null'), r->>'blob_property', r->>'blob_type', (r->>'skip_duplicates')::boolean,
        r->>'unique_key', r->>'policy', n.e->>'existing_object_id', true,
        coalesce((r->>'auto_confirm')::boolean, false)
    FROM unnest(p_ids, p_events) WITH ORDINALITY n(id, e, n),
        LATERAL (SELECT n.e->'origin' o, n.e->'request' r OFFSET 0) parts;
END $$;


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
            object_count, total_size_bytes, created_at, updated_at, position, version, auto_confirm)
        VALUES (
            p_id, org, o->>'namespace_id', e->>'name', e->>'description', e->'bucket_schema',
            nullif(e->'unique_key', 'null'), e->'metadata', 'ACTIVE', 0, 0, at_, at_, p_position, p_version,
            coalesce((e->>'auto_confirm')::boolean, false));
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
            auto_confirm = coalesce((e->>'auto_confirm')::boolean, false), updated_at = at_, version = p_version
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


REVOKE ALL ON ALL FUNCTIONS IN SCHEMA upwell FROM PUBLIC;
