-- Make an object hold the uploads with the bytes of its blobs.
-- Called by: project_object.
-- Also in Python: domain.objects.object.uploads_of.

CREATE OR REPLACE FUNCTION upwell.hold_bytes(p_id text, p_blobs jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO holds
    SELECT DISTINCT b->>'upload_id', p_id FROM jsonb_array_elements(p_blobs) b WHERE b->>'upload_id' IS NOT NULL;
    UPDATE uploads SET object_id = p_id
    WHERE object_id IS NULL AND upload_id IN (SELECT b->>'upload_id' FROM jsonb_array_elements(p_blobs) b);
    PERFORM show_ends(ARRAY(SELECT b->>'upload_id' FROM jsonb_array_elements(p_blobs) b));
END $$;
