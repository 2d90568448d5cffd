-- Take an object's claims: on its unique key, and on its content if no second object may have the same content.
-- Called by: project_object.
-- Also in Python: domain.claims.unique_key_claim, domain.claims.content_claim.

CREATE OR REPLACE FUNCTION upwell.claim_object(p_id text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO claims
    SELECT k.kind || o.bucket_id, k.key, o.object_id
    FROM objects o, LATERAL (VALUES ('object:', o.unique_key), ('content:', o.content_key)) k(kind, key)
    WHERE o.object_id = p_id AND k.key IS NOT NULL;
END $$;
