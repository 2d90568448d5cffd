-- Return the text of an object for search, in Unicode's composed form: the key prefix, the filenames of the blobs, and
-- the values in its metadata. The caller handles its case. Hashes and ids are not searched, and their trigrams would take
-- most of the index.
-- Called by: index_search, search_candidates.
-- Also in Python: domain.lists.filtering.composed.

CREATE OR REPLACE FUNCTION upwell.object_text(p_key_prefix text, p_blobs jsonb, p_metadata jsonb)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT normalize(coalesce(p_key_prefix, '')
        || ' ' || coalesce((SELECT string_agg(b->>'filename', ' ') FROM jsonb_array_elements(p_blobs) b), '')
        || ' ' || coalesce(upwell.values_text(p_metadata), ''), NFC)
$$;

GRANT EXECUTE ON FUNCTION upwell.object_text TO upwell_service;
