-- Enable row-level security on a table: rows of another organization do not exist for any query. A reader sets
-- `upwell.organization_id` to its organization, or to '*' for the work of the service itself. Most tables have the
-- organization in each row. A hold is visible with its object, and a claim with its holder (which have policies
-- themselves). Jobs belong to no organization and are visible to workers. The owner, as which `append` and a rebuild
-- run, sees all rows.
-- Called by: rebuilding.py; 0100_tables.sql.

CREATE OR REPLACE FUNCTION upwell.guard(p_table text) RETURNS void LANGUAGE plpgsql AS $guard$
DECLARE
    visible text := CASE p_table
        WHEN 'holds' THEN 'EXISTS (SELECT FROM upwell.objects o WHERE o.object_id = holds.object_id)'
        WHEN 'claims' THEN 'EXISTS (SELECT FROM upwell.objects WHERE object_id = owner_id)
            OR EXISTS (SELECT FROM upwell.buckets WHERE bucket_id = owner_id)
            OR EXISTS (SELECT FROM upwell.namespaces WHERE namespace_id = owner_id)
            OR EXISTS (SELECT FROM upwell.api_keys WHERE key_id = owner_id)'
        WHEN 'jobs' THEN 'false'
        ELSE 'organization_id = current_setting(''upwell.organization_id'', true)'
    END;
BEGIN
    EXECUTE format('ALTER TABLE upwell.%I ENABLE ROW LEVEL SECURITY', p_table);
    EXECUTE format('ALTER TABLE upwell.%I FORCE ROW LEVEL SECURITY', p_table);
    EXECUTE format('CREATE POLICY owner ON upwell.%I TO CURRENT_USER USING (true) WITH CHECK (true)', p_table);
    EXECUTE format(
        'CREATE POLICY organization ON upwell.%I USING (current_setting(''upwell.organization_id'', true) = ''*'' OR %s)',
        p_table, visible);
END $guard$;
