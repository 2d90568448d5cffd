-- Project up to `p_limit` events after a position, in order, into the tables of the search path, and return the
-- position of the last one; NULL if there is none. The plans are made as in `append`.
-- Called by: rebuilding.py.

CREATE OR REPLACE FUNCTION upwell.project_after(p_after bigint, p_limit bigint) RETURNS bigint LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
    r        record;
    last_    bigint;
    org      text;
    change   record;
    reserved bigint := 0;
    accepted bigint := 0;
BEGIN
    FOR r IN SELECT * FROM upwell_events WHERE notification_id > p_after ORDER BY notification_id LIMIT p_limit LOOP
        IF r.organization_id IS DISTINCT FROM org THEN
            PERFORM add_to_quota(ARRAY[org], ARRAY[reserved], ARRAY[accepted]);
            org := r.organization_id;
            reserved := 0;
            accepted := 0;
        END IF;
        change := project(r.originator_id, r.originator_version, r.topic, r.notification_id,
            CASE WHEN is_ours(r.topic) THEN convert_from(r.state, 'UTF8')::jsonb END);
        reserved := reserved + change.reserved_;
        accepted := accepted + change.accepted_;
        last_ := r.notification_id;
    END LOOP;
    PERFORM add_to_quota(ARRAY[org], ARRAY[reserved], ARRAY[accepted]);
    RETURN last_;
END $$;
