-- Write as a command does, under the writer's lock, and change nothing: fails on a server that does not accept writes.
-- The rows that do not fit into `work_mem` go to a temporary file next to the tables: that fails on a full disk, where
-- a single row may still find space on its page.
-- Called by: write_probe.py.

CREATE OR REPLACE FUNCTION upwell.try_writing() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = upwell, pg_temp SET work_mem = '64kB' SET temp_tablespaces = '' AS $$
BEGIN
    PERFORM count(*) FROM generate_series(1, 8000);
    PERFORM pg_advisory_xact_lock(7582370921);
    UPDATE log_head SET position = position;
END $$;

GRANT EXECUTE ON FUNCTION upwell.try_writing TO upwell_service;
