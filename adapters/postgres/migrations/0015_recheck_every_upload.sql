-- When an upload's URL has expired, somebody looks at its bytes on a bucket with versions too: other bytes above the
-- proved ones would have these deleted by the rule for versions that are not current.

SET LOCAL search_path = upwell, pg_temp;

CREATE OR REPLACE FUNCTION upwell.schedule(p_id text, p_topic text, e jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    at_ timestamptz := (e->'origin'->>'at')::timestamptz;
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
        DELETE FROM jobs WHERE upload_id = p_id AND kind = 'expire';
        -- whoever confirms inline is at it now; a worker takes over only if that process is gone
        PERFORM set_job('verify', p_id, at_ + CASE WHEN (e->>'inline')::boolean THEN interval '60 seconds'
                                                   ELSE interval '0' END);
        RETURN NOT (e->>'inline')::boolean;
    WHEN 'upload.verification_abandoned.v1' THEN
        PERFORM set_job('verify', p_id, (e->>'retry_at')::timestamptz);
        PERFORM set_job('expire', p_id, (e->>'due_at')::timestamptz);
    WHEN 'upload.completed.v1' THEN
        DELETE FROM jobs WHERE upload_id = p_id;
        IF e->>'forget_at' IS NOT NULL THEN
            PERFORM set_job('forget', p_id, (e->>'forget_at')::timestamptz);
        END IF;
        IF NOT (e->>'keeps_bytes')::boolean THEN
            PERFORM set_discard(p_id, at_, (e->>'due_at')::timestamptz);
            RETURN true;
        END IF;
        PERFORM set_job('recheck', p_id, (e->>'due_at')::timestamptz);
    WHEN 'upload.failed.v1', 'upload.canceled.v1' THEN
        DELETE FROM jobs WHERE upload_id = p_id;
        PERFORM set_job('forget', p_id, (e->>'forget_at')::timestamptz);
        IF p_topic = 'upload.failed.v1' OR NOT (e->>'keeps_bytes')::boolean THEN
            PERFORM set_discard(p_id, at_, (e->>'due_at')::timestamptz);
            RETURN true;
        END IF;
    WHEN 'upload.forgotten.v1' THEN
        DELETE FROM jobs WHERE upload_id = p_id;
        PERFORM set_discard(p_id, at_, due_at) FROM uploads WHERE upload_id = p_id;
        RETURN true;
    WHEN 'object.created.v1', 'object.updated.v1', 'object.deleted.v1' THEN
        RETURN schedule_object(p_id, p_topic, e);
    ELSE
        NULL;
    END CASE;
    RETURN false;
END $$;

-- Those that were completed before, while their URL may still work.
INSERT INTO jobs (kind, upload_id, due_at)
SELECT 'recheck', upload_id, due_at FROM uploads
WHERE status = 'COMPLETED' AND keeps_bytes AND version_id IS NOT NULL AND due_at > now() - interval '7 days'
ON CONFLICT DO NOTHING;
