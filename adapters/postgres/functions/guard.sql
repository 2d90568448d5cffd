-- Put the wall around a table: rows of another organization do not exist, whatever a query says. A reader sets
-- `upwell.organization_id` to the organization that asks, or to '*' where the service works for all of them. Most
-- tables name the organization of a row; a hold is seen by who sees the object, a claim by who sees what holds it (they
-- have walls of their own); jobs belong to no organization: workers see them. The owner, as which `append` and a
-- rebuild act, sees all.
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
