-- Return the text of an upload for search, in Unicode's composed form. The caller handles its case.
-- Called by: index_search, search_candidates.
-- Also in Python: domain.lists.filtering.composed.

CREATE OR REPLACE FUNCTION upwell.upload_text(p_filename text, p_metadata jsonb)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT normalize(coalesce(p_filename, '') || ' ' || coalesce(upwell.values_text(p_metadata), ''), NFC)
$$;

GRANT EXECUTE ON FUNCTION upwell.upload_text TO upwell_service;
