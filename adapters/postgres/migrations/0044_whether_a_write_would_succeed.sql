-- What a process tries to find out whether the log would take a command now. Both change nothing that anybody sees.

SET LOCAL search_path = upwell, pg_temp;

-- Take the locks that a command takes, and let go of them: fails where somebody keeps them longer than `lock_timeout`.
-- A statement of its own: what waits here must not hold the writer's lock meanwhile.
CREATE FUNCTION try_locks() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = upwell, pg_temp AS $$
BEGIN
    LOCK TABLE log_head, upwell_events, organizations, quotas, api_keys, namespaces, buckets, uploads, objects, holds,
        claims, jobs IN ROW EXCLUSIVE MODE;
END $$;


-- Write as a command does, under the writer's lock: fails on a server that takes no writes. The rows that do not fit
-- into `work_mem` go into a file beside the tables, which is gone afterwards: that fails on a disk that is full, where
-- a row alone may still find room on its page.
CREATE FUNCTION try_writing() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = upwell, pg_temp SET work_mem = '64kB' SET temp_tablespaces = '' AS $$
BEGIN
    PERFORM count(*) FROM generate_series(1, 8000);
    PERFORM pg_advisory_xact_lock(7582370921);
    UPDATE log_head SET position = position;
END $$;


REVOKE ALL ON ALL FUNCTIONS IN SCHEMA upwell FROM PUBLIC;
GRANT EXECUTE ON FUNCTION try_locks, try_writing TO upwell_service;
