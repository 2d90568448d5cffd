-- Take and release the locks of a command: fails if another session holds one longer than `lock_timeout`. Changes
-- nothing. A separate statement, because a wait here must not hold the writer's lock.
-- Called by: checking.py; write_probe.py.

CREATE OR REPLACE FUNCTION upwell.try_locks()
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = upwell, pg_temp AS $$
BEGIN
    LOCK TABLE log_head, upwell_events, organizations, quotas, api_keys, namespaces, buckets, uploads, objects, holds,
        claims, jobs, upload_tokens IN ROW EXCLUSIVE MODE;
END $$;

GRANT EXECUTE ON FUNCTION upwell.try_locks TO upwell_service;
