-- Return the text of an object for search, in Unicode's composed form. The caller handles its case.
-- Called by: index_search, search_candidates.
-- Also in Python: domain.lists.filtering.composed.

CREATE OR REPLACE FUNCTION upwell.object_text(p_key_prefix text, p_blobs jsonb, p_metadata jsonb)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT normalize(coalesce(p_key_prefix, '') || ' ' || p_blobs::text || ' ' || p_metadata::text, NFC)
$$;

GRANT EXECUTE ON FUNCTION upwell.object_text TO upwell_service;
