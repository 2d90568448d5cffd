-- The only way into the log. Appends each command completely or not at all, in the given order, and projects its events
-- in the same transaction, under the writer's lock.
-- Arrays with one item per command: `p_callers` (organization, key, token, namespace and bucket, as JSON: the same text for
-- the same caller), `p_conditions` (see `refusal`, as JSON; NULL: none), `p_rooms` (bytes that the quota must have).
-- Arrays with one item per event, ordered by command (`p_command` from 1) and version: the others.
-- Returns the position of each command's last event, NULL for a refused command, and the refusals by the command's
-- number.
-- A command writes only for its own organization: neither into another organization's stream nor in its name.
-- The state of a foreign topic may be anything: it is stored, and not read.
-- Each statement is planned once, for all values, and with indexes: planning each call costs more than the call, and a plan
-- made while a table was empty would scan the whole table later.
-- Names in the body and in the functions that it calls are not qualified: it sets the search path to `upwell`, and a
-- rebuild sets it to its schema of fresh tables, so that both use the same projection.
-- Called by: checking.py; event_log.py.
-- Also in Python: domain.organizations.ledger.check_room, adapters.memory.events.event_log.MemoryEventLog.append.

CREATE OR REPLACE FUNCTION upwell.append(
    p_callers text[], p_conditions text[], p_rooms bigint[],
    p_command integer[], p_ids text[], p_versions bigint[], p_topics text[], p_states bytea[],
    OUT positions bigint[], OUT refusals jsonb
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = upwell, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
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
    known    text[];  -- new streams that already exist, or begin here twice
    caller   text;
    lapsed   jsonb;   -- the callers that are not live, with the reason
    org      text;
    around   boolean := false;  -- whether the command changed anything but uploads and objects
    change   record;
    i        integer;
    requested boolean;
    asked    jsonb;  -- the conditions of the command
    verified jsonb;  -- the last two events of a verification that begins and ends in one command
    complete jsonb;
    -- accepted events that are not written yet, up to the position `next_`: see `write_run`
    ids         text[] := '{}';
    versions    bigint[] := '{}';
    topics      text[] := '{}';
    states      bytea[] := '{}';
    run         jsonb[] := '{}';
    requests    integer[] := '{}';
    completions integer[] := '{}';
    objects_    integer[] := '{}';
    hashes      text[] := '{}';  -- SHA-256 of the completed ones
    -- the quotas of the organizations of the group, and their changes by the commands so far; `k`: the current one
    orgs     text[];
    limits   bigint[];
    used     bigint[];
    reserved bigint[];
    accepted bigint[];
    k        integer;
BEGIN
    positions := '{}';
    refusals := '{}';
    -- a separate statement: the next ones take their snapshots after the lock is acquired
    PERFORM pg_advisory_xact_lock(7582370921);
    SELECT position INTO head FROM log_head;
    next_ := head;
    SELECT array_agg(b.id) INTO known FROM (
        SELECT i.id FROM unnest(p_ids, p_versions) i(id, version) WHERE i.version = 1
        GROUP BY i.id
        HAVING count(*) > 1 OR EXISTS (SELECT FROM upwell_events v WHERE v.originator_id = i.id)) b;
    FOR c IN 1..cardinality(p_callers) LOOP
        last_ := first_ - 1;
        WHILE last_ < events AND p_command[last_ + 1] = c LOOP
            last_ := last_ + 1;
        END LOOP;
        outcome := NULL;
        IF p_callers[c] IS DISTINCT FROM caller THEN
            caller := p_callers[c];
            org := caller::jsonb->>'organization_id';
            k := array_position(orgs, org);
        END IF;
        FOR i IN first_..last_ LOOP
            IF p_versions[i] = 1 AND (known IS NULL OR p_ids[i] <> ALL (known)) THEN
                NULL;  -- the first of its stream
            ELSIF i = first_ OR p_ids[i] <> p_ids[i - 1] THEN
                IF p_ids[i] = ANY (ids) THEN
                    wake := write_run(ids, versions, topics, states, run, next_, requests, completions, objects_) OR wake;
                    SELECT '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'
                    INTO ids, versions, topics, states, run, requests, completions, objects_, hashes;
                END IF;
                SELECT originator_version, organization_id INTO actual, whose FROM upwell_events
                WHERE originator_id = p_ids[i] ORDER BY originator_version DESC LIMIT 1;
                IF NOT FOUND THEN
                    actual := 0;
                ELSIF whose <> org THEN
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
            IF lapsed IS NULL THEN
                lapsed := lapses(p_callers);
            END IF;
            outcome := lapsed->caller;
        END IF;
        IF outcome IS NULL AND p_conditions[c] IS NOT NULL THEN
            asked := p_conditions[c]::jsonb;
            IF completions <> '{}' AND (asked ?| '{free,owned,stored,held,unheld,heirless}'
                OR asked->'no_original'->0->>'sha256' = ANY (hashes) OR asked->'no_original'->1 IS NOT NULL) THEN
                wake := write_run(ids, versions, topics, states, run, next_, requests, completions, objects_) OR wake;
                SELECT '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'
                INTO ids, versions, topics, states, run, requests, completions, objects_, hashes;
            END IF;
            outcome := refusal(asked);
        END IF;
        IF outcome IS NULL THEN
            IF orgs IS NULL THEN
                SELECT coalesce(array_agg(q.organization_id), '{}'), array_agg(o.quota_bytes),
                    array_agg(q.reserved_bytes + q.accepted_bytes), array_agg(0::bigint), array_agg(0::bigint)
                INTO orgs, limits, used, reserved, accepted
                FROM (SELECT DISTINCT u.caller::jsonb->>'organization_id' AS id FROM unnest(p_callers) u(caller) OFFSET 0) w
                JOIN quotas q ON q.organization_id = w.id JOIN organizations o ON o.organization_id = w.id;
                k := array_position(orgs, org);
            END IF;
            IF p_rooms[c] > 0 AND used[k] + reserved[k] + accepted[k] + p_rooms[c] > limits[k] THEN
                outcome := jsonb_build_object('refused', 'quota_exceeded', 'limit_bytes', limits[k],
                    'used_bytes', used[k] + reserved[k] + accepted[k], 'requested_bytes', p_rooms[c]);
            END IF;
        END IF;
        IF outcome IS NULL THEN
            i := first_ - 1;
            complete := NULL;
            WHILE i < last_ LOOP
                i := i + 1;
                e := CASE WHEN is_ours(p_topics[i]) THEN convert_from(p_states[i], 'UTF8')::jsonb END;
                IF e IS NOT NULL AND e->'origin'->>'organization_id' IS DISTINCT FROM org THEN
                    RAISE EXCEPTION 'an event of % in a command of %', e->'origin'->>'organization_id', org;
                END IF;
                requested := p_topics[i] = 'upload.requested.v1' AND p_versions[i] = 1;
                IF requested OR (p_topics[i] = 'object.created.v1' AND p_ids[i] = complete->>'object_id'
                    AND completions[cardinality(completions)] = cardinality(ids)
                    AND e->'blobs'->0->>'upload_id' = p_ids[i - 1] AND jsonb_array_length(e->'blobs') = 1
                    AND complete->>'deletes_at' IS NULL AND e->>'deletes_at' IS NULL
                    AND e->>'unique_key' IS NULL AND e->>'content_key' IS NULL) THEN
                    next_ := next_ + 1;
                    ids := ids || p_ids[i];
                    versions := versions || 1::bigint;
                    topics := topics || p_topics[i];
                    states := states || p_states[i];
                    run := run || e;
                    IF requested THEN
                        requests := requests || cardinality(ids);
                        reserved[k] := reserved[k] + (e->>'reserved_bytes')::bigint;
                    ELSE
                        objects_ := objects_ || cardinality(ids);
                    END IF;
                    CONTINUE;
                ELSIF p_topics[i] = 'upload.verification_began.v1' AND i + 2 <= last_
                    AND p_topics[i + 1] = 'upload.verified.v1' AND p_topics[i + 2] = 'upload.completed.v1'
                    AND p_ids[i + 1] = p_ids[i] AND p_ids[i + 2] = p_ids[i] THEN
                    verified := convert_from(p_states[i + 1], 'UTF8')::jsonb;
                    complete := convert_from(p_states[i + 2], 'UTF8')::jsonb;
                    IF verified->'origin'->>'organization_id' IS DISTINCT FROM org
                        OR complete->'origin'->>'organization_id' IS DISTINCT FROM org THEN
                        RAISE EXCEPTION 'an event of another organization in a command of %', org;
                    END IF;
                    next_ := next_ + 3;
                    ids := ids || p_ids[i:i + 2];
                    versions := versions || p_versions[i:i + 2];
                    topics := topics || p_topics[i:i + 2];
                    states := states || p_states[i:i + 2];
                    run := run || ARRAY[e, verified, complete];
                    completions := completions || cardinality(ids);
                    hashes := hashes || (verified->'content'->>'sha256');
                    reserved[k] := reserved[k] - (complete->>'released_bytes')::bigint;
                    accepted[k] := accepted[k] + (complete->>'accepted_bytes')::bigint;
                    i := i + 2;
                    CONTINUE;
                END IF;
                IF ids <> '{}' THEN
                    wake := write_run(ids, versions, topics, states, run, next_, requests, completions, objects_) OR wake;
                    SELECT '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'
                    INTO ids, versions, topics, states, run, requests, completions, objects_, hashes;
                END IF;
                next_ := next_ + 1;
                INSERT INTO upwell_events VALUES (p_ids[i], p_versions[i], p_topics[i], p_states[i], next_, org);
                IF schedule(p_ids[i], p_topics[i], e) THEN
                    wake := true;
                END IF;
                change := project(p_ids[i], p_versions[i], p_topics[i], next_, e);
                IF change.reserved_ <> 0 OR change.accepted_ <> 0 THEN
                    reserved[k] := reserved[k] + change.reserved_;
                    accepted[k] := accepted[k] + change.accepted_;
                END IF;
                IF p_topics[i] IN ('upload.forgotten.v1', 'upload.deleted.v1') THEN
                    PERFORM redact(p_ids[i]);
                ELSIF e IS NOT NULL AND p_topics[i] NOT LIKE 'upload.%' AND p_topics[i] NOT LIKE 'object.%'
                    OR p_topics[i] IN ('upload.token_renewed.v1', 'upload.token_revoked.v1') THEN
                    PERFORM pg_notify('upwell_directory', p_ids[i]);
                    around := true;
                END IF;
            END LOOP;
            IF around THEN
                around := false;
                PERFORM add_to_quota(orgs, reserved, accepted);
                lapsed := NULL;  -- callers and limits may have changed
                orgs := NULL;
                reserved := NULL;
                accepted := NULL;
            END IF;
            positions := positions || next_;
        ELSE
            positions := positions || NULL::bigint;
            refusals := refusals || jsonb_build_object(c, outcome);
        END IF;
        first_ := last_ + 1;
    END LOOP;
    IF ids <> '{}' THEN
        wake := write_run(ids, versions, topics, states, run, next_, requests, completions, objects_) OR wake;
    END IF;
    IF 0 <> ANY (reserved) OR 0 <> ANY (accepted) THEN
        PERFORM add_to_quota(orgs, reserved, accepted);
    END IF;
    IF next_ > head THEN
        UPDATE log_head SET position = next_;
        NOTIFY upwell_events;
        IF wake THEN
            NOTIFY upwell_jobs;
        END IF;
    END IF;
END $$;

GRANT EXECUTE ON FUNCTION upwell.append TO upwell_service;
