-- A second wall around what organizations may read: rows of another one do not exist, whatever a query says. Who reads
-- sets `upwell.organization_id` to the organization that asks, or to '*' where the service works for all of them.

SET LOCAL search_path = upwell, pg_temp;

-- Put the wall around a table. Most say whose a row is; a hold is seen by who sees the object, a claim by who sees what
-- holds it (they have walls of their own); jobs belong to no organization: workers see them. The owner, as which `append`
-- and a rebuild act, sees all.
CREATE FUNCTION upwell.guard(p_table text) RETURNS void LANGUAGE plpgsql AS $guard$
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

DO $$
DECLARE
    found text;
BEGIN
    FOR found IN
        SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables USING (table_schema, table_name)
        WHERE c.table_schema = 'upwell' AND c.column_name = 'organization_id' AND table_type = 'BASE TABLE'
    LOOP
        PERFORM upwell.guard(found);
    END LOOP;
END $$;

SELECT upwell.guard('holds');
SELECT upwell.guard('claims');
SELECT upwell.guard('jobs');

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA upwell FROM PUBLIC;
