-- Schedule the deletion of an upload's bytes, now and again after the last URL has expired. Inherited bytes are
-- deleted under the id of the upload that they were stored for. A skipped upload has no bytes.
-- Called by: schedule.
-- Also in Python: domain.tasks.agenda.agenda_of.

CREATE OR REPLACE FUNCTION upwell.set_discard(p_upload_id text, p_now timestamptz, p_again_at timestamptz)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_job('discard', coalesce(inherited_from, upload_id), p_now, storage_key, multipart_id, p_again_at)
    FROM uploads WHERE upload_id = p_upload_id AND status <> 'SKIPPED';
    RETURN FOUND;
END $$;
