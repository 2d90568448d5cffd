-- What is written belongs to the organization of the command that writes it.

SET LOCAL search_path = upwell, pg_temp;

-- The one way into the log. Appends each command entirely or not at all, in the order given, and projects its events in
-- the same transaction. Arrays run in parallel: `p_commands` one a command; the others one an event, ordered by command
-- (`p_command` from 1) and version. Returns, for each command, {"position": last} or {"refused": …}.
-- A command writes for its own organization only: neither into a stream of another one nor in its name.
CREATE OR REPLACE FUNCTION upwell.append(
    p_commands jsonb[], p_command integer[], p_ids text[], p_versions bigint[], p_topics text[], p_states bytea[]
) RETURNS jsonb[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = upwell, pg_temp AS $$
DECLARE
    outcomes jsonb[] := '{}';
    outcome  jsonb;
    head     bigint;
    next_    bigint;
    e        jsonb;
    actual   bigint;
    whose    text;
    first_   integer := 1;
    last_    integer;
    wake     boolean := false;
    events   integer := coalesce(cardinality(p_ids), 0);
    org      text;
    room     bigint;
    who      text;
    live     text;  -- who was found to be live last
    around   boolean := false;  -- whether the command changed more than uploads and objects
    change   record;
    -- the quota of the organization whose commands are being appended, and what these have changed in it so far
    quota_of text;
    limit_   bigint;
    used     bigint := 0;
    reserved bigint := 0;
    accepted bigint := 0;
BEGIN
    -- a statement of its own: what follows takes its snapshot after the lock is ours
    PERFORM pg_advisory_xact_lock(7582370921);
    SELECT position INTO head FROM log_head;
    next_ := head;
    FOR c IN 1..cardinality(p_commands) LOOP
        last_ := first_ - 1;
        WHILE last_ < events AND p_command[last_ + 1] = c LOOP
            last_ := last_ + 1;
        END LOOP;
        outcome := NULL;
        FOR i IN first_..last_ LOOP
            IF i = first_ OR p_ids[i] <> p_ids[i - 1] THEN
                SELECT originator_version, organization_id INTO actual, whose FROM upwell_events
                WHERE originator_id = p_ids[i] ORDER BY originator_version DESC LIMIT 1;
                IF NOT FOUND THEN
                    actual := 0;
                ELSIF whose <> p_commands[c]->>'organization_id' THEN
                    outcome := jsonb_build_object('refused', 'foreign', 'stream_id', p_ids[i]);
                    EXIT;
                END IF;
                IF actual <> p_versions[i] - 1 THEN
                    outcome := jsonb_build_object('refused', 'version_conflict', 'stream_id', p_ids[i],
                        'expected', p_versions[i] - 1, 'actual', actual);
                    EXIT;
                END IF;
            END IF;
        END LOOP;
        IF outcome IS NULL THEN
            who := ROW (p_commands[c]->>'organization_id', p_commands[c]->>'key_id',
                p_commands[c]->>'namespace_id', p_commands[c]->>'bucket_id')::text;
            outcome := refusal(p_commands[c], who IS NOT DISTINCT FROM live);
        END IF;
        IF outcome IS NULL THEN
            live := who;
            org := p_commands[c]->>'organization_id';
            IF org IS DISTINCT FROM quota_of THEN
                IF reserved <> 0 OR accepted <> 0 THEN
                    PERFORM add_to_quota(quota_of, reserved, accepted);
                END IF;
                SELECT o.quota_bytes, q.reserved_bytes + q.accepted_bytes INTO limit_, used
                FROM organizations o JOIN quotas q USING (organization_id) WHERE organization_id = org;
                quota_of := org;
                reserved := 0;
                accepted := 0;
            END IF;
            room := (p_commands[c]->>'room_bytes')::bigint;
            IF room > 0 AND used + reserved + accepted + room > limit_ THEN
                outcome := jsonb_build_object('refused', 'quota_exceeded', 'limit_bytes', limit_,
                    'used_bytes', used + reserved + accepted, 'requested_bytes', room);
            END IF;
        END IF;
        IF outcome IS NULL THEN
            FOR i IN first_..last_ LOOP
                next_ := next_ + 1;
                e := convert_from(p_states[i], 'UTF8')::jsonb;
                IF e->'origin'->>'organization_id' <> org THEN
                    RAISE EXCEPTION 'an event of % in a command of %', e->'origin'->>'organization_id', org;
                END IF;
                INSERT INTO upwell_events VALUES (
                    p_ids[i], p_versions[i], p_topics[i], p_states[i], next_, e->'origin'->>'organization_id');
                IF schedule(p_ids[i], p_topics[i], e) THEN
                    wake := true;
                END IF;
                change := project(p_ids[i], p_versions[i], p_topics[i], next_, e);
                reserved := reserved + change.reserved_;
                accepted := accepted + change.accepted_;
                IF p_topics[i] = 'upload.forgotten.v1' THEN
                    PERFORM redact(p_ids[i]);
                ELSIF p_topics[i] NOT LIKE 'upload.%' AND p_topics[i] NOT LIKE 'object.%' THEN
                    PERFORM pg_notify('upwell_directory', p_ids[i]);
                    around := true;
                END IF;
            END LOOP;
            IF around THEN
                around := false;
                live := NULL;
                IF reserved <> 0 OR accepted <> 0 THEN
                    PERFORM add_to_quota(quota_of, reserved, accepted);
                    reserved := 0;
                    accepted := 0;
                END IF;
                quota_of := NULL;  -- its limit may be another one now
            END IF;
            outcome := jsonb_build_object('position', next_);
        END IF;
        outcomes := outcomes || outcome;
        first_ := last_ + 1;
    END LOOP;
    IF reserved <> 0 OR accepted <> 0 THEN
        PERFORM add_to_quota(quota_of, reserved, accepted);
    END IF;
    IF next_ > head THEN
        UPDATE log_head SET position = next_;
        NOTIFY upwell_events;
        IF wake THEN
            NOTIFY upwell_jobs;
        END IF;
    END IF;
    RETURN outcomes;
END $$;
