-- Requested uploads, which are most of what is appended, are written many at a time: one statement for each table and
-- group in place of one for each upload.

SET LOCAL search_path = upwell, pg_temp;

-- Project the beginnings of several uploads, whose events stand one after the other in the log. `p_last`: the position of
-- the last one.
CREATE FUNCTION upwell.project_requests(p_ids text[], p_status text, p_events jsonb[], p_last bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO uploads (
        upload_id, organization_id, namespace_id, bucket_id, version, position, status, filename, content_type,
        storage_key, declared_size_bytes, declared_sha256, url_expires_in_seconds, created_at, expires_at, due_at,
        metadata, create_object, object_metadata, blob_property, blob_type, skip_duplicates, unique_key, policy,
        existing_object_id, keeps_bytes)
    SELECT
        n.id, o->>'organization_id', o->>'namespace_id', o->>'bucket_id', 1, p_last - cardinality(p_ids) + n.n, p_status, r->>'filename',
        r->>'content_type', r->>'storage_key', (r->>'declared_size_bytes')::bigint, r->>'declared_sha256',
        (r->>'url_expires_in_seconds')::integer, (o->>'at')::timestamptz, (r->>'expires_at')::timestamptz,
        (r->>'due_at')::timestamptz, nullif(r->'metadata', 'null'), (r->>'create_object')::boolean,
        nullif(r->'object_metadata', 'null'), r->>'blob_property', r->>'blob_type', (r->>'skip_duplicates')::boolean,
        r->>'unique_key', r->>'policy', n.e->>'existing_object_id', true
    FROM unnest(p_ids, p_events) WITH ORDINALITY n(id, e, n),
        LATERAL (SELECT n.e->'origin' o, n.e->'request' r OFFSET 0) parts;
END $$;


CREATE OR REPLACE FUNCTION upwell.project_upload(
    p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb,
    OUT reserved_ bigint, OUT accepted_ bigint
) LANGUAGE plpgsql AS $$
DECLARE
    o   jsonb := e->'origin';
    at_ timestamptz := (o->>'at')::timestamptz;
BEGIN
    reserved_ := 0;
    accepted_ := 0;
    CASE p_topic
    WHEN 'upload.requested.v1' THEN
        PERFORM project_requests(ARRAY[p_id], 'PENDING', ARRAY[e], p_position);
        reserved_ := (e->>'reserved_bytes')::bigint;
    WHEN 'upload.skipped.v1' THEN
        PERFORM project_requests(ARRAY[p_id], 'SKIPPED', ARRAY[e], p_position);
    WHEN 'upload.started.v1' THEN
        UPDATE uploads SET status = 'IN_PROGRESS', version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
    WHEN 'upload.url_reissued.v1' THEN
        UPDATE uploads SET expires_at = (e->>'expires_at')::timestamptz, due_at = (e->>'due_at')::timestamptz,
            version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
    WHEN 'upload.verification_began.v1' THEN
        UPDATE uploads SET status_before = status, status = 'PROCESSING', task_id = e->>'task_id', version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
    WHEN 'upload.verification_abandoned.v1' THEN
        UPDATE uploads SET status = status_before, status_before = NULL, version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
    WHEN 'upload.verified.v1' THEN
        UPDATE uploads SET size_bytes = (e->'content'->>'size_bytes')::bigint, sha256 = e->'content'->>'sha256',
            etag = e->'content'->>'etag', version_id = e->'content'->>'version_id', message = e->'content'->>'note',
            verified_at = at_, version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
    WHEN 'upload.completed.v1' THEN
        UPDATE uploads SET status = 'COMPLETED', status_before = NULL, completed_at = at_,
            object_id = e->>'object_id', duplicate_of = e->>'duplicate_of',
            existing_object_id = e->>'existing_object_id', keeps_bytes = (e->>'keeps_bytes')::boolean,
            version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
        reserved_ := -(e->>'released_bytes')::bigint;
        accepted_ := (e->>'accepted_bytes')::bigint;
        UPDATE buckets SET total_size_bytes = total_size_bytes + accepted_, last_upload_at = at_
        WHERE bucket_id = o->>'bucket_id';
    WHEN 'upload.failed.v1' THEN
        UPDATE uploads SET status = 'FAILED', status_before = NULL, message = e->>'message',
            failure_reason = e->>'reason', keeps_bytes = false, version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
        reserved_ := -(e->>'released_bytes')::bigint;
    WHEN 'upload.canceled.v1' THEN
        UPDATE uploads SET status = 'CANCELED', status_before = NULL, keeps_bytes = (e->>'keeps_bytes')::boolean,
            version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
        reserved_ := -(e->>'released_bytes')::bigint;
        accepted_ := (e->>'kept_bytes')::bigint;
        IF accepted_ <> 0 THEN
            UPDATE buckets SET total_size_bytes = total_size_bytes + accepted_ WHERE bucket_id = o->>'bucket_id';
        END IF;
    WHEN 'upload.content_changed.v1' THEN
        UPDATE uploads SET changed_etag = coalesce(e->>'etag', ''), version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
    WHEN 'upload.forgotten.v1' THEN
        DELETE FROM uploads WHERE upload_id = p_id AND version = p_version - 1;
        accepted_ := -(e->>'freed_bytes')::bigint;
        IF accepted_ <> 0 THEN
            UPDATE buckets SET total_size_bytes = total_size_bytes + accepted_ WHERE bucket_id = o->>'bucket_id';
        END IF;
    ELSE
        NULL;
    END CASE;
END $$;


-- Write the events of several requested uploads that stand one after the other in the log, their jobs, and their rows.
CREATE FUNCTION upwell.write_requests(p_ids text[], p_states bytea[], p_events jsonb[], p_last bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO upwell_events
    SELECT n.id, 1, 'upload.requested.v1', n.state, p_last - cardinality(p_ids) + n.n, n.e->'origin'->>'organization_id'
    FROM unnest(p_ids, p_states, p_events) WITH ORDINALITY n(id, state, e, n);
    INSERT INTO jobs (kind, upload_id, due_at)
    SELECT 'expire', n.id, (n.e->'request'->>'due_at')::timestamptz FROM unnest(p_ids, p_events) n(id, e);
    PERFORM project_requests(p_ids, 'PENDING', p_events, p_last);
END $$;


-- Say whether key, namespace and bucket of a caller are live: {"refused": …}, or NULL if they are.
CREATE FUNCTION upwell.lapse(p_caller jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    org text := p_caller->>'organization_id';
    hit text;
BEGIN
    IF p_caller->>'key_id' IS NOT NULL AND NOT EXISTS (
        SELECT FROM api_keys WHERE key_id = p_caller->>'key_id' AND organization_id = org AND revoked_at IS NULL) THEN
        RETURN '{"refused": "key_revoked"}';
    END IF;
    IF p_caller->>'namespace_id' IS NOT NULL AND NOT EXISTS (
        SELECT FROM namespaces WHERE namespace_id = p_caller->>'namespace_id' AND organization_id = org) THEN
        RETURN '{"refused": "namespace_not_found"}';
    END IF;
    IF p_caller->>'bucket_id' IS NOT NULL THEN
        SELECT status INTO hit FROM buckets
        WHERE bucket_id = p_caller->>'bucket_id' AND namespace_id = p_caller->>'namespace_id' AND organization_id = org;
        IF hit IS NULL THEN
            RETURN '{"refused": "bucket_not_found"}';
        ELSIF hit <> 'ACTIVE' THEN
            RETURN jsonb_build_object('refused', 'bucket_not_active', 'status', hit);
        END IF;
    END IF;
    RETURN NULL;
END $$;


-- Say which of a command's conditions does not hold: {"refused": …}, or NULL if all do. Called under the lock. Absent
-- ones hold. None is about an upload that was only requested, so requests that wait to be written do not matter.
CREATE FUNCTION upwell.refusal(c jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    hit  text;
    item jsonb;
BEGIN
    FOR item IN SELECT jsonb_array_elements(c->'free') LOOP
        SELECT owner_id INTO hit FROM claims WHERE scope = item->>'scope' AND key = item->>'key';
        IF FOUND THEN
            RETURN jsonb_build_object('refused', 'taken', 'claim', item, 'owner_id', hit);
        END IF;
    END LOOP;
    FOR item IN SELECT jsonb_array_elements(c->'no_original') LOOP
        SELECT upload_id INTO hit FROM uploads
        WHERE bucket_id = item->>'bucket_id' AND sha256 = item->>'sha256'
            AND status = 'COMPLETED' AND skip_duplicates AND keeps_bytes AND changed_etag IS NULL
        ORDER BY position LIMIT 1;
        IF FOUND THEN
            RETURN jsonb_build_object('refused', 'duplicate', 'upload_id', hit);
        END IF;
    END LOOP;
    FOR hit IN SELECT jsonb_array_elements_text(c->'stored') LOOP
        IF NOT EXISTS (SELECT FROM uploads WHERE upload_id = hit AND status = 'COMPLETED' AND keeps_bytes
                       AND changed_etag IS NULL) THEN
            RETURN jsonb_build_object('refused', 'original_gone', 'upload_id', hit);
        END IF;
    END LOOP;
    FOR item IN SELECT jsonb_array_elements(c->'unheld') LOOP
        SELECT object_id INTO hit FROM holds
        WHERE upload_id = item->>'upload_id' AND object_id IS DISTINCT FROM item->>'besides'
        ORDER BY object_id LIMIT 1;
        IF FOUND THEN
            RETURN jsonb_build_object('refused', 'held_by_object', 'object_id', hit, 'upload_id', item->'upload_id');
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
DROP FUNCTION upwell.refusal(jsonb, boolean);


-- The one way into the log. Appends each command entirely or not at all, in the order given, and projects its events in
-- the same transaction.
-- Arrays of one length, one item a command: `p_callers` (organization, key, namespace and bucket, as JSON: the same text
-- for the same caller), `p_conditions` (see `refusal`, as JSON; NULL: none), `p_rooms` (bytes that the quota must have).
-- Arrays of another length, one item an event, ordered by command (`p_command` from 1) and version: the rest.
-- Returns the position of each command's last event, NULL where it was refused, and the refusals by command's number.
-- A command writes for its own organization only: neither into a stream of another one nor in its name.
DROP FUNCTION upwell.append;
CREATE FUNCTION upwell.append(
    p_callers text[], p_conditions text[], p_rooms bigint[],
    p_command integer[], p_ids text[], p_versions bigint[], p_topics text[], p_states bytea[],
    OUT positions bigint[], OUT refusals jsonb
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = upwell, pg_temp AS $$
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
    known    text[];  -- streams that begin here and are there already, or begin here twice
    caller   text;    -- whose command was looked at last, and whether it was found to be live
    live     boolean := false;
    org      text;
    around   boolean := false;  -- whether the command changed more than uploads and objects
    change   record;
    -- requested uploads that are accepted but not written yet, up to the position `next_`
    ids      text[] := '{}';
    states   bytea[] := '{}';
    requests jsonb[] := '{}';
    -- the quota of the organization whose commands are being appended, and what these have changed in it so far
    quota_of text;
    limit_   bigint;
    used     bigint := 0;
    reserved bigint := 0;
    accepted bigint := 0;
BEGIN
    positions := '{}';
    refusals := '{}';
    -- a statement of its own: what follows takes its snapshot after the lock is ours
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
            live := false;
        END IF;
        FOR i IN first_..last_ LOOP
            IF p_versions[i] = 1 AND (known IS NULL OR p_ids[i] <> ALL (known)) THEN
                NULL;  -- the first of its stream
            ELSIF i = first_ OR p_ids[i] <> p_ids[i - 1] THEN
                IF ids <> '{}' THEN
                    PERFORM write_requests(ids, states, requests, next_);
                    ids := '{}';
                    states := '{}';
                    requests := '{}';
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
        IF outcome IS NULL AND NOT live THEN
            outcome := lapse(caller::jsonb);
            live := outcome IS NULL;
        END IF;
        IF outcome IS NULL AND p_conditions[c] IS NOT NULL THEN
            outcome := refusal(p_conditions[c]::jsonb);
        END IF;
        IF outcome IS NULL THEN
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
            IF p_rooms[c] > 0 AND used + reserved + accepted + p_rooms[c] > limit_ THEN
                outcome := jsonb_build_object('refused', 'quota_exceeded', 'limit_bytes', limit_,
                    'used_bytes', used + reserved + accepted, 'requested_bytes', p_rooms[c]);
            END IF;
        END IF;
        IF outcome IS NULL THEN
            FOR i IN first_..last_ LOOP
                e := convert_from(p_states[i], 'UTF8')::jsonb;
                IF e->'origin'->>'organization_id' <> org THEN
                    RAISE EXCEPTION 'an event of % in a command of %', e->'origin'->>'organization_id', org;
                END IF;
                IF p_topics[i] = 'upload.requested.v1' AND p_versions[i] = 1 THEN
                    next_ := next_ + 1;
                    ids := ids || p_ids[i];
                    states := states || p_states[i];
                    requests := requests || e;
                    reserved := reserved + (e->>'reserved_bytes')::bigint;
                    CONTINUE;
                END IF;
                IF ids <> '{}' THEN
                    PERFORM write_requests(ids, states, requests, next_);
                    ids := '{}';
                    states := '{}';
                    requests := '{}';
                END IF;
                next_ := next_ + 1;
                INSERT INTO upwell_events VALUES (p_ids[i], p_versions[i], p_topics[i], p_states[i], next_, org);
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
                live := false;
                IF reserved <> 0 OR accepted <> 0 THEN
                    PERFORM add_to_quota(quota_of, reserved, accepted);
                    reserved := 0;
                    accepted := 0;
                END IF;
                quota_of := NULL;  -- its limit may be another one now
            END IF;
            positions := positions || next_;
        ELSE
            positions := positions || NULL::bigint;
            refusals := refusals || jsonb_build_object(c, outcome);
        END IF;
        first_ := last_ + 1;
    END LOOP;
    IF ids <> '{}' THEN
        PERFORM write_requests(ids, states, requests, next_);
    END IF;
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
END $$;


REVOKE ALL ON ALL FUNCTIONS IN SCHEMA upwell FROM PUBLIC;
GRANT EXECUTE ON FUNCTION upwell.append TO upwell_service;
