-- Create the trigram index of search, if that is possible; without it, search reads the rows of its bucket. The owner
-- may call this again after the extension was installed.
-- Called by: 0100_tables.sql.

CREATE OR REPLACE FUNCTION upwell.prepare_search() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    home text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
        IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
            RETURN false;
        END IF;
        CREATE SCHEMA IF NOT EXISTS upwell_extensions;
        CREATE EXTENSION pg_trgm SCHEMA upwell_extensions;
    END IF;
    SELECT n.nspname INTO home FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_trgm';
    EXECUTE format(
        'CREATE INDEX IF NOT EXISTS search_texts_trigrams ON upwell.search_texts USING gin (text %I.gin_trgm_ops)', home);
    RETURN true;
EXCEPTION WHEN insufficient_privilege THEN
    RETURN false;
END $$;
