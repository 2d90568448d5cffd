-- Make an object hold nothing; a released upload belongs to another object that holds it, if there is one. `p_others`: the
-- other uploads that it may hold, so that its holds are found by their uploads.
-- Called by: project_object.
-- Also in Python: adapters.memory.projecting._release_bytes.

CREATE OR REPLACE FUNCTION upwell.release_bytes(p_id text, p_released jsonb, p_others text[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    released text[] := ARRAY(SELECT jsonb_array_elements_text(p_released));
BEGIN
    DELETE FROM holds WHERE object_id = p_id AND upload_id = ANY (released || p_others);
    UPDATE uploads u SET object_id = (SELECT min(h.object_id) FROM holds h WHERE h.upload_id = u.upload_id)
    WHERE u.object_id = p_id AND u.upload_id = ANY (released);
    PERFORM show_ends(released);
END $$;
