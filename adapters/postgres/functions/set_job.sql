-- Set a job, in place of an existing one, whose lease becomes invalid.
-- Called by: schedule, schedule_object.

CREATE OR REPLACE FUNCTION upwell.set_job(p_kind text, p_upload_id text, p_due_at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO jobs (kind, upload_id, due_at) VALUES (p_kind, p_upload_id, p_due_at)
    ON CONFLICT (upload_id, kind) DO UPDATE
    SET due_at = excluded.due_at, attempts = 0, lease = NULL, leased_until = NULL, last_error = NULL;
END $$;
