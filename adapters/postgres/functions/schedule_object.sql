-- Write and delete the jobs of one event of an object, before it is projected, and redact the stream of a deleted
-- object. Returns whether workers should be woken.
-- Called by: schedule.
-- Also in Python: domain.tasks.agenda.agenda_of.

CREATE OR REPLACE FUNCTION upwell.schedule_object(p_id text, p_topic text, e jsonb)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    CASE p_topic
    WHEN 'object.created.v1' THEN
        PERFORM end_job('forget', ARRAY(SELECT b->>'upload_id' FROM jsonb_array_elements(e->'blobs') b));
        IF e->>'deletes_at' IS NOT NULL THEN
            PERFORM set_job('delete_object', p_id, (e->>'deletes_at')::timestamptz);
        END IF;
    WHEN 'object.updated.v1' THEN
        PERFORM end_job('forget', ARRAY(SELECT b->>'upload_id' FROM jsonb_array_elements(e->'blobs') b));
        IF e->>'deletes_at' IS NOT NULL THEN
            PERFORM set_job('delete_object', p_id, (e->>'deletes_at')::timestamptz);
        ELSIF e ? 'deletes_at' THEN
            DELETE FROM jobs WHERE upload_id = p_id AND kind = 'delete_object';
        END IF;
        PERFORM set_job('forget', upload_id, own_end) FROM uploads
        WHERE own_end IS NOT NULL
            AND upload_id = ANY (ARRAY(SELECT jsonb_array_elements_text(e->'released_upload_ids')));
    WHEN 'object.deleted.v1' THEN
        PERFORM redact(p_id);
        DELETE FROM jobs WHERE upload_id = p_id AND kind = 'delete_object';
        -- of two holders that are deleted at once, each may leave an upload to the other
        PERFORM set_job('forget', r, (e->'origin'->>'at')::timestamptz)
        FROM jsonb_array_elements_text(e->'released_upload_ids') r;
        RETURN e->'released_upload_ids' <> '[]';
    ELSE
        NULL;
    END CASE;
    RETURN false;
END $$;
