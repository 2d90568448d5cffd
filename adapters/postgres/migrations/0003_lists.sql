-- What lists need: the uploads of one status in order, and the texts of objects by their trigrams where pg_trgm can be
-- had. Uploads have no such index: it would cost every step of every upload more than the step itself.

SET LOCAL search_path = upwell, pg_temp;

CREATE INDEX uploads_status ON upwell.uploads (bucket_id, status, position);

DO $$
DECLARE
    operators text;
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
        BEGIN
            CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'this login may not create pg_trgm: search goes through the rows one by one';
        END;
    END IF;
    SELECT format('%I.gin_trgm_ops', n.nspname) INTO operators
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm';
    IF operators IS NOT NULL THEN
        EXECUTE 'CREATE INDEX objects_search ON upwell.objects USING gin ((blobs::text || '' '' || metadata::text) '
            || operators || ')';
    END IF;
END $$;
