-- Return the outcome of events whose writer lost its connection: the stored state at each place, NULL if there is none.
-- Takes the writer's lock, so that a transaction that was still in progress has ended before the result.
-- Called by: checking.py; event_log.py.

CREATE OR REPLACE FUNCTION upwell.stored_states(p_ids text[], p_versions bigint[])
RETURNS TABLE (n bigint, state bytea, notification_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = upwell, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7582370921);
    RETURN QUERY
    SELECT w.n, v.state, v.notification_id
    FROM unnest(p_ids, p_versions) WITH ORDINALITY w(id, version, n)
    LEFT JOIN upwell_events v ON v.originator_id = w.id AND v.originator_version = w.version;
END $$;

GRANT EXECUTE ON FUNCTION upwell.stored_states TO upwell_service;
