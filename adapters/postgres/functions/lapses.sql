-- Return the callers whose key, upload token, namespace or bucket is not live, each with {"refused": …}. Called under the lock, so that
-- no write follows a committed revocation. One query for all callers of a group, who may be of many organizations.
-- Called by: append.
-- Also in Python: adapters.memory.events.event_log.MemoryEventLog._check_live.

CREATE OR REPLACE FUNCTION upwell.lapses(p_callers text[]) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT coalesce(jsonb_object_agg(found.caller, found.refused), '{}') FROM (
        SELECT d.caller, CASE
            WHEN d.key_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM api_keys k
                WHERE k.key_id = d.key_id AND k.organization_id = d.org AND k.revoked_at IS NULL)
                THEN jsonb_build_object('refused', 'key_revoked')
            WHEN d.token_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM upload_tokens u
                WHERE u.token_id = d.token_id AND u.organization_id = d.org AND u.revoked_at IS NULL)
                THEN jsonb_build_object('refused', 'token_revoked')
            WHEN d.namespace_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM namespaces n WHERE n.namespace_id = d.namespace_id AND n.organization_id = d.org)
                THEN jsonb_build_object('refused', 'namespace_not_found')
            WHEN d.bucket_id IS NOT NULL THEN (
                SELECT CASE coalesce(min(b.status), '')
                    WHEN 'ACTIVE' THEN NULL
                    WHEN '' THEN jsonb_build_object('refused', 'bucket_not_found')
                    ELSE jsonb_build_object('refused', 'bucket_not_active', 'status', min(b.status)) END
                FROM buckets b
                WHERE b.bucket_id = d.bucket_id AND b.namespace_id = d.namespace_id AND b.organization_id = d.org)
            END AS refused
        FROM (
            SELECT t.caller, t.c->>'organization_id' AS org, t.c->>'key_id' AS key_id, t.c->>'token_id' AS token_id,
                t.c->>'namespace_id' AS namespace_id, t.c->>'bucket_id' AS bucket_id
            FROM (SELECT DISTINCT u.caller, u.caller::jsonb AS c FROM unnest(p_callers) u(caller) OFFSET 0) t OFFSET 0) d
        OFFSET 0) found
        WHERE found.refused IS NOT NULL);
END $$;
