-- Write the events of several requested uploads that are consecutive in the log, their jobs, and their rows. Most
-- appended events are of this kind: one statement per table and group is cheaper than one per upload. The job is the
-- one that `schedule` writes for `upload.requested.v1`, with its lane. `p_last`: the position of the last one.
-- Called by: append.
-- Also in Python: domain.tasks.agenda.agenda_of.

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
