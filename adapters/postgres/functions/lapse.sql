-- Return whether the key, namespace and bucket of a caller are live: {"refused": …}, or NULL if they are. Called under
-- the lock, so that no write follows a committed revocation.
-- Called by: append.
-- Also in Python: adapters.memory.events.event_log.MemoryEventLog._check_live.

CREATE OR REPLACE FUNCTION upwell.lapse(p_caller jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    org text := p_caller->>'organization_id';
    hit text;
BEGIN
    IF p_caller->>'key_id' IS NOT NULL AND NOT EXISTS (
        SELECT FROM api_keys WHERE key_id = p_caller->>'key_id' AND organization_id = org AND revoked_at IS NULL) THEN
        RETURN '{"refused": "key_revoked"}';
    END IF;
    IF p_caller->>'namespace_id' IS NOT NULL AND NOT EXISTS (
        SELECT FROM namespaces WHERE namespace_id = p_caller->>'namespace_id' AND organization_id = org) THEN
        RETURN '{"refused": "namespace_not_found"}';
    END IF;
    IF p_caller->>'bucket_id' IS NOT NULL THEN
        SELECT status INTO hit FROM buckets
        WHERE bucket_id = p_caller->>'bucket_id' AND namespace_id = p_caller->>'namespace_id' AND organization_id = org;
        IF hit IS NULL THEN
            RETURN '{"refused": "bucket_not_found"}';
        ELSIF hit <> 'ACTIVE' THEN
            RETURN jsonb_build_object('refused', 'bucket_not_active', 'status', hit);
        END IF;
    END IF;
    RETURN NULL;
END $$;
