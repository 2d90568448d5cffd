-- Write as a command does, under the writer's lock, and change nothing: fails on a server that takes no writes. The
-- rows that do not fit into `work_mem` go into a file beside the tables, which is gone afterwards: that fails on a disk
-- that is full, where a row alone may still find room on its page.
-- Called by: write_probe.py.

CREATE OR REPLACE FUNCTION upwell.try_writing() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = upwell, pg_temp SET work_mem = '64kB' SET temp_tablespaces = '' AS $$
BEGIN
    PERFORM count(*) FROM generate_series(1, 8000);
    PERFORM pg_advisory_xact_lock(7582370921);
    UPDATE log_head SET position = position;
END $$;

GRANT EXECUTE ON FUNCTION upwell.try_writing TO upwell_service;
