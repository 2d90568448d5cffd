-- Set a job that is not caused by an event, as a worker or a request does.
-- Called by: queries.sql (set_job).

CREATE OR REPLACE FUNCTION upwell.put_job(p_kind text, p_upload_id text, p_due_at timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = upwell, pg_temp AS $$
BEGIN
    PERFORM set_job(p_kind, p_upload_id, p_due_at);
END $$;

GRANT EXECUTE ON FUNCTION upwell.put_job TO upwell_service;
