-- Return the text that search looks through of an object, in Unicode's composed form. Its case is the caller's matter.
-- Called by: index_search, search_candidates.
-- Also in Python: domain.lists.filtering.composed.

CREATE OR REPLACE FUNCTION upwell.object_text(p_key_prefix text, p_blobs jsonb, p_metadata jsonb)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT normalize(coalesce(p_key_prefix, '') || ' ' || p_blobs::text || ' ' || p_metadata::text, NFC)
$$;

GRANT EXECUTE ON FUNCTION upwell.object_text TO upwell_service;
