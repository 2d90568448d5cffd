-- Schedule the deletion of an upload's bytes, now and again after the last URL has expired. Inherited bytes are
-- deleted under the id of the upload that they were stored for.
-- Called by: schedule.
-- Also in Python: domain.tasks.agenda.agenda_of.

CREATE OR REPLACE FUNCTION upwell.set_discard(p_upload_id text, p_now timestamptz, p_again_at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO jobs (kind, upload_id, due_at, storage_key, multipart_id, again_at)
    SELECT 'discard', coalesce(inherited_from, upload_id), p_now, storage_key, multipart_id, p_again_at FROM uploads
    WHERE upload_id = p_upload_id
    ON CONFLICT (upload_id, kind) DO UPDATE
    SET due_at = excluded.due_at, again_at = excluded.again_at, attempts = 0, lease = NULL, leased_until = NULL;
END $$;
