-- Search compares texts in Unicode's composed form (NFC): macOS writes an accent as a character of its own, most others
-- do not. What is stored stays as it came.

SET LOCAL search_path = upwell, pg_temp;

CREATE OR REPLACE FUNCTION upwell.upload_text(p_filename text, p_metadata jsonb)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT normalize(coalesce(p_filename, '') || ' ' || coalesce(p_metadata::text, ''), NFC)
$$;
CREATE OR REPLACE FUNCTION upwell.object_text(p_key_prefix text, p_blobs jsonb, p_metadata jsonb)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT normalize(coalesce(p_key_prefix, '') || ' ' || p_blobs::text || ' ' || p_metadata::text, NFC)
$$;

UPDATE upwell.search_texts SET text = lower(normalize(text, NFC)) WHERE text IS NOT NFC NORMALIZED;
