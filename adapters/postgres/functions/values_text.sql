-- Return the texts and numbers in a JSON document, at any depth, without the keys: what search finds in metadata. They
-- stand between spaces. NULL: there are none.
-- Called by: object_text, upload_text.

CREATE OR REPLACE FUNCTION upwell.values_text(p_document jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(one #>> '{}', ' ') FROM jsonb_path_query(p_document, 'strict $.**') one
    WHERE jsonb_typeof(one) IN ('string', 'number')
$$;

GRANT EXECUTE ON FUNCTION upwell.values_text TO upwell_service;
