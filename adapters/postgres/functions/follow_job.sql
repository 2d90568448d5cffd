-- The trigger of `jobs`: after a job that the service has deleted, because it is done, comes the other one of its row. What
-- `append` deletes is no longer needed.
-- Called by: 0103_one_job_per_upload.sql.
-- Also in Python: adapters.memory.tasks.job_queue.MemoryJobQueue.done.

CREATE OR REPLACE FUNCTION upwell.follow_job() RETURNS trigger LANGUAGE plpgsql SET search_path = upwell, pg_temp AS $$
BEGIN
    INSERT INTO jobs (kind, upload_id, due_at, lane, storage_key, multipart_id, again_at)
    VALUES (OLD.then_kind, OLD.upload_id, OLD.then_at, OLD.lane,
        CASE OLD.then_kind WHEN 'discard' THEN OLD.storage_key END,
        CASE OLD.then_kind WHEN 'discard' THEN OLD.multipart_id END,
        CASE OLD.then_kind WHEN 'discard' THEN OLD.again_at END);
    RETURN NULL;
END $$;
