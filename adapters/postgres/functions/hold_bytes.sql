-- Make an object hold the uploads with the bytes of its blobs.
-- Called by: project_object.
-- Also in Python: domain.objects.object.uploads_of.

CREATE OR REPLACE FUNCTION upwell.hold_bytes(p_id text, p_blobs jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    held text[] := ARRAY(SELECT DISTINCT b->>'upload_id' FROM jsonb_array_elements(p_blobs) b
        WHERE b->>'upload_id' IS NOT NULL);
BEGIN
    INSERT INTO holds SELECT h, p_id FROM unnest(held) h;
    UPDATE uploads SET object_id = p_id WHERE object_id IS NULL AND upload_id = ANY (held);
    PERFORM show_ends(held);
END $$;
