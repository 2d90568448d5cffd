-- Write several events that are consecutive in the log, with their jobs and rows: one statement for each table is
-- cheaper than one for each event. They are the requests of uploads, verifications that begin and end in one command
-- (three events: began, verified, completed), and the objects that these make. `p_requests`, `p_completions` and
-- `p_objects` are the places of these events in the other arrays; the two events before a completion belong to it. No two
-- of an upload or an object are in one run. `p_last`: the position of the last event. Returns whether workers should be
-- woken. It leaves what `schedule` and `project` leave after each of the events.
-- Called by: append.
-- Also in Python: domain.tasks.agenda.agenda_of.

CREATE OR REPLACE FUNCTION upwell.write_run(
    p_ids text[], p_versions bigint[], p_topics text[], p_states bytea[], p_events jsonb[], p_last bigint,
    p_requests integer[], p_completions integer[], p_objects integer[]
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    before_ bigint := p_last - cardinality(p_ids);
    wake    boolean := false;
    n       integer;
    plain   integer[] := '{}';  -- completions of uploads that were only requested, and keep their bytes until they are deleted
    missing text[];
BEGIN
    INSERT INTO upwell_events
    SELECT p_ids[i], p_versions[i], p_topics[i], p_states[i], before_ + i, p_events[i]->'origin'->>'organization_id'
    FROM generate_series(1, cardinality(p_ids)) i;
    IF p_requests <> '{}' THEN
        INSERT INTO jobs (kind, upload_id, due_at, lane)
        SELECT 'expire', p_ids[i], (p_events[i]->'request'->>'due_at')::timestamptz,
            lane_of(p_events[i]->'origin'->>'organization_id')
        FROM unnest(p_requests) i;
        PERFORM project_requests(
            ARRAY(SELECT p_ids[i] FROM unnest(p_requests) i), 'PENDING',
            ARRAY(SELECT p_events[i] FROM unnest(p_requests) i), ARRAY(SELECT before_ + i FROM unnest(p_requests) i));
    END IF;
    IF p_completions = '{}' THEN
        RETURN false;
    END IF;
    FOREACH n IN ARRAY p_completions LOOP
        IF p_versions[n] = 4 AND (p_events[n]->>'keeps_bytes')::boolean AND p_events[n]->>'deletes_at' IS NULL THEN
            plain := plain || n;
        ELSIF schedule(p_ids[n], 'upload.completed.v1', p_events[n]) THEN
            wake := true;
        END IF;
    END LOOP;
    IF plain <> '{}' THEN
        -- their one job becomes the next one, with its lane
        WITH moved AS (
            UPDATE jobs j SET kind = 'recheck', due_at = (p_events[i]->>'due_at')::timestamptz,
                then_kind = NULL, then_at = NULL, attempts = 0, lease = NULL, leased_until = NULL, last_error = NULL
            FROM unnest(plain) i WHERE j.upload_id = p_ids[i] AND j.kind = 'expire' RETURNING j.upload_id)
        SELECT array_agg(p_ids[i]) INTO missing FROM unnest(plain) i WHERE p_ids[i] NOT IN (SELECT upload_id FROM moved);
        IF missing IS NOT NULL THEN
            PERFORM schedule(p_ids[i], 'upload.completed.v1', p_events[i]) FROM unnest(plain) i
            WHERE p_ids[i] = ANY (missing);
        END IF;
    END IF;
    UPDATE uploads u SET status = 'COMPLETED', status_before = NULL, task_id = c.began->>'task_id',
        size_bytes = (c.content->>'size_bytes')::bigint, sha256 = c.content->>'sha256', etag = c.content->>'etag',
        version_id = c.content->>'version_id', message = c.content->>'note',
        verified_at = (c.verified->'origin'->>'at')::timestamptz, completed_at = (c.e->'origin'->>'at')::timestamptz,
        object_id = c.e->>'object_id', duplicate_of = c.e->>'duplicate_of',
        existing_object_id = c.e->>'existing_object_id', keeps_bytes = (c.e->>'keeps_bytes')::boolean,
        own_end = (c.e->>'deletes_at')::timestamptz, deletes_at = (c.e->>'deletes_at')::timestamptz,
        version = c.version
    FROM (SELECT p_ids[i] AS id, p_versions[i] AS version, p_events[i] AS e, p_events[i - 2] AS began,
            p_events[i - 1] AS verified, p_events[i - 1]->'content' AS content
        FROM unnest(p_completions) i OFFSET 0) c
    WHERE u.upload_id = c.id AND u.version = c.version - 3;
    UPDATE buckets b SET total_size_bytes = total_size_bytes + c.accepted, last_upload_at = c.at
    FROM (SELECT p_events[i]->'origin'->>'bucket_id' AS id, sum((p_events[i]->>'accepted_bytes')::bigint) AS accepted,
            (array_agg(p_events[i]->'origin'->>'at' ORDER BY i DESC))[1]::timestamptz AS at
        FROM unnest(p_completions) i GROUP BY 1) c
    WHERE b.bucket_id = c.id;
    IF p_objects <> '{}' THEN
        INSERT INTO objects (object_id, organization_id, namespace_id, bucket_id, blobs, metadata, key_prefix,
            created_at, updated_at, position, version)
        SELECT p_ids[i], o->>'organization_id', o->>'namespace_id', o->>'bucket_id', e->'blobs',
            coalesce(nullif(e->'metadata', 'null'), '{}'), e->>'key_prefix', (o->>'at')::timestamptz,
            (o->>'at')::timestamptz, before_ + i, 1
        FROM unnest(p_objects) i, LATERAL (SELECT p_events[i] AS e, p_events[i]->'origin' AS o OFFSET 0) parts;
        INSERT INTO holds SELECT p_events[i]->'blobs'->0->>'upload_id', p_ids[i] FROM unnest(p_objects) i;
        UPDATE buckets b SET object_count = object_count + c.count
        FROM (SELECT p_events[i]->'origin'->>'bucket_id' AS id, count(*) FROM unnest(p_objects) i GROUP BY 1) c
        WHERE b.bucket_id = c.id;
        UPDATE namespaces n SET object_count = object_count + c.count
        FROM (SELECT p_events[i]->'origin'->>'namespace_id' AS id, count(*) FROM unnest(p_objects) i GROUP BY 1) c
        WHERE n.namespace_id = c.id;
    END IF;
    RETURN wake;
END $$;
