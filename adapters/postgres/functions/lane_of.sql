-- Return the lane of an organization's jobs, one of 64. Workers take jobs from the lanes in turn, so that the queue of
-- one organization does not delay the others. A lane may have several organizations.
-- Called by: find_lane, write_run; queries.sql (create_jobs).

CREATE OR REPLACE FUNCTION upwell.lane_of(p_organization_id text)
RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (hashtext(p_organization_id) & 63)::smallint
$$;

GRANT EXECUTE ON FUNCTION upwell.lane_of TO upwell_service;
