-- Count the uploads in each state, of all organizations, from an index alone: as the owner, for whom row-level security
-- does not require reading the rows.
-- Called by: queries.sql (count_uploads).

CREATE OR REPLACE FUNCTION upwell.count_uploads() RETURNS TABLE (status text, count bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = upwell, pg_temp AS $$
    SELECT status, count(*) FROM uploads GROUP BY status
$$;

GRANT EXECUTE ON FUNCTION upwell.count_uploads TO upwell_service;
