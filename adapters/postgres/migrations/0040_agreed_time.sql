-- What a statement goes by that takes something over, or removes it for good: the earlier of the time that a process
-- gives and the server's own. So nothing comes before its time because one clock is wrong.

SET LOCAL search_path = upwell, pg_temp;

CREATE FUNCTION agreed_time(p_told timestamptz) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT least(p_told, statement_timestamp())
$$;

REVOKE ALL ON FUNCTION agreed_time FROM PUBLIC;
GRANT EXECUTE ON FUNCTION agreed_time TO upwell_service;
