-- How many uploads are in each state, whosever they are, from an index alone: as the owner, whom no wall makes look at
-- the rows.

SET LOCAL search_path = upwell, pg_temp;

CREATE FUNCTION count_uploads() RETURNS TABLE (status text, count bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = upwell, pg_temp AS $$
    SELECT status, count(*) FROM uploads GROUP BY status
$$;

REVOKE ALL ON FUNCTION count_uploads() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION count_uploads() TO upwell_service;
