-- What lists need: the uploads of one status in order, and texts by their trigrams where pg_trgm can be had.

SET LOCAL search_path = upwell, pg_temp;

CREATE INDEX uploads_status ON upwell.uploads (bucket_id, status, position);

-- Search goes through the rows one by one where there is no pg_trgm. The expressions are those of the lists' haystacks.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
        BEGIN
            CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'pg_trgm may not be created by this login: search goes through the rows one by one';
        END;
    END IF;
END $$;
DO $$
DECLARE
    operators text;
BEGIN
    SELECT format('%I.gin_trgm_ops', n.nspname) INTO operators
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm';
    IF operators IS NOT NULL THEN
        EXECUTE 'CREATE INDEX uploads_search ON upwell.uploads USING gin ((coalesce(filename, '''') || '' '''
            ' || coalesce(metadata::text, '''')) ' || operators || ')';
        EXECUTE 'CREATE INDEX objects_search ON upwell.objects USING gin ((blobs::text || '' '' || metadata::text) '
            || operators || ')';
    END IF;
END $$;
