-- Return the earlier of the process's time and the server's time. Statements that lease something, or delete it
-- permanently, use it, so that nothing happens too early because one clock is wrong.
-- Called by: queries.sql (acquire_subscription, drop_batches, drop_deliveries, drop_keys, drop_webhook_endpoints,
-- lease_deliveries, lease_jobs, reserve_key, take_batches).
-- Also in Python: adapters.memory.events.event_log.MemoryEventLog.agreed_time.

CREATE OR REPLACE FUNCTION upwell.agreed_time(p_told timestamptz)
RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT least(p_told, statement_timestamp())
$$;

GRANT EXECUTE ON FUNCTION upwell.agreed_time TO upwell_service;
