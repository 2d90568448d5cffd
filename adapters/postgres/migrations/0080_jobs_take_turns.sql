-- Workers take jobs from lanes in turn, and an organization's jobs are all in one of them: what one has waiting does not
-- keep the others from their turn. A lane may hold several organizations; there are 64.

SET LOCAL search_path = upwell, pg_temp;

-- The lane of an organization's jobs.
CREATE FUNCTION upwell.lane_of(p_organization_id text) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (hashtext(p_organization_id) & 63)::smallint
$$;
REVOKE ALL ON FUNCTION upwell.lane_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION upwell.lane_of TO upwell_service;


ALTER TABLE upwell.jobs ADD COLUMN lane smallint;
UPDATE upwell.jobs j SET lane = upwell.lane_of(u.organization_id) FROM upwell.uploads u WHERE u.upload_id = j.upload_id;
UPDATE upwell.jobs j SET lane = upwell.lane_of(t.organization_id) FROM upwell.tasks t
WHERE t.task_id = split_part(j.upload_id, '/', 1);
UPDATE upwell.jobs SET lane = 0 WHERE lane IS NULL;
ALTER TABLE upwell.jobs ALTER COLUMN lane SET NOT NULL;
DROP INDEX upwell.jobs_due;
CREATE INDEX jobs_turns ON upwell.jobs (lane, due_at);


-- Find the lane of a job that was written without one, by what it is about. Jobs of requested uploads, which are by far
-- the most, are written with theirs.
CREATE FUNCTION upwell.find_lane() RETURNS trigger LANGUAGE plpgsql SET search_path = upwell, pg_temp AS $$
BEGIN
    SELECT lane_of(organization_id) INTO NEW.lane FROM uploads WHERE upload_id = NEW.upload_id;
    IF NEW.lane IS NULL THEN
        SELECT lane_of(organization_id) INTO NEW.lane FROM objects WHERE object_id = NEW.upload_id;
    END IF;
    NEW.lane := coalesce(NEW.lane, 0);
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION upwell.find_lane FROM PUBLIC;
CREATE TRIGGER find_lane BEFORE INSERT ON upwell.jobs
    FOR EACH ROW WHEN (NEW.lane IS NULL) EXECUTE FUNCTION upwell.find_lane();


-- Write the events of several requested uploads that stand one after the other in the log, their jobs, and their rows.
CREATE OR REPLACE FUNCTION upwell.write_requests(p_ids text[], p_states bytea[], p_events jsonb[], p_last bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO upwell_events
    SELECT n.id, 1, 'upload.requested.v1', n.state, p_last - cardinality(p_ids) + n.n, n.e->'origin'->>'organization_id'
    FROM unnest(p_ids, p_states, p_events) WITH ORDINALITY n(id, state, e, n);
    INSERT INTO jobs (kind, upload_id, due_at, lane)
    SELECT 'expire', n.id, (n.e->'request'->>'due_at')::timestamptz, lane_of(n.e->'origin'->>'organization_id')
    FROM unnest(p_ids, p_events) n(id, e);
    PERFORM project_requests(p_ids, 'PENDING', p_events, p_last);
END $$;
