-- Write and delete the jobs of one event, before it is projected. Returns whether workers should be woken. Reads only
-- the event and the rows of its upload: no clock.
-- Called by: append, write_run.
-- Also in Python: domain.tasks.agenda.agenda_of, domain.tasks.agenda.is_due_at_once.

CREATE OR REPLACE FUNCTION upwell.schedule(p_id text, p_topic text, e jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    at_  timestamptz := (e->'origin'->>'at')::timestamptz;
    gone record;
BEGIN
    CASE p_topic
    WHEN 'upload.requested.v1' THEN
        INSERT INTO jobs (kind, upload_id, due_at) VALUES ('expire', p_id, (e->'request'->>'due_at')::timestamptz);
        RETURN false;
    WHEN 'upload.skipped.v1' THEN
        PERFORM set_job('forget', p_id, (e->>'forget_at')::timestamptz);
    WHEN 'upload.url_reissued.v1' THEN
        PERFORM set_job('expire', p_id, (e->>'due_at')::timestamptz);
    WHEN 'upload.verification_began.v1' THEN
        DELETE FROM jobs WHERE upload_id = p_id;  -- `expire`, and an earlier `verify`
        -- the confirming process does this inline; a worker takes over only if that process ends
        PERFORM set_job('verify', p_id, at_ + CASE WHEN (e->>'inline')::boolean THEN interval '60 seconds'
                                                   ELSE interval '0' END);
        RETURN NOT (e->>'inline')::boolean;
    WHEN 'upload.verification_abandoned.v1' THEN
        PERFORM set_job('verify', p_id, (e->>'retry_at')::timestamptz);
        PERFORM set_job('expire', p_id, (e->>'due_at')::timestamptz);
    WHEN 'upload.completed.v1' THEN
        DELETE FROM jobs WHERE upload_id = p_id;
        IF e->>'deletes_at' IS NOT NULL THEN
            PERFORM set_job('forget', p_id, (e->>'deletes_at')::timestamptz);
        END IF;
        IF NOT (e->>'keeps_bytes')::boolean THEN
            RETURN set_discard(p_id, at_, (e->>'due_at')::timestamptz);
        END IF;
        PERFORM set_job('recheck', p_id, (e->>'due_at')::timestamptz);
    WHEN 'upload.failed.v1', 'upload.canceled.v1' THEN
        DELETE FROM jobs WHERE upload_id = p_id;
        PERFORM set_job('forget', p_id, (e->>'forget_at')::timestamptz);
        -- where an upload expired, no bytes were there; parts may be
        IF e->>'reason' = 'expired' AND EXISTS (SELECT FROM uploads WHERE upload_id = p_id AND part_size IS NULL) THEN
            RETURN false;
        END IF;
        IF p_topic = 'upload.failed.v1' OR NOT (e->>'keeps_bytes')::boolean THEN
            RETURN set_discard(p_id, at_, (e->>'due_at')::timestamptz);
        END IF;
    WHEN 'upload.deleted.v1', 'upload.forgotten.v1' THEN
        SELECT inherited_from, due_at INTO gone FROM uploads WHERE upload_id = p_id;
        IF e->>'heir_id' IS NOT NULL THEN
            PERFORM end_job('forget', ARRAY[p_id]);  -- its bytes are checked again, as those of the heir
            RETURN false;
        END IF;
        IF gone.inherited_from IS NULL THEN
            DELETE FROM jobs WHERE upload_id = p_id;
        ELSE
            PERFORM end_job('forget', ARRAY[p_id]);  -- its own bytes are still being deleted
            PERFORM end_job('recheck', ARRAY[gone.inherited_from]);
        END IF;
        RETURN set_discard(p_id, at_, gone.due_at);
    WHEN 'object.created.v1', 'object.updated.v1', 'object.deleted.v1' THEN
        RETURN schedule_object(p_id, p_topic, e);
    ELSE
        NULL;
    END CASE;
    RETURN false;
END $$;
