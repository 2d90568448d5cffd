-- Take the locks that a command takes, and let go of them: fails where somebody keeps them longer than `lock_timeout`.
-- Changes nothing. A statement of its own: what waits here must not hold the writer's lock meanwhile.
-- Called by: checking.py; write_probe.py.

CREATE OR REPLACE FUNCTION upwell.try_locks()
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = upwell, pg_temp AS $$
BEGIN
    LOCK TABLE log_head, upwell_events, organizations, quotas, api_keys, namespaces, buckets, uploads, objects, holds,
        claims, jobs IN ROW EXCLUSIVE MODE;
END $$;

GRANT EXECUTE ON FUNCTION upwell.try_locks TO upwell_service;
