-- End the jobs of a kind, which is not `discard`, of some subjects; the other job of a row stays.
-- Called by: schedule, schedule_object.
-- Also in Python: adapters.memory.tasks.scheduling.JobTable.enter.

CREATE OR REPLACE FUNCTION upwell.end_job(p_kind text, p_ids text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- most have none
    IF NOT EXISTS (SELECT FROM jobs WHERE upload_id = ANY (p_ids) AND p_kind IN (kind, then_kind)) THEN
        RETURN;
    END IF;
    DELETE FROM jobs WHERE upload_id = ANY (p_ids) AND kind = p_kind AND then_kind IS NULL;
    UPDATE jobs SET kind = then_kind, due_at = then_at, then_kind = NULL, then_at = NULL,
        attempts = 0, lease = NULL, leased_until = NULL, last_error = NULL
    WHERE upload_id = ANY (p_ids) AND kind = p_kind;
    UPDATE jobs SET then_kind = NULL, then_at = NULL WHERE upload_id = ANY (p_ids) AND then_kind = p_kind;
END $$;
