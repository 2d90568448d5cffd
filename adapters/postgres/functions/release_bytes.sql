-- Make an object hold nothing; a released upload belongs to another object that holds it, if there is one.
-- Called by: project_object.
-- Also in Python: adapters.memory.projecting._release_bytes.

CREATE OR REPLACE FUNCTION upwell.release_bytes(p_id text, p_released jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM holds WHERE object_id = p_id;
    UPDATE uploads u SET object_id = (SELECT min(h.object_id) FROM holds h WHERE h.upload_id = u.upload_id)
    WHERE u.object_id = p_id AND u.upload_id = ANY (ARRAY(SELECT jsonb_array_elements_text(p_released)));
    PERFORM show_ends(ARRAY(SELECT jsonb_array_elements_text(p_released)));
END $$;
