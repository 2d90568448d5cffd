-- Release an object's claims.
-- Called by: project_object.
-- Also in Python: domain.claims.held_after.

CREATE OR REPLACE FUNCTION upwell.unclaim_object(p_id text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM claims c USING objects o
    WHERE o.object_id = p_id AND c.owner_id = p_id
        AND (c.scope, c.key) IN (('object:' || o.bucket_id, o.unique_key), ('content:' || o.bucket_id, o.content_key));
END $$;
