-- Redact the announcements of files that were not sent together with the upload that has their bytes. A rebuild finds
-- them redacted.
-- Called by: project.

CREATE OR REPLACE FUNCTION upwell.forget_avoided(p_upload_id text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM redact(duplicate_id) FROM avoided_duplicates
    WHERE original_upload_id = p_upload_id AND filename IS NOT NULL;
    DELETE FROM avoided_duplicates WHERE original_upload_id = p_upload_id;
END $$;
