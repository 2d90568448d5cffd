-- Return the earlier of the time that a process gives and the server's own. A statement that takes something over, or
-- removes it for good, goes by it, so nothing comes before its time because one clock is wrong.
-- Called by: queries.sql (acquire_subscription, drop_batches, drop_deliveries, drop_keys, drop_webhook_endpoints,
-- lease_deliveries, lease_jobs, reserve_key, take_batches).
-- Also in Python: adapters.memory.events.event_log.MemoryEventLog.agreed_time.

CREATE OR REPLACE FUNCTION upwell.agreed_time(p_told timestamptz)
RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT least(p_told, statement_timestamp())
$$;

GRANT EXECUTE ON FUNCTION upwell.agreed_time TO upwell_service;
