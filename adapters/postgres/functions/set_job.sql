-- Set a job, in place of an existing one of its kind, whose lease becomes invalid. A subject has one row, with the job that
-- is due first and the one after it. An upload never needs a third: a row of two others stays as it is.
-- `p_storage_key`, `p_multipart_id` and `p_again_at` belong to `discard`.
-- Called by: put_job, schedule, schedule_object, set_discard.
-- Also in Python: adapters.memory.tasks.scheduling.JobTable.enter.

CREATE OR REPLACE FUNCTION upwell.set_job(
    p_kind text, p_upload_id text, p_due_at timestamptz,
    p_storage_key text DEFAULT NULL, p_multipart_id text DEFAULT NULL, p_again_at timestamptz DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    j        record;
    other    text;
    other_at timestamptz;
BEGIN
    SELECT * INTO j FROM jobs WHERE upload_id = p_upload_id ORDER BY due_at LIMIT 1 FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO jobs (kind, upload_id, due_at, storage_key, multipart_id, again_at)
        VALUES (p_kind, p_upload_id, p_due_at, p_storage_key, p_multipart_id, p_again_at);
        RETURN;
    END IF;
    IF j.kind = p_kind THEN
        other := j.then_kind;
        other_at := j.then_at;
    ELSIF j.then_kind IS NULL OR j.then_kind = p_kind THEN
        other := j.kind;
        other_at := j.due_at;
    ELSE
        RETURN;
    END IF;
    IF p_kind <> 'discard' THEN
        p_storage_key := j.storage_key;
        p_multipart_id := j.multipart_id;
        p_again_at := j.again_at;
    END IF;
    IF j.kind <> p_kind AND other_at <= p_due_at THEN
        UPDATE jobs SET then_kind = p_kind, then_at = p_due_at,
            storage_key = p_storage_key, multipart_id = p_multipart_id, again_at = p_again_at
        WHERE upload_id = p_upload_id AND kind = j.kind;
    ELSIF other_at < p_due_at THEN
        UPDATE jobs SET kind = other, due_at = other_at, then_kind = p_kind, then_at = p_due_at,
            storage_key = p_storage_key, multipart_id = p_multipart_id, again_at = p_again_at,
            attempts = 0, lease = NULL, leased_until = NULL, last_error = NULL
        WHERE upload_id = p_upload_id AND kind = j.kind;
    ELSE
        UPDATE jobs SET kind = p_kind, due_at = p_due_at, then_kind = other, then_at = other_at,
            storage_key = p_storage_key, multipart_id = p_multipart_id, again_at = p_again_at,
            attempts = 0, lease = NULL, leased_until = NULL, last_error = NULL
        WHERE upload_id = p_upload_id AND kind = j.kind;
    END IF;
END $$;
