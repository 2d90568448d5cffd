-- Make an object hold the uploads with the bytes of its blobs. Without an end of the object, none of these uploads ends,
-- as `show_ends` would find out.
-- Called by: project_object.
-- Also in Python: domain.objects.object.uploads_of.

CREATE OR REPLACE FUNCTION upwell.hold_bytes(p_id text, p_blobs jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    held text[] := ARRAY(SELECT DISTINCT b->>'upload_id' FROM jsonb_array_elements(p_blobs) b
        WHERE b->>'upload_id' IS NOT NULL);
BEGIN
    INSERT INTO holds SELECT h, p_id FROM unnest(held) h;
    IF (SELECT deletes_at IS NULL FROM objects WHERE object_id = p_id) THEN
        UPDATE uploads SET object_id = coalesce(object_id, p_id), deletes_at = NULL
        WHERE upload_id = ANY (held) AND (object_id IS NULL OR deletes_at IS NOT NULL);
        RETURN;
    END IF;
    UPDATE uploads SET object_id = p_id WHERE object_id IS NULL AND upload_id = ANY (held);
    PERFORM show_ends(held);
END $$;
