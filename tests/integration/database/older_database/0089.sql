SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA upwell;
CREATE SCHEMA upwell_extensions;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA upwell_extensions;
CREATE FUNCTION upwell.add_to_quota(p_organization_id text, p_reserved bigint, p_accepted bigint) RETURNS void
    LANGUAGE sql
    AS $$
    UPDATE quotas SET reserved_bytes = reserved_bytes + p_reserved, accepted_bytes = accepted_bytes + p_accepted
    WHERE organization_id = p_organization_id
$$;
CREATE FUNCTION upwell.agreed_time(p_told timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT least(p_told, statement_timestamp())
$$;
CREATE FUNCTION upwell.append(p_callers text[], p_conditions text[], p_rooms bigint[], p_command integer[], p_ids text[], p_versions bigint[], p_topics text[], p_states bytea[], OUT positions bigint[], OUT refusals jsonb) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'upwell', 'pg_temp'
    AS $$
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
                e := CASE WHEN is_ours(p_topics[i]) THEN convert_from(p_states[i], 'UTF8')::jsonb END;
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
                IF p_topics[i] IN ('upload.forgotten.v1', 'upload.deleted.v1') THEN
                    PERFORM redact(p_ids[i]);
                ELSIF e IS NOT NULL AND p_topics[i] NOT LIKE 'upload.%' AND p_topics[i] NOT LIKE 'object.%' THEN
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
CREATE FUNCTION upwell.claim_object(p_id text) RETURNS void
    LANGUAGE sql
    AS $$
    INSERT INTO claims
    SELECT k.kind || o.bucket_id, k.key, o.object_id
    FROM objects o, LATERAL (VALUES ('object:', o.unique_key), ('content:', o.content_key)) k(kind, key)
    WHERE o.object_id = p_id AND k.key IS NOT NULL
$$;
CREATE FUNCTION upwell.count_uploads() RETURNS TABLE(status text, count bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'upwell', 'pg_temp'
    AS $$
    SELECT status, count(*) FROM uploads GROUP BY status
$$;
CREATE FUNCTION upwell.find_lane() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'upwell', 'pg_temp'
    AS $$
BEGIN
    SELECT lane_of(organization_id) INTO NEW.lane FROM uploads WHERE upload_id = NEW.upload_id;
    IF NEW.lane IS NULL THEN
        SELECT lane_of(organization_id) INTO NEW.lane FROM objects WHERE object_id = NEW.upload_id;
    END IF;
    NEW.lane := coalesce(NEW.lane, 0);
    RETURN NEW;
END $$;
CREATE FUNCTION upwell.forget_avoided(p_upload_id text) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM redact(duplicate_id) FROM avoided_duplicates
    WHERE original_upload_id = p_upload_id AND filename IS NOT NULL;
    DELETE FROM avoided_duplicates WHERE original_upload_id = p_upload_id;
END $$;
CREATE FUNCTION upwell.guard(p_table text) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    visible text := CASE p_table
        WHEN 'holds' THEN 'EXISTS (SELECT FROM upwell.objects o WHERE o.object_id = holds.object_id)'
        WHEN 'claims' THEN 'EXISTS (SELECT FROM upwell.objects WHERE object_id = owner_id)
            OR EXISTS (SELECT FROM upwell.buckets WHERE bucket_id = owner_id)
            OR EXISTS (SELECT FROM upwell.namespaces WHERE namespace_id = owner_id)
            OR EXISTS (SELECT FROM upwell.api_keys WHERE key_id = owner_id)'
        WHEN 'jobs' THEN 'false'
        ELSE 'organization_id = current_setting(''upwell.organization_id'', true)'
    END;
BEGIN
    EXECUTE format('ALTER TABLE upwell.%I ENABLE ROW LEVEL SECURITY', p_table);
    EXECUTE format('ALTER TABLE upwell.%I FORCE ROW LEVEL SECURITY', p_table);
    EXECUTE format('CREATE POLICY owner ON upwell.%I TO CURRENT_USER USING (true) WITH CHECK (true)', p_table);
    EXECUTE format(
        'CREATE POLICY organization ON upwell.%I USING (current_setting(''upwell.organization_id'', true) = ''*'' OR %s)',
        p_table, visible);
END $$;
CREATE FUNCTION upwell.hold_bytes(p_id text, p_blobs jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO holds
    SELECT DISTINCT b->>'upload_id', p_id FROM jsonb_array_elements(p_blobs) b WHERE b->>'upload_id' IS NOT NULL;
    UPDATE uploads SET object_id = p_id
    WHERE object_id IS NULL AND upload_id IN (SELECT b->>'upload_id' FROM jsonb_array_elements(p_blobs) b);
    PERFORM show_ends(ARRAY(SELECT b->>'upload_id' FROM jsonb_array_elements(p_blobs) b));
END $$;
CREATE FUNCTION upwell.index_search(p_limit bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'upwell', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_seqscan TO 'off'
    AS $$
DECLARE
    head  bigint;
    last_ bigint;
BEGIN
    IF to_regclass('upwell.search_texts_trigrams') IS NULL THEN
        RETURN 0;
    END IF;
    SELECT position INTO head FROM search_head FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    SELECT least(position, head + p_limit) INTO last_ FROM log_head;
    IF last_ <= head THEN
        RETURN 0;
    END IF;
    -- once more after `redact`, which does not see a text that is just being written
    DELETE FROM search_texts WHERE id IN (
        SELECT originator_id FROM upwell_events
        WHERE notification_id > head AND notification_id <= last_
            AND topic IN ('upload.deleted.v1', 'upload.forgotten.v1', 'object.deleted.v1'));
    -- an upload's text is that of its first event; an object's may change with each
    INSERT INTO search_texts (id, kind, organization_id, bucket_id, text)
    SELECT upload_id, 'upload', organization_id, bucket_id, lower(upload_text(filename, metadata)) FROM uploads
    WHERE upload_id IN (
        SELECT originator_id FROM upwell_events
        WHERE notification_id > head AND notification_id <= last_ AND originator_version = 1 AND topic LIKE 'upload.%')
    UNION ALL
    SELECT object_id, 'object', organization_id, bucket_id, lower(object_text(key_prefix, blobs, metadata))
    FROM objects
    WHERE object_id IN (
        SELECT originator_id FROM upwell_events
        WHERE notification_id > head AND notification_id <= last_ AND topic LIKE 'object.%')
    ON CONFLICT (id) DO UPDATE SET text = excluded.text WHERE search_texts.text <> excluded.text;
    UPDATE search_head SET position = last_;
    RETURN last_ - head;
END $$;
CREATE FUNCTION upwell.is_ours(p_topic text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT split_part(p_topic, '.', 1)
        IN ('upload', 'object', 'bucket', 'namespace', 'api_key', 'organization', 'webhook')
$$;
CREATE FUNCTION upwell.lane_of(p_organization_id text) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT (hashtext(p_organization_id) & 63)::smallint
$$;
CREATE FUNCTION upwell.lapse(p_caller jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION upwell.object_text(p_key_prefix text, p_blobs jsonb, p_metadata jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT normalize(coalesce(p_key_prefix, '') || ' ' || p_blobs::text || ' ' || p_metadata::text, NFC)
$$;
CREATE FUNCTION upwell.prepare_search() RETURNS boolean
    LANGUAGE plpgsql
    AS $$
DECLARE
    home text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
        IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
            RETURN false;
        END IF;
        CREATE SCHEMA IF NOT EXISTS upwell_extensions;
        CREATE EXTENSION pg_trgm SCHEMA upwell_extensions;
    END IF;
    SELECT n.nspname INTO home FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_trgm';
    EXECUTE format(
        'CREATE INDEX IF NOT EXISTS search_texts_trigrams ON upwell.search_texts USING gin (text %I.gin_trgm_ops)', home);
    RETURN true;
EXCEPTION WHEN insufficient_privilege THEN
    RETURN false;
END $$;
CREATE FUNCTION upwell.project(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb, OUT reserved_ bigint, OUT accepted_ bigint) RETURNS record
    LANGUAGE plpgsql
    AS $$
DECLARE
    change record;
BEGIN
    reserved_ := 0;
    accepted_ := 0;
    IF p_topic NOT LIKE '%.v_' THEN
        RETURN;
    END IF;
    CASE split_part(p_topic, '.', 1)
    WHEN 'upload' THEN
        change := project_upload(p_id, p_version, p_topic, p_position, e);  -- no query: cheaper for each event
        reserved_ := change.reserved_;
        accepted_ := change.accepted_;
        IF p_topic = 'upload.duplicate_avoided.v1' THEN
            PERFORM project_avoided(p_id, p_position, e);
        ELSIF p_topic IN ('upload.deleted.v1', 'upload.forgotten.v1') THEN
            PERFORM forget_avoided(p_id);
        END IF;
    WHEN 'object' THEN
        PERFORM project_object(p_id, p_version, p_topic, p_position, e);
    WHEN 'bucket' THEN
        PERFORM project_bucket(p_id, p_version, p_topic, p_position, e);
        IF p_topic IN ('bucket.created.v1', 'bucket.updated.v1') THEN
            UPDATE buckets SET retention_seconds = (e->>'retention_seconds')::bigint
            WHERE bucket_id = p_id AND version = p_version;
        END IF;
    WHEN 'namespace' THEN
        PERFORM project_namespace(p_id, p_version, p_topic, p_position, e);
    WHEN 'api_key' THEN
        PERFORM project_api_key(p_id, p_version, p_topic, p_position, e);
        IF p_topic = 'api_key.revoked.v1' THEN
            UPDATE api_keys SET lets_open_finish = coalesce((e->>'lets_open_finish')::boolean, false)
            WHERE key_id = p_id AND version = p_version;
        END IF;
    WHEN 'organization' THEN
        PERFORM project_organization(p_id, p_version, p_topic, p_position, e);
    WHEN 'webhook' THEN
        PERFORM project_webhook(p_id, p_version, p_topic, p_position, e);
    ELSE
        NULL;
    END CASE;
END $$;
CREATE FUNCTION upwell.project_after(p_after bigint, p_limit bigint) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
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
            PERFORM add_to_quota(org, reserved, accepted);
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
    PERFORM add_to_quota(org, reserved, accepted);
    RETURN last_;
END $$;
CREATE FUNCTION upwell.project_api_key(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    o   jsonb := e->'origin';
    at_ timestamptz := (o->>'at')::timestamptz;
    org text := o->>'organization_id';
BEGIN
    CASE p_topic
    WHEN 'api_key.created.v1' THEN
        INSERT INTO api_keys (key_id, organization_id, user_id, name, description, key_hash, prefix, permissions, scopes,
            rate_limit_override, expires_at, created_at, created_by, version)
        VALUES (
            p_id, org, e->>'user_id', e->>'name', e->>'description', e->>'key_hash', e->>'prefix', e->'permissions',
            e->'scopes', (e->>'rate_limit_override')::integer, (e->>'expires_at')::timestamptz, at_, o->>'actor_id',
            p_version);
        INSERT INTO claims VALUES ('key:' || org || ':' || (e->>'user_id'), e->>'name', p_id);
    WHEN 'api_key.rotated.v1' THEN
        UPDATE api_keys SET previous_key_hash = key_hash, previous_until = (e->>'previous_until')::timestamptz,
            key_hash = e->>'key_hash', prefix = e->>'prefix', version = p_version
        WHERE key_id = p_id AND version = p_version - 1;
    WHEN 'api_key.settings_changed.v1' THEN
        UPDATE claims c SET key = e->>'name' FROM api_keys k
        WHERE k.key_id = p_id AND c.scope = 'key:' || k.organization_id || ':' || k.user_id AND c.key = k.name
            AND c.owner_id = p_id AND c.key <> e->>'name';
        UPDATE api_keys SET name = e->>'name', description = e->>'description',
            rate_limit_override = (e->>'rate_limit_override')::integer,
            expires_at = (e->>'expires_at')::timestamptz, version = p_version
        WHERE key_id = p_id AND version = p_version - 1;
    WHEN 'api_key.permissions_changed.v1' THEN
        UPDATE api_keys SET permissions = e->'permissions', version = p_version
        WHERE key_id = p_id AND version = p_version - 1;
    WHEN 'api_key.scopes_changed.v1' THEN
        UPDATE api_keys SET scopes = e->'scopes', allowed_origins = e->'allowed_origins', version = p_version
        WHERE key_id = p_id AND version = p_version - 1;
    WHEN 'api_key.revoked.v1' THEN
        UPDATE api_keys SET revoked_at = at_, revoked_by = o->>'actor_id', version = p_version
        WHERE key_id = p_id AND version = p_version - 1;
        DELETE FROM claims WHERE owner_id = p_id
            AND (scope, key) = (SELECT 'key:' || k.organization_id || ':' || k.user_id, k.name
                                FROM api_keys k WHERE k.key_id = p_id);
    ELSE
        NULL;
    END CASE;
END $$;
CREATE FUNCTION upwell.project_avoided(p_id text, p_position bigint, e jsonb) RETURNS void
    LANGUAGE sql
    AS $$
    INSERT INTO avoided_duplicates
    SELECT p_id, o->>'organization_id', coalesce(o->>'namespace_id', ''), coalesce(o->>'bucket_id', ''),
        e->>'original_upload_id', e->>'sha256', (e->>'saved_bytes')::bigint, (o->>'at')::timestamptz, p_position,
        r->>'filename', r->>'content_type', (r->>'declared_size_bytes')::bigint, nullif(r->'metadata', 'null'),
        (r->>'create_object')::boolean, nullif(r->'object_metadata', 'null'), r->>'blob_property',
        (r->>'deletes_at')::timestamptz
    FROM (SELECT e->'origin' o, e->'request' r) parts
$$;
CREATE FUNCTION upwell.project_bucket(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    o      jsonb := e->'origin';
    at_    timestamptz := (o->>'at')::timestamptz;
    org    text := o->>'organization_id';
    scope_ text := 'bucket:' || (o->>'namespace_id');
BEGIN
    CASE p_topic
    WHEN 'bucket.created.v1' THEN
        INSERT INTO buckets (
            bucket_id, organization_id, namespace_id, name, description, bucket_schema, unique_key, metadata, status,
            object_count, total_size_bytes, created_at, updated_at, position, version, auto_confirm,
            content_rules)
        VALUES (
            p_id, org, o->>'namespace_id', e->>'name', e->>'description', e->'bucket_schema',
            nullif(e->'unique_key', 'null'), e->'metadata', 'ACTIVE', 0, 0, at_, at_, p_position, p_version,
            coalesce((e->>'auto_confirm')::boolean, false), coalesce(e->'content_rules', '{}'));
        INSERT INTO claims VALUES (scope_, e->>'name', p_id);
        UPDATE namespaces SET bucket_count = bucket_count + 1 WHERE namespace_id = o->>'namespace_id';
    WHEN 'bucket.status_changed.v1' THEN
        -- with its namespace being deleted it stays what it is
        UPDATE buckets SET status = CASE status WHEN 'DELETING' THEN status ELSE e->>'status' END, updated_at = at_,
            version = p_version
        WHERE bucket_id = p_id AND version = p_version - 1;
    WHEN 'bucket.schema_changed.v1' THEN
        UPDATE buckets SET bucket_schema = e->'bucket_schema', updated_at = at_, version = p_version
        WHERE bucket_id = p_id AND version = p_version - 1;
    WHEN 'bucket.updated.v1' THEN
        DELETE FROM claims
        WHERE scope = scope_ AND owner_id = p_id AND key = (SELECT name FROM buckets WHERE bucket_id = p_id);
        INSERT INTO claims VALUES (scope_, e->>'name', p_id);
        UPDATE buckets SET name = e->>'name', description = e->>'description', metadata = e->'metadata',
            auto_confirm = coalesce((e->>'auto_confirm')::boolean, false),
            content_rules = coalesce(e->'content_rules', '{}'), updated_at = at_, version = p_version
        WHERE bucket_id = p_id AND version = p_version - 1;
    WHEN 'bucket.deletion_began.v1' THEN
        UPDATE buckets SET status = 'DELETING', updated_at = at_, version = p_version
        WHERE bucket_id = p_id AND version = p_version - 1;
    WHEN 'bucket.deleted.v1' THEN
        DELETE FROM claims
        WHERE scope = scope_ AND owner_id = p_id AND key = (SELECT name FROM buckets WHERE bucket_id = p_id);
        DELETE FROM buckets WHERE bucket_id = p_id;
        UPDATE namespaces SET bucket_count = bucket_count - 1 WHERE namespace_id = o->>'namespace_id';
    ELSE
        NULL;
    END CASE;
END $$;
CREATE FUNCTION upwell.project_namespace(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    o      jsonb := e->'origin';
    at_    timestamptz := (o->>'at')::timestamptz;
    org    text := o->>'organization_id';
    scope_ text := 'namespace:' || org;
BEGIN
    CASE p_topic
    WHEN 'namespace.created.v1' THEN
        INSERT INTO namespaces (
            namespace_id, organization_id, name, description, settings, created_at, updated_at, bucket_count,
            object_count, position, version)
        VALUES (p_id, org, e->>'name', e->>'description', e->'settings', at_, at_, 0, 0, p_position, p_version);
        INSERT INTO claims VALUES (scope_, e->>'name', p_id);
    WHEN 'namespace.updated.v1' THEN
        DELETE FROM claims
        WHERE scope = scope_ AND owner_id = p_id AND key = (SELECT name FROM namespaces WHERE namespace_id = p_id);
        INSERT INTO claims VALUES (scope_, e->>'name', p_id);
        UPDATE namespaces SET name = e->>'name', description = e->>'description', settings = e->'settings',
            updated_at = at_, version = p_version
        WHERE namespace_id = p_id AND version = p_version - 1;
    WHEN 'namespace.deletion_began.v1' THEN
        UPDATE namespaces SET status = 'DELETING', updated_at = at_, version = p_version
        WHERE namespace_id = p_id AND version = p_version - 1;
        INSERT INTO claims VALUES ('deletion', p_id, e->>'task_id');
        UPDATE buckets SET status = 'DELETING' WHERE namespace_id = p_id;
    WHEN 'namespace.deleted.v1' THEN
        DELETE FROM claims
        WHERE scope = scope_ AND owner_id = p_id AND key = (SELECT name FROM namespaces WHERE namespace_id = p_id);
        DELETE FROM claims WHERE scope = 'deletion' AND key = p_id;
        DELETE FROM namespaces WHERE namespace_id = p_id;
    ELSE
        NULL;
    END CASE;
END $$;
CREATE FUNCTION upwell.project_object(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    o   jsonb := e->'origin';
    at_ timestamptz := (o->>'at')::timestamptz;
    gone record;
BEGIN
    CASE p_topic
    WHEN 'object.created.v1' THEN
        INSERT INTO objects (object_id, organization_id, namespace_id, bucket_id, blobs, metadata, key_prefix,
            unique_key, content_key, created_at, updated_at, position, version, deletes_at)
        VALUES (p_id, o->>'organization_id', o->>'namespace_id', o->>'bucket_id', e->'blobs',
            coalesce(nullif(e->'metadata', 'null'), '{}'), e->>'key_prefix', e->>'unique_key', e->>'content_key',
            at_, at_, p_position, p_version, (e->>'deletes_at')::timestamptz);
        PERFORM hold_bytes(p_id, e->'blobs');
        IF e->>'unique_key' IS NOT NULL OR e->>'content_key' IS NOT NULL THEN
            PERFORM claim_object(p_id);
        END IF;
        UPDATE buckets SET object_count = object_count + 1 WHERE bucket_id = o->>'bucket_id';
        UPDATE namespaces SET object_count = object_count + 1 WHERE namespace_id = o->>'namespace_id';
    WHEN 'object.updated.v1' THEN
        PERFORM unclaim_object(p_id);
        UPDATE objects SET blobs = e->'blobs', metadata = coalesce(nullif(e->'metadata', 'null'), '{}'),
            key_prefix = e->>'key_prefix', unique_key = coalesce(e->>'unique_key', unique_key),
            content_key = e->>'content_key', updated_at = at_, version = p_version,
            deletes_at = CASE WHEN e ? 'deletes_at' THEN (e->>'deletes_at')::timestamptz ELSE deletes_at END
        WHERE object_id = p_id AND version = p_version - 1;
        PERFORM claim_object(p_id);
        PERFORM release_bytes(p_id, e->'released_upload_ids');
        PERFORM hold_bytes(p_id, e->'blobs');
    WHEN 'object.deleted.v1' THEN
        PERFORM unclaim_object(p_id);
        PERFORM release_bytes(p_id, e->'released_upload_ids');
        DELETE FROM objects WHERE object_id = p_id AND version = p_version - 1 RETURNING bucket_id, namespace_id INTO gone;
        UPDATE buckets SET object_count = object_count - 1 WHERE bucket_id = gone.bucket_id;
        UPDATE namespaces SET object_count = object_count - 1 WHERE namespace_id = gone.namespace_id;
    ELSE
        NULL;
    END CASE;
END $$;
CREATE FUNCTION upwell.project_organization(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    o   jsonb := e->'origin';
    at_ timestamptz := (o->>'at')::timestamptz;
BEGIN
    CASE p_topic
    WHEN 'organization.created.v1' THEN
        INSERT INTO organizations (organization_id, internal_id, name, tier, quota_bytes, created_at, updated_at, version)
        VALUES (
            p_id, e->>'internal_id', e->>'name', e->>'tier', (e->>'quota_bytes')::bigint, at_, at_, p_version);
        INSERT INTO quotas VALUES (p_id, 0, 0);
    WHEN 'organization.limits_changed.v1' THEN
        UPDATE organizations SET tier = e->>'tier', quota_bytes = (e->>'quota_bytes')::bigint, updated_at = at_,
            version = p_version
        WHERE organization_id = p_id AND version = p_version - 1;
    WHEN 'organization.rate_limits_changed.v1' THEN
        UPDATE organizations SET own_rate_limits = e->'rate_limits', updated_at = at_, version = p_version
        WHERE organization_id = p_id AND version = p_version - 1;
    WHEN 'organization.rate_limits_changed.v2' THEN
        UPDATE organizations SET own_rate_limits = nullif(jsonb_strip_nulls(e->'rate_limits'), '{}'), updated_at = at_,
            version = p_version
        WHERE organization_id = p_id AND version = p_version - 1;
    WHEN 'organization.profile_changed.v1' THEN
        UPDATE organizations SET name = e->>'name', logo_url = e->>'logo_url', billing_email = e->>'billing_email',
            metadata = nullif(e->'metadata', 'null'), updated_at = at_, version = p_version
        WHERE organization_id = p_id AND version = p_version - 1;
    ELSE
        NULL;
    END CASE;
END $$;
CREATE FUNCTION upwell.project_requests(p_ids text[], p_status text, p_events jsonb[], p_last bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO uploads (
        upload_id, organization_id, namespace_id, bucket_id, version, position, status, filename, content_type,
        storage_key, declared_size_bytes, declared_sha256, url_expires_in_seconds, created_at, expires_at, due_at,
        metadata, create_object, object_metadata, blob_property, blob_type, skip_duplicates, unique_key, policy,
        existing_object_id, keeps_bytes, auto_confirm, part_size, storage_checks, deletes_at)
    SELECT
        n.id, o->>'organization_id', o->>'namespace_id', o->>'bucket_id', 1, p_last - cardinality(p_ids) + n.n, p_status, r->>'filename',
        r->>'content_type', r->>'storage_key', (r->>'declared_size_bytes')::bigint, r->>'declared_sha256',
        (r->>'url_expires_in_seconds')::integer, (o->>'at')::timestamptz, (r->>'expires_at')::timestamptz,
        (r->>'due_at')::timestamptz, nullif(r->'metadata', 'null'), (r->>'create_object')::boolean,
        nullif(r->'object_metadata', 'null'), r->>'blob_property', r->>'blob_type', (r->>'skip_duplicates')::boolean,
        r->>'unique_key', r->>'policy', n.e->>'existing_object_id', true,
        coalesce((r->>'auto_confirm')::boolean, false),
        (r->>'part_size')::bigint, coalesce((r->>'storage_checks')::boolean, false),
        CASE p_status WHEN 'PENDING' THEN (r->>'deletes_at')::timestamptz END
    FROM unnest(p_ids, p_events) WITH ORDINALITY n(id, e, n),
        LATERAL (SELECT n.e->'origin' o, n.e->'request' r OFFSET 0) parts;
END $$;
CREATE FUNCTION upwell.project_upload(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb, OUT reserved_ bigint, OUT accepted_ bigint) RETURNS record
    LANGUAGE plpgsql
    AS $$
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
        UPDATE uploads SET status = 'IN_PROGRESS', multipart_id = e->>'multipart_id', version = p_version
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
            own_end = (e->>'deletes_at')::timestamptz, deletes_at = (e->>'deletes_at')::timestamptz,
            version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
        reserved_ := -(e->>'released_bytes')::bigint;
        accepted_ := (e->>'accepted_bytes')::bigint;
        UPDATE buckets SET total_size_bytes = total_size_bytes + accepted_, last_upload_at = at_
        WHERE bucket_id = o->>'bucket_id';
    WHEN 'upload.failed.v1' THEN
        UPDATE uploads SET status = 'FAILED', status_before = NULL, message = e->>'message',
            failure_reason = e->>'reason', keeps_bytes = false, deletes_at = NULL, version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
        reserved_ := -(e->>'released_bytes')::bigint;
    WHEN 'upload.canceled.v1' THEN
        UPDATE uploads SET status = 'CANCELED', status_before = NULL, keeps_bytes = (e->>'keeps_bytes')::boolean,
            deletes_at = NULL, version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
        reserved_ := -(e->>'released_bytes')::bigint;
        accepted_ := (e->>'kept_bytes')::bigint;
        IF accepted_ <> 0 THEN
            UPDATE buckets SET total_size_bytes = total_size_bytes + accepted_ WHERE bucket_id = o->>'bucket_id';
        END IF;
    WHEN 'upload.content_changed.v1' THEN
        UPDATE uploads SET changed_etag = coalesce(e->>'etag', ''), version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
    WHEN 'upload.bytes_inherited.v1' THEN
        -- it comes before the event that removes the upload that it inherits from
        UPDATE uploads SET storage_key = e->>'storage_key', etag = e->>'etag', version_id = e->>'version_id',
            due_at = (e->>'due_at')::timestamptz, keeps_bytes = true, duplicate_of = NULL, object_id = NULL,
            inherited_from = coalesce(
                (SELECT inherited_from FROM uploads WHERE upload_id = e->>'from_upload_id'), e->>'from_upload_id'),
            version = p_version
        WHERE upload_id = p_id AND version = p_version - 1;
        UPDATE uploads SET duplicate_of = p_id WHERE duplicate_of = e->>'from_upload_id';
        accepted_ := (e->>'accepted_bytes')::bigint;
        UPDATE buckets SET total_size_bytes = total_size_bytes + accepted_ WHERE bucket_id = o->>'bucket_id';
    WHEN 'upload.deleted.v1', 'upload.forgotten.v1' THEN
        DELETE FROM uploads WHERE upload_id = p_id AND version = p_version - 1;
        accepted_ := -(e->>'freed_bytes')::bigint;
        IF accepted_ <> 0 THEN
            UPDATE buckets SET total_size_bytes = total_size_bytes + accepted_ WHERE bucket_id = o->>'bucket_id';
        END IF;
    ELSE
        NULL;
    END CASE;
END $$;
CREATE FUNCTION upwell.project_webhook(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    o      jsonb := e->'origin';
    at_    timestamptz := (o->>'at')::timestamptz;
    scope_ text := 'webhook:' || (o->>'organization_id');
BEGIN
    IF p_topic IN ('webhook.updated.v1', 'webhook.deleted.v1') THEN
        DELETE FROM claims WHERE scope = scope_ AND owner_id = p_id
            AND key = (SELECT settings->>'name' FROM webhooks WHERE webhook_id = p_id);
    END IF;
    CASE p_topic
    WHEN 'webhook.created.v1' THEN
        INSERT INTO webhooks VALUES (
            p_id, o->>'organization_id', e->'settings', NULL, at_, at_, p_position, p_version, o->>'actor_id');
        INSERT INTO claims VALUES (scope_, e->'settings'->>'name', p_id);
    WHEN 'webhook.updated.v1' THEN
        INSERT INTO claims VALUES (scope_, e->'settings'->>'name', p_id);
        UPDATE webhooks SET settings = e->'settings', disabled_reason = NULL, updated_at = at_,
            key_id = o->>'actor_id', version = p_version
        WHERE webhook_id = p_id AND version = p_version - 1;
    WHEN 'webhook.disabled.v1' THEN
        UPDATE webhooks SET settings = settings || '{"is_active": false}', disabled_reason = e->>'reason',
            updated_at = at_, version = p_version
        WHERE webhook_id = p_id AND version = p_version - 1;
    WHEN 'webhook.secret_rotated.v1' THEN
        UPDATE webhooks SET updated_at = at_, version = p_version WHERE webhook_id = p_id AND version = p_version - 1;
    WHEN 'webhook.deleted.v1' THEN
        DELETE FROM webhooks WHERE webhook_id = p_id;
    ELSE
        NULL;
    END CASE;
END $$;
CREATE FUNCTION upwell.redact(p_id text) RETURNS void
    LANGUAGE sql
    AS $$
    UPDATE upwell_events SET state = convert_to(
        (s.e || CASE WHEN jsonb_typeof(s.e->'request') = 'object' THEN jsonb_build_object('request', (
                    SELECT jsonb_object_agg(key, CASE WHEN key NOT IN (
                        'filename', 'storage_key', 'metadata', 'object_metadata') THEN value END)
                    FROM jsonb_each(s.e->'request'))) ELSE '{}' END
             || CASE WHEN s.e ? 'blobs' THEN jsonb_build_object('metadata', NULL, 'blobs', (
                    SELECT coalesce(jsonb_agg(b - '{data,metadata,key_prefix}'::text[]
                        || '{"filename": null, "storage_key": null}' ORDER BY n), '[]')
                    FROM jsonb_array_elements(s.e->'blobs') WITH ORDINALITY x(b, n))) ELSE '{}' END
             || CASE WHEN s.e ? 'storage_key' THEN '{"storage_key": null}'::jsonb ELSE '{}' END)::text, 'UTF8')
    FROM (SELECT originator_version v, convert_from(state, 'UTF8')::jsonb - 'key_prefix' e FROM upwell_events
          WHERE originator_id = p_id) s
    WHERE originator_id = p_id AND originator_version = s.v AND s.e ?| '{request,blobs,storage_key}';
    DELETE FROM search_texts
    WHERE id IN (SELECT t.id FROM search_texts t WHERE t.id = p_id FOR UPDATE SKIP LOCKED);
$$;
CREATE FUNCTION upwell.redact_former_profiles() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE upwell.upwell_events
    SET state = convert_to((convert_from(state, 'UTF8')::jsonb || '{"billing_email": null}')::text, 'UTF8')
    WHERE originator_id = NEW.originator_id AND originator_version < NEW.originator_version AND topic = NEW.topic;
    RETURN NULL;
END $$;
CREATE FUNCTION upwell.refusal(c jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    hit  text;
    heir text;
    item jsonb;
BEGIN
    IF c->>'requester' IS NOT NULL AND EXISTS (
        SELECT FROM api_keys WHERE key_id = c->>'requester' AND revoked_at IS NOT NULL AND NOT lets_open_finish) THEN
        RETURN jsonb_build_object('refused', 'requester_revoked', 'key_id', c->'requester');
    END IF;
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
            AND (own_end IS NULL OR own_end >= (item->>'ends_at')::timestamptz)
            AND (deletes_at IS NULL OR deletes_at >= (item->>'ends_at')::timestamptz)
        ORDER BY position LIMIT 1;
        IF FOUND THEN
            RETURN jsonb_build_object('refused', 'duplicate', 'upload_id', hit, 'sameness', item);
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
    FOR hit IN SELECT jsonb_array_elements_text(c->'heirless') LOOP
        SELECT upload_id INTO heir FROM uploads
        WHERE duplicate_of = hit AND status = 'COMPLETED' ORDER BY position LIMIT 1;
        IF FOUND THEN
            RETURN jsonb_build_object('refused', 'heir_exists', 'upload_id', hit, 'heir_id', heir);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE FUNCTION upwell.release_bytes(p_id text, p_released jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    DELETE FROM holds WHERE object_id = p_id;
    UPDATE uploads u SET object_id = (SELECT min(h.object_id) FROM holds h WHERE h.upload_id = u.upload_id)
    WHERE u.object_id = p_id AND u.upload_id IN (SELECT jsonb_array_elements_text(p_released));
    PERFORM show_ends(ARRAY(SELECT jsonb_array_elements_text(p_released)));
END $$;
CREATE FUNCTION upwell.schedule(p_id text, p_topic text, e jsonb) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
DECLARE
    at_ timestamptz := (e->'origin'->>'at')::timestamptz;
BEGIN
    CASE p_topic
    WHEN 'upload.requested.v1' THEN
        INSERT INTO jobs (kind, upload_id, due_at) VALUES ('expire', p_id, (e->'request'->>'due_at')::timestamptz);
        RETURN false;
    WHEN 'upload.skipped.v1' THEN
        PERFORM set_job('forget', p_id, (e->>'forget_at')::timestamptz);
    WHEN 'upload.url_reissued.v1' THEN
        PERFORM set_job('expire', p_id, (e->>'due_at')::timestamptz);
    WHEN 'upload.verification_began.v1' THEN
        DELETE FROM jobs WHERE upload_id = p_id AND kind = 'expire';
        -- whoever confirms inline is at it now; a worker takes over only if that process is gone
        PERFORM set_job('verify', p_id, at_ + CASE WHEN (e->>'inline')::boolean THEN interval '60 seconds'
                                                   ELSE interval '0' END);
        RETURN NOT (e->>'inline')::boolean;
    WHEN 'upload.verification_abandoned.v1' THEN
        PERFORM set_job('verify', p_id, (e->>'retry_at')::timestamptz);
        PERFORM set_job('expire', p_id, (e->>'due_at')::timestamptz);
    WHEN 'upload.completed.v1' THEN
        DELETE FROM jobs WHERE upload_id = p_id;
        IF e->>'deletes_at' IS NOT NULL THEN
            PERFORM set_job('forget', p_id, (e->>'deletes_at')::timestamptz);
        END IF;
        IF NOT (e->>'keeps_bytes')::boolean THEN
            PERFORM set_discard(p_id, at_, (e->>'due_at')::timestamptz);
            RETURN true;
        END IF;
        PERFORM set_job('recheck', p_id, (e->>'due_at')::timestamptz);
    WHEN 'upload.failed.v1', 'upload.canceled.v1' THEN
        DELETE FROM jobs WHERE upload_id = p_id;
        PERFORM set_job('forget', p_id, (e->>'forget_at')::timestamptz);
        IF p_topic = 'upload.failed.v1' OR NOT (e->>'keeps_bytes')::boolean THEN
            PERFORM set_discard(p_id, at_, (e->>'due_at')::timestamptz);
            RETURN true;
        END IF;
    WHEN 'upload.bytes_inherited.v1' THEN
        PERFORM set_job('recheck', p_id, (e->>'due_at')::timestamptz);
    WHEN 'upload.deleted.v1', 'upload.forgotten.v1' THEN
        -- where it has inherited bytes, its own are being deleted still
        DELETE FROM jobs j WHERE j.upload_id = p_id AND NOT (j.kind = 'discard'
            AND EXISTS (SELECT FROM uploads WHERE upload_id = p_id AND inherited_from IS NOT NULL));
        IF e->>'heir_id' IS NULL THEN
            PERFORM set_discard(p_id, at_, due_at) FROM uploads WHERE upload_id = p_id;
            RETURN true;
        END IF;
    WHEN 'object.created.v1', 'object.updated.v1', 'object.deleted.v1' THEN
        RETURN schedule_object(p_id, p_topic, e);
    ELSE
        NULL;
    END CASE;
    RETURN false;
END $$;
CREATE FUNCTION upwell.schedule_object(p_id text, p_topic text, e jsonb) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
BEGIN
    CASE p_topic
    WHEN 'object.created.v1' THEN
        DELETE FROM jobs WHERE kind = 'forget'
            AND upload_id IN (SELECT b->>'upload_id' FROM jsonb_array_elements(e->'blobs') b);
        IF e->>'deletes_at' IS NOT NULL THEN
            PERFORM set_job('delete_object', p_id, (e->>'deletes_at')::timestamptz);
        END IF;
    WHEN 'object.updated.v1' THEN
        DELETE FROM jobs WHERE kind = 'forget'
            AND upload_id IN (SELECT b->>'upload_id' FROM jsonb_array_elements(e->'blobs') b);
        IF e->>'deletes_at' IS NOT NULL THEN
            PERFORM set_job('delete_object', p_id, (e->>'deletes_at')::timestamptz);
        ELSIF e ? 'deletes_at' THEN
            DELETE FROM jobs WHERE upload_id = p_id AND kind = 'delete_object';
        END IF;
        PERFORM set_job('forget', upload_id, own_end) FROM uploads
        WHERE own_end IS NOT NULL
            AND upload_id IN (SELECT jsonb_array_elements_text(e->'released_upload_ids'));
    WHEN 'object.deleted.v1' THEN
        PERFORM redact(p_id);
        DELETE FROM jobs WHERE upload_id = p_id AND kind = 'delete_object';
        -- of two holders that go at once each may leave an upload to the other
        PERFORM set_job('forget', r, (e->'origin'->>'at')::timestamptz)
        FROM jsonb_array_elements_text(e->'released_upload_ids') r;
        RETURN e->'released_upload_ids' <> '[]';
    ELSE
        NULL;
    END CASE;
    RETURN false;
END $$;
CREATE FUNCTION upwell.search_candidates(p_kind text, p_bucket_id text, p_pattern text, p_limit integer) RETURNS text[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'upwell', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_seqscan TO 'off'
    AS $$
DECLARE
    asking text := current_setting('upwell.organization_id', true);
    head   bigint;
    ids    text[];
BEGIN
    IF p_pattern !~ '[[:alnum:]]{3}' OR to_regclass('upwell.search_texts_trigrams') IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT position INTO head FROM search_head;
    IF head < (SELECT position - 20000 FROM log_head) THEN
        RETURN NULL;
    END IF;
    ids := ARRAY(
        SELECT id FROM search_texts
        WHERE text LIKE lower(p_pattern) AND kind = p_kind AND bucket_id = p_bucket_id
            AND asking IN ('*', organization_id)
        LIMIT p_limit + 1);
    IF cardinality(ids) > p_limit THEN
        RETURN NULL;
    END IF;
    -- and of what the log tells behind the head
    RETURN ids || CASE p_kind
    WHEN 'upload' THEN ARRAY(
        SELECT upload_id FROM uploads
        WHERE bucket_id = p_bucket_id AND asking IN ('*', organization_id)
            AND upload_text(filename, metadata) ILIKE p_pattern
            AND upload_id IN (
                SELECT originator_id FROM upwell_events
                WHERE notification_id > head AND originator_version = 1 AND topic LIKE 'upload.%'))
    ELSE ARRAY(
        SELECT object_id FROM objects
        WHERE bucket_id = p_bucket_id AND asking IN ('*', organization_id)
            AND object_text(key_prefix, blobs, metadata) ILIKE p_pattern
            AND object_id IN (
                SELECT originator_id FROM upwell_events WHERE notification_id > head AND topic LIKE 'object.%'))
    END;
END $$;
CREATE FUNCTION upwell.set_discard(p_upload_id text, p_now timestamp with time zone, p_again_at timestamp with time zone) RETURNS void
    LANGUAGE sql
    AS $$
    INSERT INTO jobs (kind, upload_id, due_at, storage_key, multipart_id, again_at)
    SELECT 'discard', coalesce(inherited_from, upload_id), p_now, storage_key, multipart_id, p_again_at FROM uploads
    WHERE upload_id = p_upload_id
    ON CONFLICT (upload_id, kind) DO UPDATE
    SET due_at = excluded.due_at, again_at = excluded.again_at, attempts = 0, lease = NULL, leased_until = NULL
$$;
CREATE FUNCTION upwell.set_job(p_kind text, p_upload_id text, p_due_at timestamp with time zone) RETURNS void
    LANGUAGE sql
    AS $$
    INSERT INTO jobs (kind, upload_id, due_at) VALUES (p_kind, p_upload_id, p_due_at)
    ON CONFLICT (upload_id, kind) DO UPDATE
    SET due_at = excluded.due_at, attempts = 0, lease = NULL, leased_until = NULL, last_error = NULL
$$;
CREATE FUNCTION upwell.show_ends(p_ids text[]) RETURNS void
    LANGUAGE sql
    AS $$
    UPDATE uploads u SET deletes_at = e.at
    FROM (
        SELECT w.upload_id, CASE
            WHEN count(o.object_id) = 0 THEN w.own_end
            WHEN bool_and(o.deletes_at IS NOT NULL) THEN max(o.deletes_at)
        END AS at
        FROM uploads w LEFT JOIN holds h ON h.upload_id = w.upload_id LEFT JOIN objects o ON o.object_id = h.object_id
        WHERE w.upload_id = ANY (p_ids) GROUP BY w.upload_id, w.own_end
    ) e
    WHERE u.upload_id = e.upload_id AND u.deletes_at IS DISTINCT FROM e.at
$$;
CREATE FUNCTION upwell.stored_states(p_ids text[], p_versions bigint[]) RETURNS TABLE(n bigint, state bytea, notification_id bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'upwell', 'pg_temp'
    AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7582370921);
    RETURN QUERY
    SELECT w.n, v.state, v.notification_id
    FROM unnest(p_ids, p_versions) WITH ORDINALITY w(id, version, n)
    LEFT JOIN upwell_events v ON v.originator_id = w.id AND v.originator_version = w.version;
END $$;
CREATE FUNCTION upwell.try_locks() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'upwell', 'pg_temp'
    AS $$
BEGIN
    LOCK TABLE log_head, upwell_events, organizations, quotas, api_keys, namespaces, buckets, uploads, objects, holds,
        claims, jobs IN ROW EXCLUSIVE MODE;
END $$;
CREATE FUNCTION upwell.try_writing() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'upwell', 'pg_temp'
    SET work_mem TO '64kB'
    SET temp_tablespaces TO ''
    AS $$
BEGIN
    PERFORM count(*) FROM generate_series(1, 8000);
    PERFORM pg_advisory_xact_lock(7582370921);
    UPDATE log_head SET position = position;
END $$;
CREATE FUNCTION upwell.unclaim_object(p_id text) RETURNS void
    LANGUAGE sql
    AS $$
    DELETE FROM claims c USING objects o
    WHERE o.object_id = p_id AND c.owner_id = p_id
        AND (c.scope, c.key) IN (('object:' || o.bucket_id, o.unique_key), ('content:' || o.bucket_id, o.content_key))
$$;
CREATE FUNCTION upwell.upload_text(p_filename text, p_metadata jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT normalize(coalesce(p_filename, '') || ' ' || coalesce(p_metadata::text, ''), NFC)
$$;
CREATE FUNCTION upwell.write_requests(p_ids text[], p_states bytea[], p_events jsonb[], p_last bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO upwell_events
    SELECT n.id, 1, 'upload.requested.v1', n.state, p_last - cardinality(p_ids) + n.n, n.e->'origin'->>'organization_id'
    FROM unnest(p_ids, p_states, p_events) WITH ORDINALITY n(id, state, e, n);
    INSERT INTO jobs (kind, upload_id, due_at, lane)
    SELECT 'expire', n.id, (n.e->'request'->>'due_at')::timestamptz, lane_of(n.e->'origin'->>'organization_id')
    FROM unnest(p_ids, p_events) n(id, e);
    PERFORM project_requests(p_ids, 'PENDING', p_events, p_last);
END $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE upwell.analytics_hours (
    organization_id text NOT NULL,
    namespace_id text NOT NULL,
    bucket_id text NOT NULL,
    hour timestamp with time zone NOT NULL,
    stored_bytes bigint NOT NULL,
    objects bigint NOT NULL,
    avoided bigint NOT NULL,
    avoided_bytes bigint NOT NULL
);
ALTER TABLE ONLY upwell.analytics_hours FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.analytics_uploads (
    upload_id text NOT NULL,
    organization_id text NOT NULL,
    namespace_id text NOT NULL,
    bucket_id text NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    status text NOT NULL,
    processing boolean NOT NULL,
    reason text,
    size_bytes bigint,
    duplicate boolean NOT NULL
)
WITH (fillfactor='80');
ALTER TABLE ONLY upwell.analytics_uploads FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.api_keys (
    key_id text NOT NULL,
    organization_id text NOT NULL,
    user_id text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    key_hash text NOT NULL,
    prefix text NOT NULL,
    permissions jsonb NOT NULL,
    scopes jsonb NOT NULL,
    rate_limit_override integer,
    expires_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    revoked_at timestamp with time zone,
    revoked_by text,
    version bigint NOT NULL,
    allowed_origins jsonb DEFAULT '[]'::jsonb NOT NULL,
    previous_key_hash text,
    previous_until timestamp with time zone,
    lets_open_finish boolean DEFAULT false NOT NULL
);
ALTER TABLE ONLY upwell.api_keys FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.avoided_duplicates (
    duplicate_id text NOT NULL,
    organization_id text NOT NULL,
    namespace_id text NOT NULL,
    bucket_id text NOT NULL,
    original_upload_id text NOT NULL,
    sha256 text NOT NULL,
    saved_bytes bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    "position" bigint NOT NULL,
    filename text,
    content_type text,
    declared_size_bytes bigint,
    metadata jsonb,
    create_object boolean,
    object_metadata jsonb,
    blob_property text,
    deletes_at timestamp with time zone
);
ALTER TABLE ONLY upwell.avoided_duplicates FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.buckets (
    bucket_id text NOT NULL,
    organization_id text NOT NULL,
    namespace_id text NOT NULL,
    name text NOT NULL,
    description text,
    bucket_schema jsonb NOT NULL,
    unique_key jsonb,
    metadata jsonb NOT NULL,
    status text NOT NULL,
    object_count bigint NOT NULL,
    total_size_bytes bigint NOT NULL,
    last_upload_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    "position" bigint NOT NULL,
    version bigint NOT NULL,
    auto_confirm boolean DEFAULT false NOT NULL,
    content_rules jsonb DEFAULT '{}'::jsonb NOT NULL,
    retention_seconds bigint
)
WITH (fillfactor='70');
ALTER TABLE ONLY upwell.buckets FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.claims (
    scope text NOT NULL,
    key text NOT NULL,
    owner_id text NOT NULL
);
ALTER TABLE ONLY upwell.claims FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.holds (
    upload_id text NOT NULL,
    object_id text NOT NULL
);
ALTER TABLE ONLY upwell.holds FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.idempotency_keys (
    name text NOT NULL,
    organization_id text NOT NULL,
    fingerprint text NOT NULL,
    seed text NOT NULL,
    attempt integer NOT NULL,
    made text[],
    lease text,
    leased_until timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
)
WITH (fillfactor='80');
ALTER TABLE ONLY upwell.idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.jobs (
    kind text NOT NULL,
    upload_id text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    lease text,
    leased_until timestamp with time zone,
    last_error text,
    storage_key text,
    again_at timestamp with time zone,
    multipart_id text,
    lane smallint NOT NULL
)
WITH (fillfactor='80');
ALTER TABLE ONLY upwell.jobs FORCE ROW LEVEL SECURITY;
CREATE UNLOGGED TABLE upwell.key_uses (
    key_id text NOT NULL,
    organization_id text NOT NULL,
    last_used_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY upwell.key_uses FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.log_head (
    only_row boolean DEFAULT true NOT NULL,
    "position" bigint NOT NULL,
    CONSTRAINT log_head_only_row_check CHECK (only_row)
)
WITH (fillfactor='10');
CREATE TABLE upwell.migrations (
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE upwell.namespaces (
    namespace_id text NOT NULL,
    organization_id text NOT NULL,
    name text NOT NULL,
    description text,
    settings jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    bucket_count bigint NOT NULL,
    object_count bigint NOT NULL,
    "position" bigint NOT NULL,
    version bigint NOT NULL,
    status text DEFAULT 'ACTIVE'::text NOT NULL
);
ALTER TABLE ONLY upwell.namespaces FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.objects (
    object_id text NOT NULL,
    organization_id text NOT NULL,
    namespace_id text NOT NULL,
    bucket_id text NOT NULL,
    blobs jsonb NOT NULL,
    metadata jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    "position" bigint NOT NULL,
    version bigint NOT NULL,
    key_prefix text,
    unique_key text,
    content_key text,
    deletes_at timestamp with time zone
);
ALTER TABLE ONLY upwell.objects FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.organizations (
    organization_id text NOT NULL,
    internal_id text NOT NULL,
    name text NOT NULL,
    tier text NOT NULL,
    quota_bytes bigint,
    created_at timestamp with time zone NOT NULL,
    version bigint NOT NULL,
    own_rate_limits jsonb,
    logo_url text,
    billing_email text,
    metadata jsonb,
    updated_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY upwell.organizations FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.quotas (
    organization_id text NOT NULL,
    reserved_bytes bigint NOT NULL,
    accepted_bytes bigint NOT NULL
)
WITH (fillfactor='20');
ALTER TABLE ONLY upwell.quotas FORCE ROW LEVEL SECURITY;
CREATE UNLOGGED TABLE upwell.rate_slices (
    organization_id text NOT NULL,
    limited text NOT NULL,
    window_number bigint NOT NULL,
    taken bigint NOT NULL
)
WITH (fillfactor='50');
ALTER TABLE ONLY upwell.rate_slices FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.request_records (
    request_id text NOT NULL,
    organization_id text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    actor_id text NOT NULL,
    address text NOT NULL,
    user_agent text,
    method text NOT NULL,
    route text NOT NULL,
    status integer NOT NULL,
    code text,
    command_ids text[] NOT NULL
);
ALTER TABLE ONLY upwell.request_records FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.search_head (
    only_row boolean DEFAULT true NOT NULL,
    "position" bigint NOT NULL,
    CONSTRAINT search_head_only_row_check CHECK (only_row)
)
WITH (fillfactor='10');
CREATE TABLE upwell.search_texts (
    id text NOT NULL,
    kind text NOT NULL,
    organization_id text NOT NULL,
    bucket_id text NOT NULL,
    text text NOT NULL
);
ALTER TABLE ONLY upwell.search_texts FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.subscriptions (
    name text NOT NULL,
    "position" bigint NOT NULL,
    lease text,
    leased_until timestamp with time zone,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE upwell.task_items (
    task_id text NOT NULL,
    organization_id text NOT NULL,
    index integer NOT NULL,
    subject text NOT NULL,
    input jsonb NOT NULL,
    status text DEFAULT 'PENDING'::text NOT NULL,
    output jsonb,
    error text
)
WITH (fillfactor='80');
ALTER TABLE ONLY upwell.task_items FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.tasks (
    task_id text NOT NULL,
    organization_id text NOT NULL,
    namespace_id text,
    task_type text NOT NULL,
    status text DEFAULT 'PENDING'::text NOT NULL,
    actor_id text NOT NULL,
    inputs jsonb NOT NULL,
    outputs jsonb DEFAULT '[]'::jsonb NOT NULL,
    additional_data jsonb NOT NULL,
    error text,
    upload_id text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    "position" bigint NOT NULL
)
WITH (fillfactor='80');
ALTER TABLE ONLY upwell.tasks FORCE ROW LEVEL SECURITY;
ALTER TABLE upwell.tasks ALTER COLUMN "position" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME upwell.tasks_position_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE upwell.uploads (
    upload_id text NOT NULL,
    organization_id text NOT NULL,
    namespace_id text NOT NULL,
    bucket_id text NOT NULL,
    version bigint NOT NULL,
    "position" bigint NOT NULL,
    status text NOT NULL,
    status_before text,
    filename text,
    content_type text NOT NULL,
    storage_key text,
    declared_size_bytes bigint,
    declared_sha256 text,
    url_expires_in_seconds integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    metadata jsonb,
    create_object boolean NOT NULL,
    object_metadata jsonb,
    blob_property text,
    blob_type text,
    skip_duplicates boolean NOT NULL,
    unique_key text,
    policy text NOT NULL,
    size_bytes bigint,
    sha256 text,
    etag text,
    version_id text,
    verified_at timestamp with time zone,
    completed_at timestamp with time zone,
    task_id text,
    object_id text,
    duplicate_of text,
    existing_object_id text,
    message text,
    failure_reason text,
    changed_etag text,
    keeps_bytes boolean NOT NULL,
    auto_confirm boolean DEFAULT false NOT NULL,
    part_size bigint,
    storage_checks boolean DEFAULT false NOT NULL,
    multipart_id text,
    deletes_at timestamp with time zone,
    own_end timestamp with time zone,
    inherited_from text
)
WITH (fillfactor='80');
ALTER TABLE ONLY upwell.uploads FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.upwell_events (
    originator_id text NOT NULL,
    originator_version bigint NOT NULL,
    topic text NOT NULL,
    state bytea NOT NULL,
    notification_id bigint NOT NULL,
    organization_id text
);
ALTER TABLE ONLY upwell.upwell_events FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.webhook_batches (
    webhook_id text NOT NULL,
    number bigint NOT NULL,
    organization_id text NOT NULL,
    size integer NOT NULL,
    first_position bigint NOT NULL,
    deliveries jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY upwell.webhook_batches FORCE ROW LEVEL SECURITY;
ALTER TABLE upwell.webhook_batches ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME upwell.webhook_batches_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE upwell.webhook_deliveries (
    webhook_id text NOT NULL,
    "position" bigint NOT NULL,
    organization_id text NOT NULL,
    stream_id text NOT NULL,
    topic text NOT NULL,
    status text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    history jsonb DEFAULT '[]'::jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    first_at timestamp with time zone,
    next_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    lease text,
    leased_until timestamp with time zone
);
ALTER TABLE ONLY upwell.webhook_deliveries FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.webhook_dropped (
    webhook_id text NOT NULL,
    organization_id text NOT NULL,
    "position" bigint NOT NULL
);
ALTER TABLE ONLY upwell.webhook_dropped FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.webhook_endpoints (
    webhook_id text NOT NULL,
    organization_id text NOT NULL,
    secrets jsonb,
    headers jsonb,
    failures integer DEFAULT 0 NOT NULL,
    failing_since timestamp with time zone,
    resting_until timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    sealed bytea,
    CONSTRAINT webhook_endpoints_check CHECK (((sealed IS NOT NULL) OR ((secrets IS NOT NULL) AND (headers IS NOT NULL))))
);
ALTER TABLE ONLY upwell.webhook_endpoints FORCE ROW LEVEL SECURITY;
CREATE TABLE upwell.webhooks (
    webhook_id text NOT NULL,
    organization_id text NOT NULL,
    settings jsonb NOT NULL,
    disabled_reason text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    "position" bigint NOT NULL,
    version bigint NOT NULL,
    key_id text NOT NULL
);
ALTER TABLE ONLY upwell.webhooks FORCE ROW LEVEL SECURITY;
INSERT INTO upwell.analytics_hours VALUES
    ('org_atx5qi39vqbyfz36', 'ns_bvx40wdh2ahkmevc', 'bkt_dxcfs4xsg4ixwlps', '2026-11-30 00:00:00+00', 19, 3, 0, 0),
    ('org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_rw0x5okyq3a3x0wn', '2026-11-30 00:00:00+00', 18, 1, 0, 0),
    ('org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:00:00+00', 22936, 26, 2, 2001);
INSERT INTO upwell.analytics_uploads VALUES
    ('upl_u9tvara3gtax15xb', 'org_atx5qi39vqbyfz36', 'ns_bvx40wdh2ahkmevc', 'bkt_dxcfs4xsg4ixwlps', '2026-11-30 00:16:44.007704+00', '2026-11-30 00:16:44.337851+00', '2026-11-30 00:16:44.354387+00', 'COMPLETED', false, NULL, 19, false),
    ('upl_5heggnbi68352ms7', 'org_atx5qi39vqbyfz36', 'ns_bvx40wdh2ahkmevc', 'bkt_dxcfs4xsg4ixwlps', '2026-11-30 00:16:44.479018+00', '2026-11-30 00:16:44.617521+00', '2026-11-30 00:16:44.830204+00', 'COMPLETED', false, NULL, 19, true),
    ('upl_tcfi76di7xe40kld', 'org_atx5qi39vqbyfz36', 'ns_bvx40wdh2ahkmevc', 'bkt_dxcfs4xsg4ixwlps', '2026-11-30 00:16:45.098429+00', NULL, NULL, 'PENDING', false, NULL, NULL, false),
    ('upl_lpdiiqml5nxap7yv', 'org_atx5qi39vqbyfz36', 'ns_bvx40wdh2ahkmevc', 'bkt_dxcfs4xsg4ixwlps', '2026-11-30 00:16:45.277618+00', NULL, NULL, 'CANCELED', false, NULL, NULL, false),
    ('upl_4vruqw361bxa19sx', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:46.516393+00', NULL, NULL, 'PENDING', false, NULL, NULL, false),
    ('upl_xur9f840pcvr5u44', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:46.543938+00', NULL, NULL, 'CANCELED', false, NULL, NULL, false),
    ('upl_86w277ofoy99eeca', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.154925+00', '2026-11-30 00:16:47.604514+00', '2026-11-30 00:16:47.636977+00', 'COMPLETED', false, NULL, 1279, false),
    ('upl_4p6uy8gvo0ib4vc7', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:46.586334+00', '2026-11-30 00:16:46.617738+00', '2026-11-30 00:16:46.695465+00', 'COMPLETED', false, NULL, 804, false),
    ('upl_fgkv9zjnh8fft0j5', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.154925+00', '2026-11-30 00:16:47.615586+00', '2026-11-30 00:16:47.707071+00', 'COMPLETED', false, NULL, 1612, false),
    ('upl_68xhwp8v8bbduqax', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:46.724969+00', '2026-11-30 00:16:46.746031+00', '2026-11-30 00:16:46.824013+00', 'COMPLETED', false, NULL, 948, false),
    ('upl_14eno1jdpw3t9xe0', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:46.980615+00', '2026-11-30 00:16:47.002753+00', '2026-11-30 00:16:47.018192+00', 'COMPLETED', false, NULL, 1396, false),
    ('upl_pc0f7l21v2a1jf3q', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.075933+00', '2026-11-30 00:16:47.112539+00', '2026-11-30 00:16:47.133474+00', 'COMPLETED', false, NULL, 1002, false),
    ('upl_fhmdviaomskjgflt', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.154925+00', '2026-11-30 00:16:47.898667+00', '2026-11-30 00:16:47.923378+00', 'COMPLETED', false, NULL, 293, false),
    ('upl_1ddc73utn3hofbpk', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.154925+00', '2026-11-30 00:16:47.41872+00', '2026-11-30 00:16:47.481573+00', 'COMPLETED', false, NULL, 1007, false),
    ('upl_0zabyykkragz4fw0', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.154925+00', '2026-11-30 00:16:47.650526+00', '2026-11-30 00:16:47.7317+00', 'COMPLETED', false, NULL, 348, false),
    ('upl_y1xc5015zirwy1dx', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.154925+00', '2026-11-30 00:16:47.409311+00', '2026-11-30 00:16:47.443039+00', 'COMPLETED', false, NULL, 1725, false),
    ('upl_1t2yxil7u9b1rj70', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.154925+00', '2026-11-30 00:16:47.429857+00', '2026-11-30 00:16:47.4978+00', 'COMPLETED', false, NULL, 741, false),
    ('upl_zpem0jd12gsq2sku', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.154925+00', '2026-11-30 00:16:47.498078+00', '2026-11-30 00:16:47.557489+00', 'COMPLETED', false, NULL, 213, false),
    ('upl_qisdg9mdt12lqbq0', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.154925+00', '2026-11-30 00:16:47.725605+00', '2026-11-30 00:16:47.744074+00', 'COMPLETED', false, NULL, 669, false),
    ('upl_f3pnr50q6a6kucun', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.154925+00', '2026-11-30 00:16:47.774062+00', '2026-11-30 00:16:47.814602+00', 'COMPLETED', false, NULL, 1377, false),
    ('upl_aoic0dbo8xgr9xvb', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.154925+00', '2026-11-30 00:16:47.917512+00', '2026-11-30 00:16:47.949988+00', 'COMPLETED', false, NULL, 1071, false),
    ('upl_wvjxr6qlekjzic7r', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.154925+00', '2026-11-30 00:16:47.824717+00', '2026-11-30 00:16:47.869397+00', 'COMPLETED', false, NULL, 538, false),
    ('upl_crtsv2vau3k5ecaq', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.154925+00', '2026-11-30 00:16:47.804863+00', '2026-11-30 00:16:47.837582+00', 'COMPLETED', false, NULL, 104, false),
    ('upl_xfprmwixg7laym2a', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.154925+00', '2026-11-30 00:16:47.843883+00', '2026-11-30 00:16:47.883963+00', 'COMPLETED', false, NULL, 1539, false),
    ('upl_i3gvdwoazqjv5533', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:48.543646+00', '2026-11-30 00:16:48.557876+00', '2026-11-30 00:16:48.568106+00', 'COMPLETED', false, NULL, 1001, true),
    ('upl_43pd4qcmbrwat5zn', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_rw0x5okyq3a3x0wn', '2026-11-30 00:16:48.792622+00', NULL, NULL, 'SKIPPED', false, NULL, NULL, false),
    ('upl_73jcvu8w5i1ac2rw', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.154925+00', '2026-11-30 00:16:47.90316+00', '2026-11-30 00:16:47.930279+00', 'COMPLETED', false, NULL, 83, false),
    ('upl_lr7psbm34p1jf7p7', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.154925+00', '2026-11-30 00:16:47.936096+00', '2026-11-30 00:16:47.956064+00', 'COMPLETED', false, NULL, 901, false),
    ('upl_7maro2vt6bjpga8g', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:48.810166+00', '2026-11-30 00:16:48.831659+00', '2026-11-30 00:16:48.84341+00', 'COMPLETED', false, NULL, 12, false),
    ('upl_3ka49g69394qy9p8', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.154925+00', '2026-11-30 00:16:47.967583+00', '2026-11-30 00:16:47.991848+00', 'COMPLETED', false, NULL, 833, false),
    ('upl_oyspe8oep5b20rgv', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.154925+00', '2026-11-30 00:16:47.963306+00', '2026-11-30 00:16:47.978284+00', 'COMPLETED', false, NULL, 1108, false),
    ('upl_eqnm9psf5xt6r2s3', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.154925+00', '2026-11-30 00:16:47.993433+00', '2026-11-30 00:16:48.014763+00', 'COMPLETED', false, NULL, 1273, false),
    ('upl_3buqognpba0tlrsy', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:47.154925+00', '2026-11-30 00:16:47.995165+00', '2026-11-30 00:16:48.016364+00', 'COMPLETED', false, NULL, 1467, false),
    ('upl_g4r3ttmx3vuo3nt7', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:48.306834+00', '2026-11-30 00:16:48.335072+00', '2026-11-30 00:16:48.357397+00', 'COMPLETED', false, NULL, 1000, false),
    ('upl_68ivs81dcbhieuox', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:48.386797+00', '2026-11-30 00:16:48.400663+00', '2026-11-30 00:16:48.422948+00', 'COMPLETED', false, NULL, 1000, true),
    ('upl_08j1scyas7nlkkfk', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:48.490103+00', '2026-11-30 00:16:48.511204+00', '2026-11-30 00:16:48.526212+00', 'COMPLETED', false, NULL, 1001, false),
    ('upl_ltafaxtvtmyucn2r', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:48.633229+00', '2026-11-30 00:16:48.643957+00', NULL, 'IN_PROGRESS', false, NULL, NULL, false),
    ('upl_jhj30pjkazd91zqw', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '2026-11-30 00:16:48.658524+00', '2026-11-30 00:16:48.669547+00', NULL, 'FAILED', false, 'hash_mismatch', NULL, false),
    ('upl_240hwfhf18wb49g6', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_rw0x5okyq3a3x0wn', '2026-11-30 00:16:48.751333+00', '2026-11-30 00:16:48.765724+00', '2026-11-30 00:16:48.775927+00', 'COMPLETED', false, NULL, 18, false);
INSERT INTO upwell.api_keys VALUES
    ('key_ykkgcx832esychnv', 'org_atx5qi39vqbyfz36', 'usr_test', 'test', '', 'd54a50a16bcbd7d73e8215dc2073484df452f1b0d5181f00afde847bead469aa', 'sk_KNzaRYG', '["read", "write", "delete", "admin"]', '[]', NULL, NULL, '2026-11-30 00:16:43.546541+00', 'system:test', NULL, NULL, 1, '[]', NULL, NULL, false),
    ('key_x7mosf2oojt640z8', 'org_50l5yrkkz8u0locb', 'usr_test', 'test', '', '5275052f27c00b71b1bb2403755a27ebf027f599ae974e1735dcae3df7a9777b', 'sk_CPIKzpS', '["read", "write", "delete", "admin"]', '[]', NULL, NULL, '2026-11-30 00:16:43.619604+00', 'system:test', NULL, NULL, 1, '[]', NULL, NULL, false),
    ('key_b4bw4b3lrpmqwh5u', 'org_atx5qi39vqbyfz36', 'usr_1cecacdc5ec223bd', 'scanner', 'The scanner on the first floor.', 'af4b8fc9705ae9b6ebb1ef9b3f2f57d77f1c95ab558e72cac80fbf894e96ecb2', 'sk_iELYN7V', '["read", "write"]', '[]', NULL, NULL, '2026-11-30 00:16:45.440588+00', 'key_ykkgcx832esychnv', '2026-11-30 00:16:46.027561+00', 'key_ykkgcx832esychnv', 4, '[]', '824d142fe203d2abcc3ca9fd8587742a37cf7846ac6064490afc546fc4b3b12b', '2026-11-30 01:16:45.489646+00', false);
INSERT INTO upwell.avoided_duplicates VALUES
    ('dup_qjwctbw42zofzv8x', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 'upl_g4r3ttmx3vuo3nt7', '541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53', 1000, '2026-11-30 00:16:48.452547+00', 189, 'a.mp4', 'video/mp4', 1000, '{"life": "ff70722d1c055f625a1ab73d"}', true, NULL, 'video', NULL),
    ('dup_ff3ftjn5n86vi7s9', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 'upl_08j1scyas7nlkkfk', '0f8191f0b7f4d878acd87097ff96e338a21a5420343221d60a135de41c721782', 1001, '2026-11-30 00:16:48.586382+00', 199, 'a.mp4', 'video/mp4', 1001, '{"life": "927eb0bfd1731ec5577c78e2"}', true, NULL, 'video', NULL);
INSERT INTO upwell.buckets VALUES
    ('bkt_dxcfs4xsg4ixwlps', 'org_atx5qi39vqbyfz36', 'ns_bvx40wdh2ahkmevc', 'files', NULL, '{"properties": {"text": {"type": "text"}, "image": {"type": "image"}, "title": {"type": "string"}, "video": {"type": "video"}, "number": {"type": "integer"}}}', NULL, '{}', 'ACTIVE', 3, 19, '2026-11-30 00:16:44.830204+00', '2026-11-30 00:16:43.552914+00', '2026-11-30 00:16:43.552914+00', 4, 1, false, '{}', NULL),
    ('bkt_rw0x5okyq3a3x0wn', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'sorted', NULL, '{"properties": {"text": {"type": "text"}, "title": {"type": "string"}}}', '{"fields": ["title"], "default_policy": "insert"}', '{}', 'ACTIVE', 1, 18, '2026-11-30 00:16:48.775927+00', '2026-11-30 00:16:48.713063+00', '2026-11-30 00:16:48.713063+00', 205, 1, false, '{}', NULL),
    ('bkt_ej8m5l8lfqkm8mkh', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'files', NULL, '{"properties": {"text": {"type": "text"}, "image": {"type": "image"}, "title": {"type": "string"}, "video": {"type": "video"}, "number": {"type": "integer"}}}', NULL, '{}', 'ACTIVE', 26, 22936, '2026-11-30 00:16:48.84341+00', '2026-11-30 00:16:43.622997+00', '2026-11-30 00:16:43.622997+00', 8, 1, false, '{}', NULL);
INSERT INTO upwell.claims VALUES
    ('key:org_atx5qi39vqbyfz36:usr_test', 'test', 'key_ykkgcx832esychnv'),
    ('namespace:org_atx5qi39vqbyfz36', 'test', 'ns_bvx40wdh2ahkmevc'),
    ('bucket:ns_bvx40wdh2ahkmevc', 'files', 'bkt_dxcfs4xsg4ixwlps'),
    ('key:org_50l5yrkkz8u0locb:usr_test', 'test', 'key_x7mosf2oojt640z8'),
    ('namespace:org_50l5yrkkz8u0locb', 'test', 'ns_kebm04hs2j89xapd'),
    ('bucket:ns_kebm04hs2j89xapd', 'files', 'bkt_ej8m5l8lfqkm8mkh'),
    ('webhook:org_50l5yrkkz8u0locb', 'unheard', 'wh_b9ea7e8faa5e474b'),
    ('bucket:ns_kebm04hs2j89xapd', 'sorted', 'bkt_rw0x5okyq3a3x0wn'),
    ('object:bkt_rw0x5okyq3a3x0wn', '94cbf4bbc0bee6dfac6dcd650ae13a47f3305da6e86ec6101bef0d49bb66273f', 'obj_7lh0c2jhine41jyp');
INSERT INTO upwell.holds VALUES
    ('upl_u9tvara3gtax15xb', 'obj_fntnexw0h28ouj7r'),
    ('upl_4p6uy8gvo0ib4vc7', 'obj_5lmczhxgg1abumzb'),
    ('upl_68xhwp8v8bbduqax', 'obj_c99eyppx6jbmiv8b'),
    ('upl_pc0f7l21v2a1jf3q', 'obj_24cbdmpyh1c1y1ec'),
    ('upl_y1xc5015zirwy1dx', 'obj_51yaw5v30k6zd2w7'),
    ('upl_1ddc73utn3hofbpk', 'obj_q2dnypcirycno1p5'),
    ('upl_1t2yxil7u9b1rj70', 'obj_c60jdecd6prugham'),
    ('upl_zpem0jd12gsq2sku', 'obj_1hs27acj3cnwm8kl'),
    ('upl_86w277ofoy99eeca', 'obj_3yjyajovhovwn0qt'),
    ('upl_fgkv9zjnh8fft0j5', 'obj_ypww4faipu1djjp7'),
    ('upl_0zabyykkragz4fw0', 'obj_jjkcav0wqvbjju76'),
    ('upl_qisdg9mdt12lqbq0', 'obj_jyt4im6mv0t6oat9'),
    ('upl_f3pnr50q6a6kucun', 'obj_4k3gk0shw5iy80jf'),
    ('upl_crtsv2vau3k5ecaq', 'obj_mo8m9l56cj1waim3'),
    ('upl_wvjxr6qlekjzic7r', 'obj_ot4ywutp2vhn86nf'),
    ('upl_xfprmwixg7laym2a', 'obj_mg4lxpz4mp9wxx2r'),
    ('upl_fhmdviaomskjgflt', 'obj_xrfpd7d2mzfcjj47'),
    ('upl_73jcvu8w5i1ac2rw', 'obj_14c2hvslksjsxhig'),
    ('upl_aoic0dbo8xgr9xvb', 'obj_z0nfsyn6p89cj0q3'),
    ('upl_lr7psbm34p1jf7p7', 'obj_nu8w553ya7g2rmu4'),
    ('upl_oyspe8oep5b20rgv', 'obj_xa9akazferxb0mjf'),
    ('upl_3ka49g69394qy9p8', 'obj_srij8lebv4ysd9xl'),
    ('upl_eqnm9psf5xt6r2s3', 'obj_by4y7av4vxqndftf'),
    ('upl_3buqognpba0tlrsy', 'obj_ce4pgwsura5q68rc'),
    ('upl_g4r3ttmx3vuo3nt7', 'obj_k06n18riv7nrdg24'),
    ('upl_08j1scyas7nlkkfk', 'obj_s77uebklhwuf4gog'),
    ('upl_240hwfhf18wb49g6', 'obj_7lh0c2jhine41jyp');
INSERT INTO upwell.idempotency_keys VALUES
    ('c639bca50c08101430f865bc7ab651fefe369fedc0e6323b00ee8aae49a67705', 'org_50l5yrkkz8u0locb', '4746df10781aa38169a49588cbdeacb381d3f469b43decae7ce5f4a27e030f35', 'q1r4uol1b3xfeac4uutdt91gpslve0zi', 1, '{upl_4vruqw361bxa19sx}', NULL, '2026-11-30 00:17:01.513752+00', '2026-12-01 00:16:46.513752+00'),
    ('00917253690a3eeca0e8b4923ba4fff0d2805b9ff104efc00aa0c81b1f91bb8e', 'org_50l5yrkkz8u0locb', 'a0c0fac26a1211eaba8cc70a72ecb748744ba5fda272cb49460956abccc132c5', 'rj6ho5yyxwegmuib3uneiu8dcc7oppcv', 1, '{upl_xur9f840pcvr5u44}', NULL, '2026-11-30 00:17:01.540341+00', '2026-12-01 00:16:46.540341+00'),
    ('cc15d7b3e729d8a04acac83655b9e646650cb951b659213eb16a3b05d22cd6aa', 'org_50l5yrkkz8u0locb', 'decde31023fdb29131f7bf21217af94fd3bd047a4c5750b6d7c9d9cb35feae1c', '0xw4ezlm2kxsf3c5bsroi0ifwdwmp8k5', 1, '{upl_4p6uy8gvo0ib4vc7}', NULL, '2026-11-30 00:17:01.584488+00', '2026-12-01 00:16:46.584488+00'),
    ('8903b969d0b093cc69f811464e3a2fbf69322ced2082041b1c4491ae619b32b3', 'org_50l5yrkkz8u0locb', '84fa6634d29a6bb0e3b346010b003a6a85ffc6044b1e1f77ae212023267729ce', 'pic3hp708y54pmd2f87t8htmxair5zs8', 1, '{upl_68xhwp8v8bbduqax}', NULL, '2026-11-30 00:17:01.721525+00', '2026-12-01 00:16:46.721525+00'),
    ('7fdc203567da6f6d0b70ceec2f66a7d6465e844c35a55cfbc44b2e81e7a734c4', 'org_50l5yrkkz8u0locb', '3fb2f553a25a36bc54dd169b632b64621b3a9b17a3c6fc4a7e064d743589df30', 'h9xdhi1ccpz49qa70swj9ps8l4cg1h90', 1, '{upl_14eno1jdpw3t9xe0}', NULL, '2026-11-30 00:17:01.979279+00', '2026-12-01 00:16:46.979279+00'),
    ('a606c432707f5501e802321eb87d59a94e0b525ccf592cc698fbaf7338c6254f', 'org_50l5yrkkz8u0locb', 'ff374d502c75543c5ba6accf2b6a0186442b498e90102cc4ba3a22ff8457e26e', 'ikp6fxcx1p1bk2d2vwab99wipm4swyvo', 1, '{upl_pc0f7l21v2a1jf3q}', NULL, '2026-11-30 00:17:02.067159+00', '2026-12-01 00:16:47.067159+00'),
    ('d0bd29b439613c00d6bd1299a66206614bc32226a2ea028cabdc517b624968f9', 'org_50l5yrkkz8u0locb', '4bb2c004f565a537d32db2d01b4fee83edad47a16dfbf8933634e3e85dce31f2', '1wj1u7fndotzexdw25ziocql2ciaxsw2', 1, '{upl_y1xc5015zirwy1dx,upl_zpem0jd12gsq2sku,upl_1ddc73utn3hofbpk,upl_1t2yxil7u9b1rj70,upl_86w277ofoy99eeca,upl_0zabyykkragz4fw0,upl_fgkv9zjnh8fft0j5,upl_qisdg9mdt12lqbq0,upl_f3pnr50q6a6kucun,upl_crtsv2vau3k5ecaq,upl_wvjxr6qlekjzic7r,upl_xfprmwixg7laym2a,upl_fhmdviaomskjgflt,upl_73jcvu8w5i1ac2rw,upl_aoic0dbo8xgr9xvb,upl_lr7psbm34p1jf7p7,upl_oyspe8oep5b20rgv,upl_3ka49g69394qy9p8,upl_eqnm9psf5xt6r2s3,upl_3buqognpba0tlrsy}', NULL, '2026-11-30 00:17:02.15048+00', '2026-12-01 00:16:47.15048+00'),
    ('e207dc7e3809172f08637d06916e21c0a4ce5f037d30ef5a6aeb1167c2b75b1d', 'org_50l5yrkkz8u0locb', 'ef1f69e16eb54a7106d2a4491973564a85c558a1bcdb685e712350a582b71756', 'u8qyg4jjwendt6a9hyjxo0v5v3ktjokg', 1, '{obj_471azve5ctr3kc3m}', NULL, '2026-11-30 00:17:03.220518+00', '2026-12-01 00:16:48.220518+00'),
    ('8dc79c67ae483c2594c3d60020b19abd847ec3c548d6a3fd10d0af4f4663cd4d', 'org_50l5yrkkz8u0locb', 'b37dbd160ebcf905958f7ffde34377eb3a504eb1120fe5bc4952fbdf001ad35c', '68el1dzk7mzyidcgfeznix48tx9e34es', 1, '{upl_g4r3ttmx3vuo3nt7}', NULL, '2026-11-30 00:17:03.305573+00', '2026-12-01 00:16:48.305573+00'),
    ('2c4f55c694e88533bafb5cf5e27895c9fdf978931199eaf70cdb9160f2198c54', 'org_50l5yrkkz8u0locb', 'a3f7a77898f2124c145255a9b5075fcb95af4b5ecfb79724b8774588f0619e74', '4kauxh4h49ksq8rlbt16a41lofbaoeb0', 1, '{upl_68ivs81dcbhieuox}', NULL, '2026-11-30 00:17:03.385043+00', '2026-12-01 00:16:48.385043+00'),
    ('4e7f1f7cb6c80181b369c86acdcbb9ff0e50faf0eac649d831d0e64b10487cc1', 'org_50l5yrkkz8u0locb', 'c6d8a0b029c339cdf38ed9c532c05fb010990e4f5a6c34af628b7815f71ef069', '61uor3084rb3d92c7w0fn3zeh9tsdxuq', 1, '{upl_g4r3ttmx3vuo3nt7}', NULL, '2026-11-30 00:17:03.445927+00', '2026-12-01 00:16:48.445927+00'),
    ('fe17f4453a6f039a1bb7c553be74c93ead92043ae3c91f67bc1c097f22087fc7', 'org_50l5yrkkz8u0locb', 'f6874e0c6cc5dec54928cac9959d7f5994be4f3eeaf46b2b58ea6b1ae58e7484', 'xqhzir31m81aljjxx0np62svzhm16kbo', 1, '{upl_08j1scyas7nlkkfk}', NULL, '2026-11-30 00:17:03.480342+00', '2026-12-01 00:16:48.480342+00'),
    ('3650c40f22285b748791c2931aa3efc41a8b7a78903a15a061313bff304647e8', 'org_50l5yrkkz8u0locb', 'dbccf999ca2ad383b54d4b6191a0adb8ef00db13e1fbecad50f8bc698eb45f91', '593at6lwjrebo9lnu4zcvhygsqj9nngd', 1, '{upl_i3gvdwoazqjv5533}', NULL, '2026-11-30 00:17:03.541753+00', '2026-12-01 00:16:48.541753+00'),
    ('f5f785c23dba89b47ac6395e7ea44e9584c29f81cecfeaf940520cfa85b4b28b', 'org_50l5yrkkz8u0locb', '9749067e3a3d075960b77c41177301a8942fffa323c394ef375d682a8964d8d9', 'upuagzduwi97apewgn9drim8b1rc8n6w', 1, '{upl_08j1scyas7nlkkfk}', NULL, '2026-11-30 00:17:03.582034+00', '2026-12-01 00:16:48.582034+00'),
    ('fcd216f6904191ef158b3f81aab41efcd1ec1b07863a9f8845333dab6417be72', 'org_50l5yrkkz8u0locb', '0555edae23c7fed3b163907b4016689372ca0dbd115830dc4275e52097da6b09', '8d4jo5v40rav6pp8acpeg85t592s1npe', 1, '{upl_ltafaxtvtmyucn2r}', NULL, '2026-11-30 00:17:03.629421+00', '2026-12-01 00:16:48.629421+00'),
    ('3c5ebed4eee90d6499136462be344c25f9bd6fd49ae1744cda0eca698f4ebb55', 'org_50l5yrkkz8u0locb', 'ff19393a3c368f08be601f8d075a5e870c8268e7c69c54a68f46425745a73bd2', 'ksti92py9jtfzd404saehj6cymrjwfdf', 1, '{upl_jhj30pjkazd91zqw}', NULL, '2026-11-30 00:17:03.657368+00', '2026-12-01 00:16:48.657368+00'),
    ('ead0a5465c8818881a868fcee366406831273e3f5a56aefb0e340fd4237c92a3', 'org_50l5yrkkz8u0locb', 'cda36045ab5966aa61ba0a844f5ded8eaed781ebb9214f558eecbd5f7f2186df', 'g3wh2bufz0dwx4xxspmol3li3i24f7eb', 1, '{upl_7maro2vt6bjpga8g}', NULL, '2026-11-30 00:17:03.808671+00', '2026-12-01 00:16:48.808671+00');
INSERT INTO upwell.jobs VALUES
    ('drop_task', 'task_21hit0fvdgnmo529', '2026-12-30 00:16:43.768417+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 46),
    ('drop_task', 'task_v8akie5s3ao3ckhu', '2026-12-30 00:16:43.992109+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 46),
    ('recheck', 'upl_u9tvara3gtax15xb', '2026-11-30 01:31:44+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 46),
    ('expire', 'upl_tcfi76di7xe40kld', '2026-11-30 01:31:45+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 46),
    ('drop_task', 'task_y3otiykyyhmnq02v', '2026-12-30 00:16:45.127359+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 46),
    ('forget', 'upl_lpdiiqml5nxap7yv', '2026-12-30 00:16:45.397848+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 46),
    ('discard', 'upl_lpdiiqml5nxap7yv', '2026-11-30 01:31:45+00', 1, NULL, NULL, NULL, 'int_tra0iewpozwtvhy6/ns_bvx40wdh2ahkmevc/api_buckets_uploads_create/upl_lpdiiqml5nxap7yv/spring.txt', '2026-11-30 01:31:45+00', NULL, 46),
    ('discard', 'upl_5heggnbi68352ms7', '2026-11-30 01:31:44.722338+00', 1, NULL, NULL, NULL, 'int_tra0iewpozwtvhy6/ns_bvx40wdh2ahkmevc/api_buckets_uploads_create/upl_5heggnbi68352ms7/tides.txt', '2026-11-30 01:31:44.722338+00', 'f81352704e666e2a0b8893698fd2cbbb31480359_192d2de4eb1949b7a4fc6875254383bc', 46),
    ('expire', 'upl_4vruqw361bxa19sx', '2026-11-30 01:31:46+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('forget', 'upl_xur9f840pcvr5u44', '2026-12-30 00:16:46.559182+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('discard', 'upl_xur9f840pcvr5u44', '2026-11-30 01:31:46+00', 1, NULL, NULL, NULL, 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_xur9f840pcvr5u44/a.mp4', '2026-11-30 01:31:46+00', NULL, 12),
    ('recheck', 'upl_4p6uy8gvo0ib4vc7', '2026-11-30 01:31:46+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('drop_task', 'task_plnatga93s6tdskb', '2026-12-30 00:16:46.746031+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_68xhwp8v8bbduqax', '2026-11-30 01:31:46+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('discard', 'upl_14eno1jdpw3t9xe0', '2026-11-30 01:31:46+00', 1, NULL, NULL, NULL, 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_14eno1jdpw3t9xe0/a.mp4', '2026-11-30 01:31:46+00', NULL, 12),
    ('recheck', 'upl_pc0f7l21v2a1jf3q', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_g4r3ttmx3vuo3nt7', '2026-11-30 01:31:48+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('discard', 'upl_68ivs81dcbhieuox', '2026-11-30 01:31:48+00', 1, NULL, NULL, NULL, 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_68ivs81dcbhieuox/a.mp4', '2026-11-30 01:31:48+00', NULL, 12),
    ('recheck', 'upl_08j1scyas7nlkkfk', '2026-11-30 01:31:48+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('discard', 'upl_i3gvdwoazqjv5533', '2026-11-30 01:31:48+00', 1, NULL, NULL, NULL, 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_i3gvdwoazqjv5533/a.mp4', '2026-11-30 01:31:48+00', NULL, 12),
    ('expire', 'upl_ltafaxtvtmyucn2r', '2026-11-30 01:31:48+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('forget', 'upl_jhj30pjkazd91zqw', '2026-12-30 00:16:48.695831+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('discard', 'upl_jhj30pjkazd91zqw', '2026-11-30 01:31:48+00', 1, NULL, NULL, NULL, 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_jhj30pjkazd91zqw/a.mp4', '2026-11-30 01:31:48+00', NULL, 12),
    ('recheck', 'upl_240hwfhf18wb49g6', '2026-11-30 01:31:48+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('forget', 'upl_43pd4qcmbrwat5zn', '2026-12-30 00:16:48.792622+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 0),
    ('drop_task', 'task_7eaq6a0l6oxhw71u', '2026-12-30 00:16:47.361982+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_y1xc5015zirwy1dx', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_1ddc73utn3hofbpk', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_1t2yxil7u9b1rj70', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_zpem0jd12gsq2sku', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_86w277ofoy99eeca', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_fgkv9zjnh8fft0j5', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_0zabyykkragz4fw0', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_qisdg9mdt12lqbq0', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_f3pnr50q6a6kucun', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_crtsv2vau3k5ecaq', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_wvjxr6qlekjzic7r', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_xfprmwixg7laym2a', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_fhmdviaomskjgflt', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_73jcvu8w5i1ac2rw', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_aoic0dbo8xgr9xvb', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_lr7psbm34p1jf7p7', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_oyspe8oep5b20rgv', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_3ka49g69394qy9p8', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_eqnm9psf5xt6r2s3', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('recheck', 'upl_3buqognpba0tlrsy', '2026-11-30 01:31:47+00', 0, NULL, NULL, NULL, NULL, NULL, NULL, 12),
    ('discard', 'upl_7maro2vt6bjpga8g', '2026-11-30 01:31:48+00', 1, NULL, NULL, NULL, 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_7maro2vt6bjpga8g/a.mp4', '2026-11-30 01:31:48+00', NULL, 12);
INSERT INTO upwell.key_uses VALUES
    ('key_ykkgcx832esychnv', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:46.020581+00'),
    ('key_x7mosf2oojt640z8', 'org_50l5yrkkz8u0locb', '2026-11-30 00:16:48.82693+00');
INSERT INTO upwell.log_head VALUES
    (true, 216);
INSERT INTO upwell.migrations VALUES
    (1, '0001_log_and_read_tables.sql', '68f956d38ddb15477103a0ac156c52be79e200090e464142ee150c92b77ac1fa', '2026-11-30 00:16:40.359934+00'),
    (2, '0002_a_projection_for_each_kind.sql', '5ee634f0948710f1fbb862a8868f961a535231480ae3ae8d2c03e184b8e31ff6', '2026-11-30 00:16:40.401645+00'),
    (3, '0003_lists.sql', '18ff4b42b8547551893909a906883e0dcaad44551403626f1469aa4329b237fb', '2026-11-30 00:16:40.405308+00'),
    (4, '0004_keys_organizations_audit.sql', '330db8c81a9b1ed07d879c0cb21863f9699cd3110196f7b05ae9dc3e6d572c7b', '2026-11-30 00:16:40.406791+00'),
    (5, '0005_rate_slices_and_idempotency_keys.sql', '5583f50d970591f204a08f566f977912c2acfede8a0709edfa43291accfb3131', '2026-11-30 00:16:40.415274+00'),
    (6, '0006_tasks.sql', '1b26b5e6f58fee6fca318bf53072d222e6926ada21784fc5f723914fe9089987', '2026-11-30 00:16:40.423079+00'),
    (7, '0007_objects.sql', 'a799c467bdecb7f93b5ac0bfef77a4e9a89785deecf0538a20c6646b6d1d8337', '2026-11-30 00:16:40.429692+00'),
    (8, '0008_buckets_and_namespaces_change_and_end.sql', '2db1c79263abfc1ee75199df9179a004dc64eef57cc5c1e559a149533e075a77', '2026-11-30 00:16:40.433283+00'),
    (9, '0009_row_level_security.sql', '50629e68f2f83081ff250313ff270b24a4d0b36d65368e1ac93047cff9846e77', '2026-11-30 00:16:40.4355+00'),
    (10, '0010_append_for_one_organization.sql', '4abd17fd6903b28b35ba0252dbc88f4b143f87a7de7ac0793e003e54c6a75953', '2026-11-30 00:16:40.450986+00'),
    (11, '0011_requests_in_groups.sql', '99b17d7635c92a2525df1121cf48d3cac367ad0cc3e1ac23909f2ecbff00c6f9', '2026-11-30 00:16:40.45277+00'),
    (12, '0012_search.sql', '941e9d7a8d930039879c06817370e92dcc0a8690cb1d0a3546974c3a1f02d7a7', '2026-11-30 00:16:40.456103+00'),
    (13, '0013_auto_confirm.sql', '4934529d3868cb9ae5c2840aedf89ec3f9ff1a8025cd577fe253e347245d4c22', '2026-11-30 00:16:40.467726+00'),
    (14, '0014_parts.sql', '05749a282adc6ab8f3aa38f7135d2496892fcab14ff1630515eb2cf373b98649', '2026-11-30 00:16:40.470046+00'),
    (15, '0015_recheck_every_upload.sql', 'ca05179289fb2c0389752314ec91b61d150d14412558ef95dc73a9af7316787d', '2026-11-30 00:16:40.471702+00'),
    (16, '0016_content_rules.sql', '694c5f064fff3c3b51b61e603e18eb7c49aa5d79b5483c35a5fcb1ea8cfa2e98', '2026-11-30 00:16:40.47326+00'),
    (18, '0018_feed_of_organization.sql', '4eb3bf662f2d502e69a4342d248d4f61e48a03e50679a7070371be530251c85e', '2026-11-30 00:16:40.475107+00'),
    (19, '0019_subscriptions.sql', 'f1fa98756671dedfaf68f3aad0311c0f80036e93af866aa29bced6b3df6c269a', '2026-11-30 00:16:40.476328+00'),
    (20, '0020_states_that_are_not_ours.sql', '5ebcb319265ce0447e82d5e4ede6231aa28a2b67d007e5471e24563b3b0a1b4e', '2026-11-30 00:16:40.478665+00'),
    (21, '0021_webhooks.sql', '40973b06480c4563b197e5f0ba1678916de045887fc38ef9c5d9180f027c9a3e', '2026-11-30 00:16:40.480765+00'),
    (22, '0022_analytics.sql', '39cdbca4d6bf941b273dbf833850d6606e66fa45ed767528c0f52ef5603e1bcd', '2026-11-30 00:16:40.490033+00'),
    (23, '0023_census.sql', '0844a43fd64401d1e5132803623a4a2b80e4f30ee36358d6cb12356354b8823e', '2026-11-30 00:16:40.495773+00'),
    (24, '0024_webhook_batches.sql', '439c3140cf7970d36c480b9e97d048f08a0fda57e78d8a09f91f585350b4cb22', '2026-11-30 00:16:40.496751+00'),
    (25, '0025_dropped_deliveries.sql', '2c5251e49dd1c89204c219d485930617e9b76ba2dff36e3939ce647fa2e94a0f', '2026-11-30 00:16:40.501413+00'),
    (30, '0030_completed_uploads_stay.sql', '49427ebe02885bbd8dc39806d7a3d3d8428745a49e435186c8bc1d29f7fa0e62', '2026-11-30 00:16:40.504463+00'),
    (31, '0031_what_a_revoked_key_has_open.sql', 'd60455ece4cdf31551a7a92b743ec8d4841656b61b01887091a34e4e0a087638', '2026-11-30 00:16:40.510102+00'),
    (40, '0040_agreed_time.sql', '420aaf2a0ebc81d677a25d1ab629b889f91cf88cc75c5cca183b966e906d5556', '2026-11-30 00:16:40.51189+00'),
    (44, '0044_whether_a_write_would_succeed.sql', 'ce224501f6c89b43783557d572af44402972567274d62caa6310e484d032b260', '2026-11-30 00:16:40.512645+00'),
    (48, '0048_request_records.sql', 'd840fffd061d2e5641fec3b45b25a12100c1590dc4708141710d1d624b24713d', '2026-11-30 00:16:40.513986+00'),
    (50, '0050_tokens_in_the_audit_log.sql', 'd34b0ddc016cd1065d870ce59599477249ebf178f8d6b9e5407dfb5fb2f327ea', '2026-11-30 00:16:40.51729+00'),
    (51, '0051_webhooks_act_for_a_key.sql', 'd13e1a88cdb235de3b23860e025bcdc32babd4c876da7194dbe69b2feaaee0c9', '2026-11-30 00:16:40.518587+00'),
    (52, '0052_webhook_secrets_are_sealed.sql', '2125bca00cd4972a6e0544629ec13da545b9e579761b35e92b02e2d0b9212004', '2026-11-30 00:16:40.520207+00'),
    (53, '0053_some_rate_limits_of_its_own.sql', '0878cbb28b8dde64625866525ca355d44776581918ffe7c6bd5c0ae9ca743d89', '2026-11-30 00:16:40.521163+00'),
    (56, '0056_search_in_composed_form.sql', '1291f26576361d4727e443daab1fce84f033484a2ae95e1380179caa2d73ecf7', '2026-11-30 00:16:40.522057+00'),
    (60, '0060_schemas_of_buckets_grow.sql', 'f8cfa421f8bbdca60bd35335d12b9b30d58b81fae2dbab836554871191b24766', '2026-11-30 00:16:40.522983+00'),
    (80, '0080_jobs_take_turns.sql', 'f34a2ed72ef5296fd6558c1ceeb1c905035a4eaf1d61efa4c28f44c071e71736', '2026-11-30 00:16:40.524429+00'),
    (81, '0081_originals_last_as_long.sql', '258751ceca1839a2f2b00fb08373183d77df43e143171943bc3575ca2eeb1aca', '2026-11-30 00:16:40.526854+00'),
    (82, '0082_avoided_duplicates.sql', '96f7a7ce12b3973ebb53a2b5aff5af33f77b72803f4998f7da15a9b3ace3d544', '2026-11-30 00:16:40.528243+00'),
    (86, '0086_refused_attempts_in_the_audit_log.sql', '182fc203309f64a9c81f4c7c61a8dd1a90d62da41381dc482899e4727a492857', '2026-11-30 00:16:40.533232+00'),
    (89, '0089_ends_of_objects_change.sql', '71c99ae4400a04b4a0deb4b214760ccf494222be697d4b2df4250eb68eaad5c7', '2026-11-30 00:16:40.534418+00');
INSERT INTO upwell.namespaces VALUES
    ('ns_bvx40wdh2ahkmevc', 'org_atx5qi39vqbyfz36', 'test', NULL, '{}', '2026-11-30 00:16:43.551138+00', '2026-11-30 00:16:43.551138+00', 1, 3, 3, 1, 'ACTIVE'),
    ('ns_kebm04hs2j89xapd', 'org_50l5yrkkz8u0locb', 'test', NULL, '{}', '2026-11-30 00:16:43.621655+00', '2026-11-30 00:16:43.621655+00', 2, 27, 7, 1, 'ACTIVE');
INSERT INTO upwell.objects VALUES
    ('obj_fntnexw0h28ouj7r', 'org_atx5qi39vqbyfz36', 'ns_bvx40wdh2ahkmevc', 'bkt_dxcfs4xsg4ixwlps', '[{"etag": "584b7aefb7f6123a1b4af726eafd7256", "type": "text", "sha256": "c0ff147431c78fc1ea648377fe65060361d3c2c8fa3c422212df2641b07300e0", "blob_id": "blob_vfz36eq53cwzudvv", "filename": "tide.txt", "property": "text", "upload_id": "upl_u9tvara3gtax15xb", "size_bytes": 19, "version_id": "671355833a157e7ed0bdf4f4fc47c109", "storage_key": "int_tra0iewpozwtvhy6/ns_bvx40wdh2ahkmevc/api_buckets_uploads_create/upl_u9tvara3gtax15xb/tide.txt", "content_type": "text/plain"}]', '{}', '2026-11-30 00:16:44.354387+00', '2026-11-30 00:16:44.354387+00', 21, 1, NULL, NULL, NULL, NULL),
    ('obj_iuq1nms4snpd1hf5', 'org_atx5qi39vqbyfz36', 'ns_bvx40wdh2ahkmevc', 'bkt_dxcfs4xsg4ixwlps', '[]', '{"title": "Neap tide"}', '2026-11-30 00:16:45.00515+00', '2026-11-30 00:16:45.00515+00', 31, 1, NULL, NULL, NULL, NULL),
    ('obj_fzr3eminexqjxnbm', 'org_atx5qi39vqbyfz36', 'ns_bvx40wdh2ahkmevc', 'bkt_dxcfs4xsg4ixwlps', '[]', '{"title": "Spring tide"}', '2026-11-30 00:16:45.009885+00', '2026-11-30 00:16:45.009885+00', 32, 1, NULL, NULL, NULL, NULL),
    ('obj_3yjyajovhovwn0qt', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "325590644d661ba8d42e375e1b4260fe", "type": "video", "sha256": "10a90470cc6a29e21e799675316be3476a9b8b5dff0333add7e3e4b9c83a2255", "blob_id": "blob_r7dx4415j82c2nsd", "filename": "a.mp4", "property": "video", "upload_id": "upl_86w277ofoy99eeca", "size_bytes": 1279, "version_id": "671355828be8a3d7a59363da2d27b1fd", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_86w277ofoy99eeca/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:47.636977+00', '2026-11-30 00:16:47.636977+00', 118, 1, NULL, NULL, NULL, NULL),
    ('obj_ypww4faipu1djjp7', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "d714c16a3a661527831238e469e9472a", "type": "video", "sha256": "f28f160b7b06416b2f0bf9d80cfe6b1e1de7a3720c126194db86a8549a33f98f", "blob_id": "blob_8o61w2cpwbkhczyl", "filename": "a.mp4", "property": "video", "upload_id": "upl_fgkv9zjnh8fft0j5", "size_bytes": 1612, "version_id": "671355828a01bf996b44b176d7ee9f2a", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_fgkv9zjnh8fft0j5/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:47.707071+00', '2026-11-30 00:16:47.707071+00', 122, 1, NULL, NULL, NULL, NULL),
    ('obj_5lmczhxgg1abumzb', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "6fa834b9caa45954971d848e5888b1bb", "type": "video", "sha256": "6cc8905d1675ef0cad4083cdc9a0d8b7bffdbd01d34b355fcc378997a24e787f", "blob_id": "blob_aoskykr4zl1hlm2v", "filename": "a.mp4", "property": "video", "upload_id": "upl_4p6uy8gvo0ib4vc7", "size_bytes": 804, "version_id": "67135582b013a7ca0721a88b282fcb93", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_4p6uy8gvo0ib4vc7/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:46.695465+00', '2026-11-30 00:16:46.695465+00', 60, 1, NULL, NULL, NULL, NULL),
    ('obj_c99eyppx6jbmiv8b', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "d637743ea94cb0d534d23a6426511a43", "type": "video", "sha256": "2f6636955c6545c2a6bc4d09b245e848f5df7af13bad4d35547fb4bb5eeda9b9", "blob_id": "blob_mwyjdmpj49s0w2ib", "filename": "a.mp4", "property": "video", "upload_id": "upl_68xhwp8v8bbduqax", "size_bytes": 948, "version_id": "67135582a7eb9387fce7a7a933123bfa", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_68xhwp8v8bbduqax/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:46.824013+00', '2026-11-30 00:16:46.824013+00', 65, 1, NULL, NULL, NULL, NULL),
    ('obj_24cbdmpyh1c1y1ec', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "11454da7a237723b8cb5670595d137aa", "type": "video", "sha256": "b1e9fa7c022824992ae15d9ebc4f4e75d51bff7dcbb80151dcc667e67950c2db", "blob_id": "blob_3lzfcee7wsgkjfis", "filename": "a.mp4", "property": "video", "upload_id": "upl_pc0f7l21v2a1jf3q", "size_bytes": 1002, "version_id": "6713558292a7016a60c7ed0930ecbd13", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_pc0f7l21v2a1jf3q/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:47.133474+00', '2026-11-30 00:16:47.133474+00', 77, 1, NULL, NULL, NULL, NULL),
    ('obj_51yaw5v30k6zd2w7', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "d1c8a5594c7f06a80627499a28b2e591", "type": "video", "sha256": "296fdd95ed47d8f6fdae744561c292592efe432db8cae2f094441032f9230cad", "blob_id": "blob_fjrq0c65zed5txiv", "filename": "a.mp4", "property": "video", "upload_id": "upl_y1xc5015zirwy1dx", "size_bytes": 1725, "version_id": "671355828de0d40df94cba4551d97ac8", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_y1xc5015zirwy1dx/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:47.443039+00', '2026-11-30 00:16:47.443039+00', 103, 1, NULL, NULL, NULL, NULL),
    ('obj_q2dnypcirycno1p5', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "e9ff67023457c15770221125c18e6bdc", "type": "video", "sha256": "df5e292fa480a91fc42e323050f4c915a5571f048e62141fe3092e50ebf35cd1", "blob_id": "blob_7bz8bag5nutknkn1", "filename": "a.mp4", "property": "video", "upload_id": "upl_1ddc73utn3hofbpk", "size_bytes": 1007, "version_id": "671355828d3775eb511d59c9d588d7b0", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_1ddc73utn3hofbpk/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:47.481573+00', '2026-11-30 00:16:47.481573+00', 106, 1, NULL, NULL, NULL, NULL),
    ('obj_c60jdecd6prugham', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "61613467d6181720b95052c1d5a56091", "type": "video", "sha256": "6802ac728663f6edb09b6e9f9289f1bc930196b49d60fee1f0678a73206072f3", "blob_id": "blob_pbiwuszvflz7mz0h", "filename": "a.mp4", "property": "video", "upload_id": "upl_1t2yxil7u9b1rj70", "size_bytes": 741, "version_id": "671355828ce45a079eda85109e1a9482", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_1t2yxil7u9b1rj70/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:47.4978+00', '2026-11-30 00:16:47.4978+00', 109, 1, NULL, NULL, NULL, NULL),
    ('obj_1hs27acj3cnwm8kl', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "5269c94836241f9e97097b4baa6bd716", "type": "video", "sha256": "0b85920858f16b95a3f2ddca9a477073a7c056980f015774378075af3bf8bb46", "blob_id": "blob_55ylq78umd5yz7qn", "filename": "a.mp4", "property": "video", "upload_id": "upl_zpem0jd12gsq2sku", "size_bytes": 213, "version_id": "671355828d85c3dcb44d764c50c4755d", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_zpem0jd12gsq2sku/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:47.557489+00', '2026-11-30 00:16:47.557489+00', 113, 1, NULL, NULL, NULL, NULL),
    ('obj_jjkcav0wqvbjju76', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "857acc225c024a3c0c681c5955c86a69", "type": "video", "sha256": "ec9324fc240f54309c8e81c2801b8b5af4bc3b55bf3ac0c9efc1c99270d7a60f", "blob_id": "blob_bp3yfw0mj12aposa", "filename": "a.mp4", "property": "video", "upload_id": "upl_0zabyykkragz4fw0", "size_bytes": 348, "version_id": "671355828a8fec0a0fc29ddb8aa3179b", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_0zabyykkragz4fw0/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:47.7317+00', '2026-11-30 00:16:47.7317+00', 125, 1, NULL, NULL, NULL, NULL),
    ('obj_471azve5ctr3kc3m', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[]', '{"title": "cc78a69b4ae388344eb9b592", "number": 2}', '2026-11-30 00:16:48.223588+00', '2026-11-30 00:16:48.267239+00', 178, 2, NULL, NULL, NULL, NULL),
    ('obj_jyt4im6mv0t6oat9', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "a5a8f8c0bc01f2040816171d846bbd75", "type": "video", "sha256": "399ff32153c33b12279c20a990853d0b5a2f7c9b5b593d01dbbc0d07784e43fa", "blob_id": "blob_p0i19xngjrr8ce5p", "filename": "a.mp4", "property": "video", "upload_id": "upl_qisdg9mdt12lqbq0", "size_bytes": 669, "version_id": "67135582895cd26230ac31b84f88ec23", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_qisdg9mdt12lqbq0/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:47.744074+00', '2026-11-30 00:16:47.744074+00', 129, 1, NULL, NULL, NULL, NULL),
    ('obj_4k3gk0shw5iy80jf', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "7cbdcb1c2b7156c14f4cab774f0e6eaf", "type": "video", "sha256": "06bd691db35a9bb54523b498a025263a7346674e89f6fd9edbc683a871ddf063", "blob_id": "blob_yhkgmac6sqhglw3j", "filename": "a.mp4", "property": "video", "upload_id": "upl_f3pnr50q6a6kucun", "size_bytes": 1377, "version_id": "6713558288dfa15e69b57be66ce7e29e", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_f3pnr50q6a6kucun/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:47.814602+00', '2026-11-30 00:16:47.814602+00', 133, 1, NULL, NULL, NULL, NULL),
    ('obj_mo8m9l56cj1waim3', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "686992c19b665aa46dbb614d406129b3", "type": "video", "sha256": "eccdaba9b9579a66204da33b60b97d4b5eee06ff5a35ca6c4c5481388e8c7228", "blob_id": "blob_okhesqjxwcm71vov", "filename": "a.mp4", "property": "video", "upload_id": "upl_crtsv2vau3k5ecaq", "size_bytes": 104, "version_id": "671355828875048bbbbe559dec2c26f3", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_crtsv2vau3k5ecaq/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:47.837582+00', '2026-11-30 00:16:47.837582+00', 138, 1, NULL, NULL, NULL, NULL),
    ('obj_ot4ywutp2vhn86nf', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "37665a29f82d6d002d9b910d5bd0fa8d", "type": "video", "sha256": "6e105d9786058dfdac071ce92b4091c5190a6b05413a9e2ce74fcecaabf92b02", "blob_id": "blob_xqvs4o336jgl1kbl", "filename": "a.mp4", "property": "video", "upload_id": "upl_wvjxr6qlekjzic7r", "size_bytes": 538, "version_id": "6713558287b3fb3a51539519bea9ebcf", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_wvjxr6qlekjzic7r/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:47.869397+00', '2026-11-30 00:16:47.869397+00', 142, 1, NULL, NULL, NULL, NULL),
    ('obj_mg4lxpz4mp9wxx2r', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "bbb03cba62b7c2719504d1950730d5cb", "type": "video", "sha256": "2a71a539ae6b1bd1fe3d7e6821da8c934988a2e74a8018ec796347501190c0dc", "blob_id": "blob_lyzko0utzfn9b8sg", "filename": "a.mp4", "property": "video", "upload_id": "upl_xfprmwixg7laym2a", "size_bytes": 1539, "version_id": "671355828743fd259bc65eb8bf5e81c4", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_xfprmwixg7laym2a/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:47.883963+00', '2026-11-30 00:16:47.883963+00', 145, 1, NULL, NULL, NULL, NULL),
    ('obj_xrfpd7d2mzfcjj47', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "f99781d9ddcd03a3f224dccb15f0c72f", "type": "video", "sha256": "8d053253f1e9fdc5de6cbfcbf351cc7b8433441b929ece8a48d0e8660ee9ab69", "blob_id": "blob_sauqjui7cvkijmgt", "filename": "a.mp4", "property": "video", "upload_id": "upl_fhmdviaomskjgflt", "size_bytes": 293, "version_id": "6713558286dd622eb54d1d913457a9e7", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_fhmdviaomskjgflt/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:47.923378+00', '2026-11-30 00:16:47.923378+00', 150, 1, NULL, NULL, NULL, NULL),
    ('obj_14c2hvslksjsxhig', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "4d1adac3126562a3d94a3a52afda5eca", "type": "video", "sha256": "6310678ad4bba241617eaeb2564c0b6ba8837760b705cf3b33c9971e3f481cd0", "blob_id": "blob_4o6ecexss7ixi3id", "filename": "a.mp4", "property": "video", "upload_id": "upl_73jcvu8w5i1ac2rw", "size_bytes": 83, "version_id": "67135582867d6ba1c63a2337b6ca4dce", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_73jcvu8w5i1ac2rw/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:47.930279+00', '2026-11-30 00:16:47.930279+00', 154, 1, NULL, NULL, NULL, NULL),
    ('obj_z0nfsyn6p89cj0q3', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "1881ccac86cb845da65a3538b91e7b73", "type": "video", "sha256": "9aeba57944c628bfa3a07b888be91b4a0144b2167ac8817ee4470c232075b241", "blob_id": "blob_po8awwc8h7vkwyse", "filename": "a.mp4", "property": "video", "upload_id": "upl_aoic0dbo8xgr9xvb", "size_bytes": 1071, "version_id": "6713558286456af959c520f692cf9871", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_aoic0dbo8xgr9xvb/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:47.949988+00', '2026-11-30 00:16:47.949988+00', 158, 1, NULL, NULL, NULL, NULL),
    ('obj_nu8w553ya7g2rmu4', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "17de034a4949b2bbffe2b671b134ae79", "type": "video", "sha256": "a7dbb4c63c4a8f90b590773ac9ca38ec8356a213e7e211bb3760fc77f139ac96", "blob_id": "blob_sffmmpmy10hhk2nk", "filename": "a.mp4", "property": "video", "upload_id": "upl_lr7psbm34p1jf7p7", "size_bytes": 901, "version_id": "6713558285f7b346922d83402dd942d8", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_lr7psbm34p1jf7p7/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:47.956064+00', '2026-11-30 00:16:47.956064+00', 161, 1, NULL, NULL, NULL, NULL),
    ('obj_xa9akazferxb0mjf', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "485614e230da7e3e87e5ed43481d029d", "type": "video", "sha256": "7e4fa697aa1d1207941e3079885f294d9757d09c8f9a4e4d9f2b5ba2b53681a7", "blob_id": "blob_6jutw0k47k9ai8qf", "filename": "a.mp4", "property": "video", "upload_id": "upl_oyspe8oep5b20rgv", "size_bytes": 1108, "version_id": "67135582855fd286bddfbb029b6b71cd", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_oyspe8oep5b20rgv/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:47.978284+00', '2026-11-30 00:16:47.978284+00', 166, 1, NULL, NULL, NULL, NULL),
    ('obj_srij8lebv4ysd9xl', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "c7860951a1debed31d1faf92a8dc86c3", "type": "video", "sha256": "75a1c14820e9ff8ce4b593b5fc4b0c048577d75d01e917bbd6c36c807bffcb07", "blob_id": "blob_y8gjf0xe0qydy491", "filename": "a.mp4", "property": "video", "upload_id": "upl_3ka49g69394qy9p8", "size_bytes": 833, "version_id": "67135582852126974c405bf88652e807", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_3ka49g69394qy9p8/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:47.991848+00', '2026-11-30 00:16:47.991848+00', 169, 1, NULL, NULL, NULL, NULL),
    ('obj_by4y7av4vxqndftf', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "1424d09de14890ed0d58c5d9fe4dbb1e", "type": "video", "sha256": "e2fdb3961f9fd09829910bfc7362e02e1bbdbe3cc677b91ff7ef49e440d1c2a4", "blob_id": "blob_mn2yilpzgfv9x0gw", "filename": "a.mp4", "property": "video", "upload_id": "upl_eqnm9psf5xt6r2s3", "size_bytes": 1273, "version_id": "6713558284b8cdd8f7f8f39289eb56bc", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_eqnm9psf5xt6r2s3/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:48.014763+00', '2026-11-30 00:16:48.014763+00', 174, 1, NULL, NULL, NULL, NULL),
    ('obj_ce4pgwsura5q68rc', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "f30070ebba7e2020609859e10285215f", "type": "video", "sha256": "96927a4ae20f58f716c1435073b283176748412bc137bbfef216bdbf04925301", "blob_id": "blob_5toec5ravuax85dr", "filename": "a.mp4", "property": "video", "upload_id": "upl_3buqognpba0tlrsy", "size_bytes": 1467, "version_id": "67135582840437df2215a7e933ed6fb7", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_3buqognpba0tlrsy/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:48.016364+00', '2026-11-30 00:16:48.016364+00', 177, 1, NULL, NULL, NULL, NULL),
    ('obj_k06n18riv7nrdg24', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "ede3d3b685b4e137ba4cb2521329a75e", "type": "video", "sha256": "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53", "blob_id": "blob_35p27x7fjuww3ep0", "filename": "a.mp4", "property": "video", "upload_id": "upl_g4r3ttmx3vuo3nt7", "size_bytes": 1000, "version_id": "6713558249419a37786ff48fef5e0630", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_g4r3ttmx3vuo3nt7/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:48.357397+00', '2026-11-30 00:16:48.357397+00', 184, 1, NULL, NULL, NULL, NULL),
    ('obj_s77uebklhwuf4gog', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', '[{"etag": "eb6ca223963610af7366e759204202e8", "type": "video", "sha256": "0f8191f0b7f4d878acd87097ff96e338a21a5420343221d60a135de41c721782", "blob_id": "blob_4vuwu0gpxp9zf5ih", "filename": "a.mp4", "property": "video", "upload_id": "upl_08j1scyas7nlkkfk", "size_bytes": 1001, "version_id": "671355823ef05858d51a0d8fc62f40c2", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_08j1scyas7nlkkfk/a.mp4", "content_type": "video/mp4"}]', '{}', '2026-11-30 00:16:48.526212+00', '2026-11-30 00:16:48.526212+00', 194, 1, NULL, NULL, NULL, NULL),
    ('obj_7lh0c2jhine41jyp', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_rw0x5okyq3a3x0wn', '[{"etag": "83c8b2e4151c8797cb2aaf78168e2d47", "type": "text", "sha256": "c198d5c3ce38dcf73d11b31a25981c3fd8e725ccf89137b05b20fc01ff110a0a", "blob_id": "blob_6e5mtfrdvtplxhrj", "filename": "0.txt", "property": "text", "upload_id": "upl_240hwfhf18wb49g6", "size_bytes": 18, "version_id": "671355822f915ecd68cdee2d34b8ad49", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_240hwfhf18wb49g6/0.txt", "content_type": "text/plain"}]', '{"title": "Low water"}', '2026-11-30 00:16:48.775927+00', '2026-11-30 00:16:48.775927+00', 210, 1, NULL, '94cbf4bbc0bee6dfac6dcd650ae13a47f3305da6e86ec6101bef0d49bb66273f', NULL, NULL);
INSERT INTO upwell.organizations VALUES
    ('org_50l5yrkkz8u0locb', 'int_ce5ug21iq9iui9ya', 'org-c953c38a', 'enterprise', 1000000000, '2026-11-30 00:16:43.603383+00', 1, NULL, NULL, NULL, NULL, '2026-11-30 00:16:43.603383+00'),
    ('org_atx5qi39vqbyfz36', 'int_tra0iewpozwtvhy6', 'org-c40734ca', 'enterprise', NULL, '2026-11-30 00:16:43.51006+00', 2, NULL, NULL, NULL, '{"plan": "yearly"}', '2026-11-30 00:16:45.536195+00');
INSERT INTO upwell.quotas VALUES
    ('org_atx5qi39vqbyfz36', 0, 19),
    ('org_50l5yrkkz8u0locb', 1523, 22954);
INSERT INTO upwell.rate_slices VALUES
    ('org_atx5qi39vqbyfz36', 'metadata', 29933296, 1200),
    ('org_atx5qi39vqbyfz36', 'search', 29933296, 600),
    ('org_atx5qi39vqbyfz36', 'compute', 29933296, 120),
    ('org_atx5qi39vqbyfz36', 'upload', 29933296, 6000),
    ('org_atx5qi39vqbyfz36', 'data', 29933296, 1200),
    ('org_50l5yrkkz8u0locb', 'metadata', 29933296, 1200),
    ('org_50l5yrkkz8u0locb', 'upload', 29933296, 6000),
    ('org_50l5yrkkz8u0locb', 'data', 29933296, 1200),
    ('org_50l5yrkkz8u0locb', 'compute', 29933296, 120);
INSERT INTO upwell.request_records VALUES
    ('29774c4e2e1ea006', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:43.685148+00', 'key_ykkgcx832esychnv', '127.0.0.1', 'curl/7.88.1', 'POST', '/v1/namespaces', 200, NULL, '{cmd_hcpt1wsdx8kcpycn}'),
    ('9a4e10ae578da149', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:43.739396+00', 'key_ykkgcx832esychnv', '127.0.0.1', 'curl/7.88.1', 'PUT', '/v1/namespaces/{namespace_identifier}', 200, NULL, '{cmd_aamkvgkfw1anmer2}'),
    ('ba9d47243d7132ab', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:43.757206+00', 'key_ykkgcx832esychnv', '127.0.0.1', 'curl/7.88.1', 'PATCH', '/v1/namespaces/{namespace_identifier}', 200, NULL, '{cmd_ooqeyiqfe7ttpc26}'),
    ('4fae2a9c5f4c04f1', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:43.776898+00', 'key_ykkgcx832esychnv', '127.0.0.1', 'curl/7.88.1', 'DELETE', '/v1/namespaces/{namespace_identifier}', 200, NULL, '{cmd_ql4slkdw10rjneku}'),
    ('cbd0111b9a5720b6', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:43.929876+00', 'key_ykkgcx832esychnv', '127.0.0.1', 'curl/7.88.1', 'POST', '/v1/buckets', 200, NULL, '{cmd_exjpvg2qy3pdca92}'),
    ('96e898c96c78a960', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:43.967746+00', 'key_ykkgcx832esychnv', '127.0.0.1', 'curl/7.88.1', 'PUT', '/v1/buckets/{bucket_identifier}', 200, NULL, '{cmd_64ib9urwc1nptbc5}'),
    ('eb36493ef9460666', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:43.981267+00', 'key_ykkgcx832esychnv', '127.0.0.1', 'curl/7.88.1', 'PATCH', '/v1/buckets/{bucket_identifier}', 200, NULL, '{cmd_az94g7cvgk5tolzq}'),
    ('a536bb1e9f626aa4', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:43.996398+00', 'key_ykkgcx832esychnv', '127.0.0.1', 'curl/7.88.1', 'DELETE', '/v1/buckets/{bucket_identifier}', 200, NULL, '{cmd_668jjzv3o1b9rcq1}'),
    ('159becaaee34ef45', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:44.789471+00', 'key_ykkgcx832esychnv', '127.0.0.1', 'curl/7.88.1', 'POST', '/v1/events/tokens', 200, NULL, '{cmd_tog905crbo5oienh}'),
    ('a9da7d142db07a7d', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:45.442967+00', 'key_ykkgcx832esychnv', '127.0.0.1', 'curl/7.88.1', 'POST', '/v1/organizations/users/{user_email}/api-keys', 200, NULL, '{cmd_vnb7av6ssv7flbr7}'),
    ('0f79adabb8739530', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:45.459465+00', 'key_ykkgcx832esychnv', '127.0.0.1', 'curl/7.88.1', 'GET', '/v1/organizations/users/{user_email}/api-keys', 200, NULL, '{cmd_ivfv0cikzzyel860}'),
    ('439b6240df493882', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:45.472653+00', 'key_ykkgcx832esychnv', '127.0.0.1', 'curl/7.88.1', 'PATCH', '/v1/organizations/users/{user_email}/api-keys/{key_name}', 200, NULL, '{cmd_bva1c4th6xwqr2yz}'),
    ('a0c9ae8601db4b0d', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:45.49209+00', 'key_ykkgcx832esychnv', '127.0.0.1', 'curl/7.88.1', 'POST', '/v1/organizations/users/{user_email}/api-keys/{key_name}/rotate', 200, NULL, '{cmd_a7ayn3q5f3xahj8l}'),
    ('7d5eb2b3c3dca86b', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:45.542373+00', 'key_ykkgcx832esychnv', '127.0.0.1', 'curl/7.88.1', 'PATCH', '/v1/organizations', 200, NULL, '{cmd_sonjzmbgw83p3u4y}'),
    ('baa98c47b7bbbc88', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:45.670097+00', 'key_ykkgcx832esychnv', '127.0.0.1', 'curl/7.88.1', 'POST', '/v1/organizations/webhooks', 201, NULL, '{cmd_uxb4e5eg941nt4qy}'),
    ('fee50c103e7c391f', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:45.834024+00', 'key_ykkgcx832esychnv', '127.0.0.1', 'curl/7.88.1', 'PUT', '/v1/organizations/webhooks/{identifier}', 200, NULL, '{cmd_877d4fvrmwhcung8}'),
    ('2f04398665300963', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:45.866544+00', 'key_ykkgcx832esychnv', '127.0.0.1', 'curl/7.88.1', 'POST', '/v1/organizations/webhooks/{identifier}/rotate-secret', 200, NULL, '{cmd_5iman6qae0qrowfi}'),
    ('7de488f816c393bf', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:45.976829+00', 'key_ykkgcx832esychnv', '127.0.0.1', 'curl/7.88.1', 'DELETE', '/v1/organizations/webhooks/{identifier}', 204, NULL, '{cmd_ih8c2zjoqxif92pk}'),
    ('c06d68d5e6150cce', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:46.00625+00', 'key_ykkgcx832esychnv', '127.0.0.1', 'curl/7.88.1', 'POST', '/v1/upload-tokens', 200, NULL, '{cmd_1284jxg5qgwmutb6}'),
    ('9a4022baef673310', 'org_atx5qi39vqbyfz36', '2026-11-30 00:16:46.039044+00', 'key_ykkgcx832esychnv', '127.0.0.1', 'curl/7.88.1', 'DELETE', '/v1/organizations/users/{user_email}/api-keys/{key_name}', 200, NULL, '{cmd_cl59vwnd0tyj2oem}'),
    ('2d32509ffb6bda19', 'org_50l5yrkkz8u0locb', '2026-11-30 00:16:46.15919+00', 'key_x7mosf2oojt640z8', '127.0.0.1', 'python-httpx/0.28.1', 'POST', '/v1/organizations/webhooks', 201, NULL, '{cmd_g5jzf6g8xqkkzg7g}'),
    ('86defa8b93d0806d', 'org_50l5yrkkz8u0locb', '2026-11-30 00:16:48.716557+00', 'key_x7mosf2oojt640z8', '127.0.0.1', 'python-httpx/0.28.1', 'POST', '/v1/buckets', 200, NULL, '{cmd_4z61k5v95et7efms}');
INSERT INTO upwell.search_head VALUES
    (true, 216);
INSERT INTO upwell.search_texts VALUES
    ('upl_u9tvara3gtax15xb', 'upload', 'org_atx5qi39vqbyfz36', 'bkt_dxcfs4xsg4ixwlps', 'tide.txt {}'),
    ('upl_5heggnbi68352ms7', 'upload', 'org_atx5qi39vqbyfz36', 'bkt_dxcfs4xsg4ixwlps', 'tides.txt {}'),
    ('upl_tcfi76di7xe40kld', 'upload', 'org_atx5qi39vqbyfz36', 'bkt_dxcfs4xsg4ixwlps', 'ebb.txt {"season": "winter"}'),
    ('upl_lpdiiqml5nxap7yv', 'upload', 'org_atx5qi39vqbyfz36', 'bkt_dxcfs4xsg4ixwlps', 'spring.txt {}'),
    ('obj_fntnexw0h28ouj7r', 'object', 'org_atx5qi39vqbyfz36', 'bkt_dxcfs4xsg4ixwlps', ' [{"etag": "584b7aefb7f6123a1b4af726eafd7256", "type": "text", "sha256": "c0ff147431c78fc1ea648377fe65060361d3c2c8fa3c422212df2641b07300e0", "blob_id": "blob_vfz36eq53cwzudvv", "filename": "tide.txt", "property": "text", "upload_id": "upl_u9tvara3gtax15xb", "size_bytes": 19, "version_id": "671355833a157e7ed0bdf4f4fc47c109", "storage_key": "int_tra0iewpozwtvhy6/ns_bvx40wdh2ahkmevc/api_buckets_uploads_create/upl_u9tvara3gtax15xb/tide.txt", "content_type": "text/plain"}] {}'),
    ('obj_iuq1nms4snpd1hf5', 'object', 'org_atx5qi39vqbyfz36', 'bkt_dxcfs4xsg4ixwlps', ' [] {"title": "neap tide"}'),
    ('obj_fzr3eminexqjxnbm', 'object', 'org_atx5qi39vqbyfz36', 'bkt_dxcfs4xsg4ixwlps', ' [] {"title": "spring tide"}'),
    ('upl_4vruqw361bxa19sx', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "409846142197ed538b443d59"}'),
    ('upl_xur9f840pcvr5u44', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "dc8e4bfafcb6526be2ed84ea"}'),
    ('upl_4p6uy8gvo0ib4vc7', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "b9c0ca061f62252782adc5fb"}'),
    ('upl_68xhwp8v8bbduqax', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "7cfed570541f452efc19866d"}'),
    ('upl_pc0f7l21v2a1jf3q', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "3e800b2bbf2d1103d0cb4d2b"}'),
    ('upl_y1xc5015zirwy1dx', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "adef45457f6b3c9fcb632946/0"}'),
    ('upl_zpem0jd12gsq2sku', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "adef45457f6b3c9fcb632946/1"}'),
    ('upl_1ddc73utn3hofbpk', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "adef45457f6b3c9fcb632946/2"}'),
    ('upl_1t2yxil7u9b1rj70', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "adef45457f6b3c9fcb632946/3"}'),
    ('upl_86w277ofoy99eeca', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "adef45457f6b3c9fcb632946/4"}'),
    ('upl_0zabyykkragz4fw0', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "adef45457f6b3c9fcb632946/5"}'),
    ('upl_fgkv9zjnh8fft0j5', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "adef45457f6b3c9fcb632946/6"}'),
    ('upl_qisdg9mdt12lqbq0', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "adef45457f6b3c9fcb632946/7"}'),
    ('upl_f3pnr50q6a6kucun', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "adef45457f6b3c9fcb632946/8"}'),
    ('upl_crtsv2vau3k5ecaq', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "adef45457f6b3c9fcb632946/9"}'),
    ('upl_wvjxr6qlekjzic7r', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "adef45457f6b3c9fcb632946/10"}'),
    ('upl_xfprmwixg7laym2a', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "adef45457f6b3c9fcb632946/11"}'),
    ('upl_fhmdviaomskjgflt', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "adef45457f6b3c9fcb632946/12"}'),
    ('upl_73jcvu8w5i1ac2rw', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "adef45457f6b3c9fcb632946/13"}'),
    ('upl_aoic0dbo8xgr9xvb', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "adef45457f6b3c9fcb632946/14"}'),
    ('upl_lr7psbm34p1jf7p7', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "adef45457f6b3c9fcb632946/15"}'),
    ('upl_oyspe8oep5b20rgv', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "adef45457f6b3c9fcb632946/16"}'),
    ('upl_3ka49g69394qy9p8', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "adef45457f6b3c9fcb632946/17"}'),
    ('upl_eqnm9psf5xt6r2s3', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "adef45457f6b3c9fcb632946/18"}'),
    ('upl_3buqognpba0tlrsy', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "adef45457f6b3c9fcb632946/19"}'),
    ('obj_24cbdmpyh1c1y1ec', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "11454da7a237723b8cb5670595d137aa", "type": "video", "sha256": "b1e9fa7c022824992ae15d9ebc4f4e75d51bff7dcbb80151dcc667e67950c2db", "blob_id": "blob_3lzfcee7wsgkjfis", "filename": "a.mp4", "property": "video", "upload_id": "upl_pc0f7l21v2a1jf3q", "size_bytes": 1002, "version_id": "6713558292a7016a60c7ed0930ecbd13", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_pc0f7l21v2a1jf3q/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_51yaw5v30k6zd2w7', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "d1c8a5594c7f06a80627499a28b2e591", "type": "video", "sha256": "296fdd95ed47d8f6fdae744561c292592efe432db8cae2f094441032f9230cad", "blob_id": "blob_fjrq0c65zed5txiv", "filename": "a.mp4", "property": "video", "upload_id": "upl_y1xc5015zirwy1dx", "size_bytes": 1725, "version_id": "671355828de0d40df94cba4551d97ac8", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_y1xc5015zirwy1dx/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_q2dnypcirycno1p5', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "e9ff67023457c15770221125c18e6bdc", "type": "video", "sha256": "df5e292fa480a91fc42e323050f4c915a5571f048e62141fe3092e50ebf35cd1", "blob_id": "blob_7bz8bag5nutknkn1", "filename": "a.mp4", "property": "video", "upload_id": "upl_1ddc73utn3hofbpk", "size_bytes": 1007, "version_id": "671355828d3775eb511d59c9d588d7b0", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_1ddc73utn3hofbpk/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_c99eyppx6jbmiv8b', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "d637743ea94cb0d534d23a6426511a43", "type": "video", "sha256": "2f6636955c6545c2a6bc4d09b245e848f5df7af13bad4d35547fb4bb5eeda9b9", "blob_id": "blob_mwyjdmpj49s0w2ib", "filename": "a.mp4", "property": "video", "upload_id": "upl_68xhwp8v8bbduqax", "size_bytes": 948, "version_id": "67135582a7eb9387fce7a7a933123bfa", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_68xhwp8v8bbduqax/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_5lmczhxgg1abumzb', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "6fa834b9caa45954971d848e5888b1bb", "type": "video", "sha256": "6cc8905d1675ef0cad4083cdc9a0d8b7bffdbd01d34b355fcc378997a24e787f", "blob_id": "blob_aoskykr4zl1hlm2v", "filename": "a.mp4", "property": "video", "upload_id": "upl_4p6uy8gvo0ib4vc7", "size_bytes": 804, "version_id": "67135582b013a7ca0721a88b282fcb93", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_4p6uy8gvo0ib4vc7/a.mp4", "content_type": "video/mp4"}] {}'),
    ('upl_g4r3ttmx3vuo3nt7', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "98ed1555bb2cf968f23b128e"}'),
    ('upl_68ivs81dcbhieuox', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "f15364d96aceceab8eb3d72e"}'),
    ('upl_08j1scyas7nlkkfk', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "7d52f5ede6e038b044d593aa"}'),
    ('obj_14c2hvslksjsxhig', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "4d1adac3126562a3d94a3a52afda5eca", "type": "video", "sha256": "6310678ad4bba241617eaeb2564c0b6ba8837760b705cf3b33c9971e3f481cd0", "blob_id": "blob_4o6ecexss7ixi3id", "filename": "a.mp4", "property": "video", "upload_id": "upl_73jcvu8w5i1ac2rw", "size_bytes": 83, "version_id": "67135582867d6ba1c63a2337b6ca4dce", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_73jcvu8w5i1ac2rw/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_s77uebklhwuf4gog', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "eb6ca223963610af7366e759204202e8", "type": "video", "sha256": "0f8191f0b7f4d878acd87097ff96e338a21a5420343221d60a135de41c721782", "blob_id": "blob_4vuwu0gpxp9zf5ih", "filename": "a.mp4", "property": "video", "upload_id": "upl_08j1scyas7nlkkfk", "size_bytes": 1001, "version_id": "671355823ef05858d51a0d8fc62f40c2", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_08j1scyas7nlkkfk/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_k06n18riv7nrdg24', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "ede3d3b685b4e137ba4cb2521329a75e", "type": "video", "sha256": "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53", "blob_id": "blob_35p27x7fjuww3ep0", "filename": "a.mp4", "property": "video", "upload_id": "upl_g4r3ttmx3vuo3nt7", "size_bytes": 1000, "version_id": "6713558249419a37786ff48fef5e0630", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_g4r3ttmx3vuo3nt7/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_471azve5ctr3kc3m', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [] {"title": "cc78a69b4ae388344eb9b592", "number": 2}'),
    ('obj_xa9akazferxb0mjf', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "485614e230da7e3e87e5ed43481d029d", "type": "video", "sha256": "7e4fa697aa1d1207941e3079885f294d9757d09c8f9a4e4d9f2b5ba2b53681a7", "blob_id": "blob_6jutw0k47k9ai8qf", "filename": "a.mp4", "property": "video", "upload_id": "upl_oyspe8oep5b20rgv", "size_bytes": 1108, "version_id": "67135582855fd286bddfbb029b6b71cd", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_oyspe8oep5b20rgv/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_3yjyajovhovwn0qt', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "325590644d661ba8d42e375e1b4260fe", "type": "video", "sha256": "10a90470cc6a29e21e799675316be3476a9b8b5dff0333add7e3e4b9c83a2255", "blob_id": "blob_r7dx4415j82c2nsd", "filename": "a.mp4", "property": "video", "upload_id": "upl_86w277ofoy99eeca", "size_bytes": 1279, "version_id": "671355828be8a3d7a59363da2d27b1fd", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_86w277ofoy99eeca/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_c60jdecd6prugham', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "61613467d6181720b95052c1d5a56091", "type": "video", "sha256": "6802ac728663f6edb09b6e9f9289f1bc930196b49d60fee1f0678a73206072f3", "blob_id": "blob_pbiwuszvflz7mz0h", "filename": "a.mp4", "property": "video", "upload_id": "upl_1t2yxil7u9b1rj70", "size_bytes": 741, "version_id": "671355828ce45a079eda85109e1a9482", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_1t2yxil7u9b1rj70/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_4k3gk0shw5iy80jf', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "7cbdcb1c2b7156c14f4cab774f0e6eaf", "type": "video", "sha256": "06bd691db35a9bb54523b498a025263a7346674e89f6fd9edbc683a871ddf063", "blob_id": "blob_yhkgmac6sqhglw3j", "filename": "a.mp4", "property": "video", "upload_id": "upl_f3pnr50q6a6kucun", "size_bytes": 1377, "version_id": "6713558288dfa15e69b57be66ce7e29e", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_f3pnr50q6a6kucun/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_1hs27acj3cnwm8kl', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "5269c94836241f9e97097b4baa6bd716", "type": "video", "sha256": "0b85920858f16b95a3f2ddca9a477073a7c056980f015774378075af3bf8bb46", "blob_id": "blob_55ylq78umd5yz7qn", "filename": "a.mp4", "property": "video", "upload_id": "upl_zpem0jd12gsq2sku", "size_bytes": 213, "version_id": "671355828d85c3dcb44d764c50c4755d", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_zpem0jd12gsq2sku/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_ce4pgwsura5q68rc', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "f30070ebba7e2020609859e10285215f", "type": "video", "sha256": "96927a4ae20f58f716c1435073b283176748412bc137bbfef216bdbf04925301", "blob_id": "blob_5toec5ravuax85dr", "filename": "a.mp4", "property": "video", "upload_id": "upl_3buqognpba0tlrsy", "size_bytes": 1467, "version_id": "67135582840437df2215a7e933ed6fb7", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_3buqognpba0tlrsy/a.mp4", "content_type": "video/mp4"}] {}');
INSERT INTO upwell.search_texts VALUES
    ('obj_z0nfsyn6p89cj0q3', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "1881ccac86cb845da65a3538b91e7b73", "type": "video", "sha256": "9aeba57944c628bfa3a07b888be91b4a0144b2167ac8817ee4470c232075b241", "blob_id": "blob_po8awwc8h7vkwyse", "filename": "a.mp4", "property": "video", "upload_id": "upl_aoic0dbo8xgr9xvb", "size_bytes": 1071, "version_id": "6713558286456af959c520f692cf9871", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_aoic0dbo8xgr9xvb/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_xrfpd7d2mzfcjj47', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "f99781d9ddcd03a3f224dccb15f0c72f", "type": "video", "sha256": "8d053253f1e9fdc5de6cbfcbf351cc7b8433441b929ece8a48d0e8660ee9ab69", "blob_id": "blob_sauqjui7cvkijmgt", "filename": "a.mp4", "property": "video", "upload_id": "upl_fhmdviaomskjgflt", "size_bytes": 293, "version_id": "6713558286dd622eb54d1d913457a9e7", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_fhmdviaomskjgflt/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_srij8lebv4ysd9xl', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "c7860951a1debed31d1faf92a8dc86c3", "type": "video", "sha256": "75a1c14820e9ff8ce4b593b5fc4b0c048577d75d01e917bbd6c36c807bffcb07", "blob_id": "blob_y8gjf0xe0qydy491", "filename": "a.mp4", "property": "video", "upload_id": "upl_3ka49g69394qy9p8", "size_bytes": 833, "version_id": "67135582852126974c405bf88652e807", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_3ka49g69394qy9p8/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_mo8m9l56cj1waim3', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "686992c19b665aa46dbb614d406129b3", "type": "video", "sha256": "eccdaba9b9579a66204da33b60b97d4b5eee06ff5a35ca6c4c5481388e8c7228", "blob_id": "blob_okhesqjxwcm71vov", "filename": "a.mp4", "property": "video", "upload_id": "upl_crtsv2vau3k5ecaq", "size_bytes": 104, "version_id": "671355828875048bbbbe559dec2c26f3", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_crtsv2vau3k5ecaq/a.mp4", "content_type": "video/mp4"}] {}'),
    ('upl_i3gvdwoazqjv5533', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "99160fa02ee158abc2bb38c4"}'),
    ('obj_ot4ywutp2vhn86nf', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "37665a29f82d6d002d9b910d5bd0fa8d", "type": "video", "sha256": "6e105d9786058dfdac071ce92b4091c5190a6b05413a9e2ce74fcecaabf92b02", "blob_id": "blob_xqvs4o336jgl1kbl", "filename": "a.mp4", "property": "video", "upload_id": "upl_wvjxr6qlekjzic7r", "size_bytes": 538, "version_id": "6713558287b3fb3a51539519bea9ebcf", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_wvjxr6qlekjzic7r/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_jyt4im6mv0t6oat9', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "a5a8f8c0bc01f2040816171d846bbd75", "type": "video", "sha256": "399ff32153c33b12279c20a990853d0b5a2f7c9b5b593d01dbbc0d07784e43fa", "blob_id": "blob_p0i19xngjrr8ce5p", "filename": "a.mp4", "property": "video", "upload_id": "upl_qisdg9mdt12lqbq0", "size_bytes": 669, "version_id": "67135582895cd26230ac31b84f88ec23", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_qisdg9mdt12lqbq0/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_nu8w553ya7g2rmu4', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "17de034a4949b2bbffe2b671b134ae79", "type": "video", "sha256": "a7dbb4c63c4a8f90b590773ac9ca38ec8356a213e7e211bb3760fc77f139ac96", "blob_id": "blob_sffmmpmy10hhk2nk", "filename": "a.mp4", "property": "video", "upload_id": "upl_lr7psbm34p1jf7p7", "size_bytes": 901, "version_id": "6713558285f7b346922d83402dd942d8", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_lr7psbm34p1jf7p7/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_jjkcav0wqvbjju76', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "857acc225c024a3c0c681c5955c86a69", "type": "video", "sha256": "ec9324fc240f54309c8e81c2801b8b5af4bc3b55bf3ac0c9efc1c99270d7a60f", "blob_id": "blob_bp3yfw0mj12aposa", "filename": "a.mp4", "property": "video", "upload_id": "upl_0zabyykkragz4fw0", "size_bytes": 348, "version_id": "671355828a8fec0a0fc29ddb8aa3179b", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_0zabyykkragz4fw0/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_by4y7av4vxqndftf', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "1424d09de14890ed0d58c5d9fe4dbb1e", "type": "video", "sha256": "e2fdb3961f9fd09829910bfc7362e02e1bbdbe3cc677b91ff7ef49e440d1c2a4", "blob_id": "blob_mn2yilpzgfv9x0gw", "filename": "a.mp4", "property": "video", "upload_id": "upl_eqnm9psf5xt6r2s3", "size_bytes": 1273, "version_id": "6713558284b8cdd8f7f8f39289eb56bc", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_eqnm9psf5xt6r2s3/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_mg4lxpz4mp9wxx2r', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "bbb03cba62b7c2719504d1950730d5cb", "type": "video", "sha256": "2a71a539ae6b1bd1fe3d7e6821da8c934988a2e74a8018ec796347501190c0dc", "blob_id": "blob_lyzko0utzfn9b8sg", "filename": "a.mp4", "property": "video", "upload_id": "upl_xfprmwixg7laym2a", "size_bytes": 1539, "version_id": "671355828743fd259bc65eb8bf5e81c4", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_xfprmwixg7laym2a/a.mp4", "content_type": "video/mp4"}] {}'),
    ('obj_ypww4faipu1djjp7', 'object', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', ' [{"etag": "d714c16a3a661527831238e469e9472a", "type": "video", "sha256": "f28f160b7b06416b2f0bf9d80cfe6b1e1de7a3720c126194db86a8549a33f98f", "blob_id": "blob_8o61w2cpwbkhczyl", "filename": "a.mp4", "property": "video", "upload_id": "upl_fgkv9zjnh8fft0j5", "size_bytes": 1612, "version_id": "671355828a01bf996b44b176d7ee9f2a", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_fgkv9zjnh8fft0j5/a.mp4", "content_type": "video/mp4"}] {}'),
    ('upl_ltafaxtvtmyucn2r', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "5bace32173a247da2218dfcc"}'),
    ('upl_jhj30pjkazd91zqw', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_ej8m5l8lfqkm8mkh', 'a.mp4 {"life": "bba459287fa7bd83a8d3ed47"}'),
    ('upl_240hwfhf18wb49g6', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_rw0x5okyq3a3x0wn', '0.txt {}'),
    ('upl_43pd4qcmbrwat5zn', 'upload', 'org_50l5yrkkz8u0locb', 'bkt_rw0x5okyq3a3x0wn', '1.txt {}'),
    ('obj_7lh0c2jhine41jyp', 'object', 'org_50l5yrkkz8u0locb', 'bkt_rw0x5okyq3a3x0wn', ' [{"etag": "83c8b2e4151c8797cb2aaf78168e2d47", "type": "text", "sha256": "c198d5c3ce38dcf73d11b31a25981c3fd8e725ccf89137b05b20fc01ff110a0a", "blob_id": "blob_6e5mtfrdvtplxhrj", "filename": "0.txt", "property": "text", "upload_id": "upl_240hwfhf18wb49g6", "size_bytes": 18, "version_id": "671355822f915ecd68cdee2d34b8ad49", "storage_key": "int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_240hwfhf18wb49g6/0.txt", "content_type": "text/plain"}] {"title": "low water"}');
INSERT INTO upwell.subscriptions VALUES
    ('webhooks', 216, NULL, NULL, '2026-11-30 00:16:49.593995+00'),
    ('analytics.v1', 216, NULL, NULL, '2026-11-30 00:16:49.594105+00');
INSERT INTO upwell.task_items VALUES
    ('task_y3otiykyyhmnq02v', 'org_atx5qi39vqbyfz36', 0, 'upl_tcfi76di7xe40kld', '{"etag": null, "policy": null, "size_bytes": null}', 'CANCELED', NULL, NULL),
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 1, 'upl_zpem0jd12gsq2sku', '{"etag": null, "policy": null, "size_bytes": null}', 'COMPLETED', '{"etag": "5269c94836241f9e97097b4baa6bd716", "status": "COMPLETED", "subject": "upl_zpem0jd12gsq2sku", "file_hash": "0b85920858f16b95a3f2ddca9a477073a7c056980f015774378075af3bf8bb46", "object_id": "obj_1hs27acj3cnwm8kl", "upload_id": "upl_zpem0jd12gsq2sku", "deletes_at": null, "file_size_bytes": 213, "existing_object_id": null, "duplicate_of_upload_id": null}', NULL),
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 9, 'upl_crtsv2vau3k5ecaq', '{"etag": null, "policy": null, "size_bytes": null}', 'COMPLETED', '{"etag": "686992c19b665aa46dbb614d406129b3", "status": "COMPLETED", "subject": "upl_crtsv2vau3k5ecaq", "file_hash": "eccdaba9b9579a66204da33b60b97d4b5eee06ff5a35ca6c4c5481388e8c7228", "object_id": "obj_mo8m9l56cj1waim3", "upload_id": "upl_crtsv2vau3k5ecaq", "deletes_at": null, "file_size_bytes": 104, "existing_object_id": null, "duplicate_of_upload_id": null}', NULL),
    ('task_21hit0fvdgnmo529', 'org_atx5qi39vqbyfz36', 0, 'ns_4qp85f1ue1bydwvm', '{}', 'COMPLETED', '{"subject": "ns_4qp85f1ue1bydwvm"}', NULL),
    ('task_v8akie5s3ao3ckhu', 'org_atx5qi39vqbyfz36', 0, 'bkt_x0cdrw4u81crkr1i', '{}', 'COMPLETED', '{"subject": "bkt_x0cdrw4u81crkr1i", "deleted_objects": 0, "deleted_uploads": 0}', NULL),
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 7, 'upl_qisdg9mdt12lqbq0', '{"etag": null, "policy": null, "size_bytes": null}', 'COMPLETED', '{"etag": "a5a8f8c0bc01f2040816171d846bbd75", "status": "COMPLETED", "subject": "upl_qisdg9mdt12lqbq0", "file_hash": "399ff32153c33b12279c20a990853d0b5a2f7c9b5b593d01dbbc0d07784e43fa", "object_id": "obj_jyt4im6mv0t6oat9", "upload_id": "upl_qisdg9mdt12lqbq0", "deletes_at": null, "file_size_bytes": 669, "existing_object_id": null, "duplicate_of_upload_id": null}', NULL),
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 10, 'upl_wvjxr6qlekjzic7r', '{"etag": null, "policy": null, "size_bytes": null}', 'COMPLETED', '{"etag": "37665a29f82d6d002d9b910d5bd0fa8d", "status": "COMPLETED", "subject": "upl_wvjxr6qlekjzic7r", "file_hash": "6e105d9786058dfdac071ce92b4091c5190a6b05413a9e2ce74fcecaabf92b02", "object_id": "obj_ot4ywutp2vhn86nf", "upload_id": "upl_wvjxr6qlekjzic7r", "deletes_at": null, "file_size_bytes": 538, "existing_object_id": null, "duplicate_of_upload_id": null}', NULL),
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 4, 'upl_86w277ofoy99eeca', '{"etag": null, "policy": null, "size_bytes": null}', 'COMPLETED', '{"etag": "325590644d661ba8d42e375e1b4260fe", "status": "COMPLETED", "subject": "upl_86w277ofoy99eeca", "file_hash": "10a90470cc6a29e21e799675316be3476a9b8b5dff0333add7e3e4b9c83a2255", "object_id": "obj_3yjyajovhovwn0qt", "upload_id": "upl_86w277ofoy99eeca", "deletes_at": null, "file_size_bytes": 1279, "existing_object_id": null, "duplicate_of_upload_id": null}', NULL),
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 5, 'upl_0zabyykkragz4fw0', '{"etag": null, "policy": null, "size_bytes": null}', 'COMPLETED', '{"etag": "857acc225c024a3c0c681c5955c86a69", "status": "COMPLETED", "subject": "upl_0zabyykkragz4fw0", "file_hash": "ec9324fc240f54309c8e81c2801b8b5af4bc3b55bf3ac0c9efc1c99270d7a60f", "object_id": "obj_jjkcav0wqvbjju76", "upload_id": "upl_0zabyykkragz4fw0", "deletes_at": null, "file_size_bytes": 348, "existing_object_id": null, "duplicate_of_upload_id": null}', NULL),
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 0, 'upl_y1xc5015zirwy1dx', '{"etag": null, "policy": null, "size_bytes": null}', 'COMPLETED', '{"etag": "d1c8a5594c7f06a80627499a28b2e591", "status": "COMPLETED", "subject": "upl_y1xc5015zirwy1dx", "file_hash": "296fdd95ed47d8f6fdae744561c292592efe432db8cae2f094441032f9230cad", "object_id": "obj_51yaw5v30k6zd2w7", "upload_id": "upl_y1xc5015zirwy1dx", "deletes_at": null, "file_size_bytes": 1725, "existing_object_id": null, "duplicate_of_upload_id": null}', NULL),
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 2, 'upl_1ddc73utn3hofbpk', '{"etag": null, "policy": null, "size_bytes": null}', 'COMPLETED', '{"etag": "e9ff67023457c15770221125c18e6bdc", "status": "COMPLETED", "subject": "upl_1ddc73utn3hofbpk", "file_hash": "df5e292fa480a91fc42e323050f4c915a5571f048e62141fe3092e50ebf35cd1", "object_id": "obj_q2dnypcirycno1p5", "upload_id": "upl_1ddc73utn3hofbpk", "deletes_at": null, "file_size_bytes": 1007, "existing_object_id": null, "duplicate_of_upload_id": null}', NULL),
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 3, 'upl_1t2yxil7u9b1rj70', '{"etag": null, "policy": null, "size_bytes": null}', 'COMPLETED', '{"etag": "61613467d6181720b95052c1d5a56091", "status": "COMPLETED", "subject": "upl_1t2yxil7u9b1rj70", "file_hash": "6802ac728663f6edb09b6e9f9289f1bc930196b49d60fee1f0678a73206072f3", "object_id": "obj_c60jdecd6prugham", "upload_id": "upl_1t2yxil7u9b1rj70", "deletes_at": null, "file_size_bytes": 741, "existing_object_id": null, "duplicate_of_upload_id": null}', NULL),
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 13, 'upl_73jcvu8w5i1ac2rw', '{"etag": null, "policy": null, "size_bytes": null}', 'COMPLETED', '{"etag": "4d1adac3126562a3d94a3a52afda5eca", "status": "COMPLETED", "subject": "upl_73jcvu8w5i1ac2rw", "file_hash": "6310678ad4bba241617eaeb2564c0b6ba8837760b705cf3b33c9971e3f481cd0", "object_id": "obj_14c2hvslksjsxhig", "upload_id": "upl_73jcvu8w5i1ac2rw", "deletes_at": null, "file_size_bytes": 83, "existing_object_id": null, "duplicate_of_upload_id": null}', NULL),
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 6, 'upl_fgkv9zjnh8fft0j5', '{"etag": null, "policy": null, "size_bytes": null}', 'COMPLETED', '{"etag": "d714c16a3a661527831238e469e9472a", "status": "COMPLETED", "subject": "upl_fgkv9zjnh8fft0j5", "file_hash": "f28f160b7b06416b2f0bf9d80cfe6b1e1de7a3720c126194db86a8549a33f98f", "object_id": "obj_ypww4faipu1djjp7", "upload_id": "upl_fgkv9zjnh8fft0j5", "deletes_at": null, "file_size_bytes": 1612, "existing_object_id": null, "duplicate_of_upload_id": null}', NULL),
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 8, 'upl_f3pnr50q6a6kucun', '{"etag": null, "policy": null, "size_bytes": null}', 'COMPLETED', '{"etag": "7cbdcb1c2b7156c14f4cab774f0e6eaf", "status": "COMPLETED", "subject": "upl_f3pnr50q6a6kucun", "file_hash": "06bd691db35a9bb54523b498a025263a7346674e89f6fd9edbc683a871ddf063", "object_id": "obj_4k3gk0shw5iy80jf", "upload_id": "upl_f3pnr50q6a6kucun", "deletes_at": null, "file_size_bytes": 1377, "existing_object_id": null, "duplicate_of_upload_id": null}', NULL),
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 17, 'upl_3ka49g69394qy9p8', '{"etag": null, "policy": null, "size_bytes": null}', 'COMPLETED', '{"etag": "c7860951a1debed31d1faf92a8dc86c3", "status": "COMPLETED", "subject": "upl_3ka49g69394qy9p8", "file_hash": "75a1c14820e9ff8ce4b593b5fc4b0c048577d75d01e917bbd6c36c807bffcb07", "object_id": "obj_srij8lebv4ysd9xl", "upload_id": "upl_3ka49g69394qy9p8", "deletes_at": null, "file_size_bytes": 833, "existing_object_id": null, "duplicate_of_upload_id": null}', NULL),
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 11, 'upl_xfprmwixg7laym2a', '{"etag": null, "policy": null, "size_bytes": null}', 'COMPLETED', '{"etag": "bbb03cba62b7c2719504d1950730d5cb", "status": "COMPLETED", "subject": "upl_xfprmwixg7laym2a", "file_hash": "2a71a539ae6b1bd1fe3d7e6821da8c934988a2e74a8018ec796347501190c0dc", "object_id": "obj_mg4lxpz4mp9wxx2r", "upload_id": "upl_xfprmwixg7laym2a", "deletes_at": null, "file_size_bytes": 1539, "existing_object_id": null, "duplicate_of_upload_id": null}', NULL),
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 12, 'upl_fhmdviaomskjgflt', '{"etag": null, "policy": null, "size_bytes": null}', 'COMPLETED', '{"etag": "f99781d9ddcd03a3f224dccb15f0c72f", "status": "COMPLETED", "subject": "upl_fhmdviaomskjgflt", "file_hash": "8d053253f1e9fdc5de6cbfcbf351cc7b8433441b929ece8a48d0e8660ee9ab69", "object_id": "obj_xrfpd7d2mzfcjj47", "upload_id": "upl_fhmdviaomskjgflt", "deletes_at": null, "file_size_bytes": 293, "existing_object_id": null, "duplicate_of_upload_id": null}', NULL),
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 14, 'upl_aoic0dbo8xgr9xvb', '{"etag": null, "policy": null, "size_bytes": null}', 'COMPLETED', '{"etag": "1881ccac86cb845da65a3538b91e7b73", "status": "COMPLETED", "subject": "upl_aoic0dbo8xgr9xvb", "file_hash": "9aeba57944c628bfa3a07b888be91b4a0144b2167ac8817ee4470c232075b241", "object_id": "obj_z0nfsyn6p89cj0q3", "upload_id": "upl_aoic0dbo8xgr9xvb", "deletes_at": null, "file_size_bytes": 1071, "existing_object_id": null, "duplicate_of_upload_id": null}', NULL),
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 15, 'upl_lr7psbm34p1jf7p7', '{"etag": null, "policy": null, "size_bytes": null}', 'COMPLETED', '{"etag": "17de034a4949b2bbffe2b671b134ae79", "status": "COMPLETED", "subject": "upl_lr7psbm34p1jf7p7", "file_hash": "a7dbb4c63c4a8f90b590773ac9ca38ec8356a213e7e211bb3760fc77f139ac96", "object_id": "obj_nu8w553ya7g2rmu4", "upload_id": "upl_lr7psbm34p1jf7p7", "deletes_at": null, "file_size_bytes": 901, "existing_object_id": null, "duplicate_of_upload_id": null}', NULL),
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 16, 'upl_oyspe8oep5b20rgv', '{"etag": null, "policy": null, "size_bytes": null}', 'COMPLETED', '{"etag": "485614e230da7e3e87e5ed43481d029d", "status": "COMPLETED", "subject": "upl_oyspe8oep5b20rgv", "file_hash": "7e4fa697aa1d1207941e3079885f294d9757d09c8f9a4e4d9f2b5ba2b53681a7", "object_id": "obj_xa9akazferxb0mjf", "upload_id": "upl_oyspe8oep5b20rgv", "deletes_at": null, "file_size_bytes": 1108, "existing_object_id": null, "duplicate_of_upload_id": null}', NULL),
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 19, 'upl_3buqognpba0tlrsy', '{"etag": null, "policy": null, "size_bytes": null}', 'COMPLETED', '{"etag": "f30070ebba7e2020609859e10285215f", "status": "COMPLETED", "subject": "upl_3buqognpba0tlrsy", "file_hash": "96927a4ae20f58f716c1435073b283176748412bc137bbfef216bdbf04925301", "object_id": "obj_ce4pgwsura5q68rc", "upload_id": "upl_3buqognpba0tlrsy", "deletes_at": null, "file_size_bytes": 1467, "existing_object_id": null, "duplicate_of_upload_id": null}', NULL),
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 18, 'upl_eqnm9psf5xt6r2s3', '{"etag": null, "policy": null, "size_bytes": null}', 'COMPLETED', '{"etag": "1424d09de14890ed0d58c5d9fe4dbb1e", "status": "COMPLETED", "subject": "upl_eqnm9psf5xt6r2s3", "file_hash": "e2fdb3961f9fd09829910bfc7362e02e1bbdbe3cc677b91ff7ef49e440d1c2a4", "object_id": "obj_by4y7av4vxqndftf", "upload_id": "upl_eqnm9psf5xt6r2s3", "deletes_at": null, "file_size_bytes": 1273, "existing_object_id": null, "duplicate_of_upload_id": null}', NULL);
INSERT INTO upwell.tasks OVERRIDING SYSTEM VALUE VALUES
    ('task_7eaq6a0l6oxhw71u', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'api_buckets_uploads_batch_confirm', 'COMPLETED', 'key_x7mosf2oojt640z8', '["upl_y1xc5015zirwy1dx", "upl_zpem0jd12gsq2sku", "upl_1ddc73utn3hofbpk", "upl_1t2yxil7u9b1rj70", "upl_86w277ofoy99eeca", "upl_0zabyykkragz4fw0", "upl_fgkv9zjnh8fft0j5", "upl_qisdg9mdt12lqbq0", "upl_f3pnr50q6a6kucun", "upl_crtsv2vau3k5ecaq", "upl_wvjxr6qlekjzic7r", "upl_xfprmwixg7laym2a", "upl_fhmdviaomskjgflt", "upl_73jcvu8w5i1ac2rw", "upl_aoic0dbo8xgr9xvb", "upl_lr7psbm34p1jf7p7", "upl_oyspe8oep5b20rgv", "upl_3ka49g69394qy9p8", "upl_eqnm9psf5xt6r2s3", "upl_3buqognpba0tlrsy"]', '[{"etag": "d1c8a5594c7f06a80627499a28b2e591", "status": "COMPLETED", "subject": "upl_y1xc5015zirwy1dx", "file_hash": "296fdd95ed47d8f6fdae744561c292592efe432db8cae2f094441032f9230cad", "object_id": "obj_51yaw5v30k6zd2w7", "upload_id": "upl_y1xc5015zirwy1dx", "deletes_at": null, "file_size_bytes": 1725, "existing_object_id": null, "duplicate_of_upload_id": null}, {"etag": "5269c94836241f9e97097b4baa6bd716", "status": "COMPLETED", "subject": "upl_zpem0jd12gsq2sku", "file_hash": "0b85920858f16b95a3f2ddca9a477073a7c056980f015774378075af3bf8bb46", "object_id": "obj_1hs27acj3cnwm8kl", "upload_id": "upl_zpem0jd12gsq2sku", "deletes_at": null, "file_size_bytes": 213, "existing_object_id": null, "duplicate_of_upload_id": null}, {"etag": "e9ff67023457c15770221125c18e6bdc", "status": "COMPLETED", "subject": "upl_1ddc73utn3hofbpk", "file_hash": "df5e292fa480a91fc42e323050f4c915a5571f048e62141fe3092e50ebf35cd1", "object_id": "obj_q2dnypcirycno1p5", "upload_id": "upl_1ddc73utn3hofbpk", "deletes_at": null, "file_size_bytes": 1007, "existing_object_id": null, "duplicate_of_upload_id": null}, {"etag": "61613467d6181720b95052c1d5a56091", "status": "COMPLETED", "subject": "upl_1t2yxil7u9b1rj70", "file_hash": "6802ac728663f6edb09b6e9f9289f1bc930196b49d60fee1f0678a73206072f3", "object_id": "obj_c60jdecd6prugham", "upload_id": "upl_1t2yxil7u9b1rj70", "deletes_at": null, "file_size_bytes": 741, "existing_object_id": null, "duplicate_of_upload_id": null}, {"etag": "325590644d661ba8d42e375e1b4260fe", "status": "COMPLETED", "subject": "upl_86w277ofoy99eeca", "file_hash": "10a90470cc6a29e21e799675316be3476a9b8b5dff0333add7e3e4b9c83a2255", "object_id": "obj_3yjyajovhovwn0qt", "upload_id": "upl_86w277ofoy99eeca", "deletes_at": null, "file_size_bytes": 1279, "existing_object_id": null, "duplicate_of_upload_id": null}, {"etag": "857acc225c024a3c0c681c5955c86a69", "status": "COMPLETED", "subject": "upl_0zabyykkragz4fw0", "file_hash": "ec9324fc240f54309c8e81c2801b8b5af4bc3b55bf3ac0c9efc1c99270d7a60f", "object_id": "obj_jjkcav0wqvbjju76", "upload_id": "upl_0zabyykkragz4fw0", "deletes_at": null, "file_size_bytes": 348, "existing_object_id": null, "duplicate_of_upload_id": null}, {"etag": "d714c16a3a661527831238e469e9472a", "status": "COMPLETED", "subject": "upl_fgkv9zjnh8fft0j5", "file_hash": "f28f160b7b06416b2f0bf9d80cfe6b1e1de7a3720c126194db86a8549a33f98f", "object_id": "obj_ypww4faipu1djjp7", "upload_id": "upl_fgkv9zjnh8fft0j5", "deletes_at": null, "file_size_bytes": 1612, "existing_object_id": null, "duplicate_of_upload_id": null}, {"etag": "a5a8f8c0bc01f2040816171d846bbd75", "status": "COMPLETED", "subject": "upl_qisdg9mdt12lqbq0", "file_hash": "399ff32153c33b12279c20a990853d0b5a2f7c9b5b593d01dbbc0d07784e43fa", "object_id": "obj_jyt4im6mv0t6oat9", "upload_id": "upl_qisdg9mdt12lqbq0", "deletes_at": null, "file_size_bytes": 669, "existing_object_id": null, "duplicate_of_upload_id": null}, {"etag": "7cbdcb1c2b7156c14f4cab774f0e6eaf", "status": "COMPLETED", "subject": "upl_f3pnr50q6a6kucun", "file_hash": "06bd691db35a9bb54523b498a025263a7346674e89f6fd9edbc683a871ddf063", "object_id": "obj_4k3gk0shw5iy80jf", "upload_id": "upl_f3pnr50q6a6kucun", "deletes_at": null, "file_size_bytes": 1377, "existing_object_id": null, "duplicate_of_upload_id": null}, {"etag": "686992c19b665aa46dbb614d406129b3", "status": "COMPLETED", "subject": "upl_crtsv2vau3k5ecaq", "file_hash": "eccdaba9b9579a66204da33b60b97d4b5eee06ff5a35ca6c4c5481388e8c7228", "object_id": "obj_mo8m9l56cj1waim3", "upload_id": "upl_crtsv2vau3k5ecaq", "deletes_at": null, "file_size_bytes": 104, "existing_object_id": null, "duplicate_of_upload_id": null}, {"etag": "37665a29f82d6d002d9b910d5bd0fa8d", "status": "COMPLETED", "subject": "upl_wvjxr6qlekjzic7r", "file_hash": "6e105d9786058dfdac071ce92b4091c5190a6b05413a9e2ce74fcecaabf92b02", "object_id": "obj_ot4ywutp2vhn86nf", "upload_id": "upl_wvjxr6qlekjzic7r", "deletes_at": null, "file_size_bytes": 538, "existing_object_id": null, "duplicate_of_upload_id": null}, {"etag": "bbb03cba62b7c2719504d1950730d5cb", "status": "COMPLETED", "subject": "upl_xfprmwixg7laym2a", "file_hash": "2a71a539ae6b1bd1fe3d7e6821da8c934988a2e74a8018ec796347501190c0dc", "object_id": "obj_mg4lxpz4mp9wxx2r", "upload_id": "upl_xfprmwixg7laym2a", "deletes_at": null, "file_size_bytes": 1539, "existing_object_id": null, "duplicate_of_upload_id": null}, {"etag": "f99781d9ddcd03a3f224dccb15f0c72f", "status": "COMPLETED", "subject": "upl_fhmdviaomskjgflt", "file_hash": "8d053253f1e9fdc5de6cbfcbf351cc7b8433441b929ece8a48d0e8660ee9ab69", "object_id": "obj_xrfpd7d2mzfcjj47", "upload_id": "upl_fhmdviaomskjgflt", "deletes_at": null, "file_size_bytes": 293, "existing_object_id": null, "duplicate_of_upload_id": null}, {"etag": "4d1adac3126562a3d94a3a52afda5eca", "status": "COMPLETED", "subject": "upl_73jcvu8w5i1ac2rw", "file_hash": "6310678ad4bba241617eaeb2564c0b6ba8837760b705cf3b33c9971e3f481cd0", "object_id": "obj_14c2hvslksjsxhig", "upload_id": "upl_73jcvu8w5i1ac2rw", "deletes_at": null, "file_size_bytes": 83, "existing_object_id": null, "duplicate_of_upload_id": null}, {"etag": "1881ccac86cb845da65a3538b91e7b73", "status": "COMPLETED", "subject": "upl_aoic0dbo8xgr9xvb", "file_hash": "9aeba57944c628bfa3a07b888be91b4a0144b2167ac8817ee4470c232075b241", "object_id": "obj_z0nfsyn6p89cj0q3", "upload_id": "upl_aoic0dbo8xgr9xvb", "deletes_at": null, "file_size_bytes": 1071, "existing_object_id": null, "duplicate_of_upload_id": null}, {"etag": "17de034a4949b2bbffe2b671b134ae79", "status": "COMPLETED", "subject": "upl_lr7psbm34p1jf7p7", "file_hash": "a7dbb4c63c4a8f90b590773ac9ca38ec8356a213e7e211bb3760fc77f139ac96", "object_id": "obj_nu8w553ya7g2rmu4", "upload_id": "upl_lr7psbm34p1jf7p7", "deletes_at": null, "file_size_bytes": 901, "existing_object_id": null, "duplicate_of_upload_id": null}, {"etag": "485614e230da7e3e87e5ed43481d029d", "status": "COMPLETED", "subject": "upl_oyspe8oep5b20rgv", "file_hash": "7e4fa697aa1d1207941e3079885f294d9757d09c8f9a4e4d9f2b5ba2b53681a7", "object_id": "obj_xa9akazferxb0mjf", "upload_id": "upl_oyspe8oep5b20rgv", "deletes_at": null, "file_size_bytes": 1108, "existing_object_id": null, "duplicate_of_upload_id": null}, {"etag": "c7860951a1debed31d1faf92a8dc86c3", "status": "COMPLETED", "subject": "upl_3ka49g69394qy9p8", "file_hash": "75a1c14820e9ff8ce4b593b5fc4b0c048577d75d01e917bbd6c36c807bffcb07", "object_id": "obj_srij8lebv4ysd9xl", "upload_id": "upl_3ka49g69394qy9p8", "deletes_at": null, "file_size_bytes": 833, "existing_object_id": null, "duplicate_of_upload_id": null}, {"etag": "1424d09de14890ed0d58c5d9fe4dbb1e", "status": "COMPLETED", "subject": "upl_eqnm9psf5xt6r2s3", "file_hash": "e2fdb3961f9fd09829910bfc7362e02e1bbdbe3cc677b91ff7ef49e440d1c2a4", "object_id": "obj_by4y7av4vxqndftf", "upload_id": "upl_eqnm9psf5xt6r2s3", "deletes_at": null, "file_size_bytes": 1273, "existing_object_id": null, "duplicate_of_upload_id": null}, {"etag": "f30070ebba7e2020609859e10285215f", "status": "COMPLETED", "subject": "upl_3buqognpba0tlrsy", "file_hash": "96927a4ae20f58f716c1435073b283176748412bc137bbfef216bdbf04925301", "object_id": "obj_ce4pgwsura5q68rc", "upload_id": "upl_3buqognpba0tlrsy", "deletes_at": null, "file_size_bytes": 1467, "existing_object_id": null, "duplicate_of_upload_id": null}]', '{"total": 20, "failed": 0, "bucket_id": "bkt_ej8m5l8lfqkm8mkh", "completed": 20}', NULL, NULL, '2026-11-30 00:16:47.361982+00', '2026-11-30 00:16:48.030212+00', 5),
    ('task_y3otiykyyhmnq02v', 'org_atx5qi39vqbyfz36', 'ns_bvx40wdh2ahkmevc', 'api_buckets_uploads_batch_confirm', 'CANCELED', 'key_ykkgcx832esychnv', '["upl_tcfi76di7xe40kld"]', '[]', '{"total": 1, "failed": 0, "bucket_id": "bkt_dxcfs4xsg4ixwlps", "completed": 0}', NULL, NULL, '2026-11-30 00:16:45.127359+00', '2026-11-30 00:16:45.263105+00', 3),
    ('task_21hit0fvdgnmo529', 'org_atx5qi39vqbyfz36', 'ns_4qp85f1ue1bydwvm', 'api_namespaces_delete', 'COMPLETED', 'key_ykkgcx832esychnv', '["ns_4qp85f1ue1bydwvm"]', '[{"subject": "ns_4qp85f1ue1bydwvm"}]', '{"total": 1, "failed": 0, "completed": 1}', NULL, NULL, '2026-11-30 00:16:43.768417+00', '2026-11-30 00:16:45.537959+00', 1),
    ('task_v8akie5s3ao3ckhu', 'org_atx5qi39vqbyfz36', 'ns_bvx40wdh2ahkmevc', 'api_buckets_delete', 'COMPLETED', 'key_ykkgcx832esychnv', '["bkt_x0cdrw4u81crkr1i"]', '[{"subject": "bkt_x0cdrw4u81crkr1i", "deleted_objects": 0, "deleted_uploads": 0}]', '{"total": 1, "failed": 0, "completed": 1}', NULL, NULL, '2026-11-30 00:16:43.992109+00', '2026-11-30 00:16:45.566274+00', 2),
    ('task_plnatga93s6tdskb', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'api_buckets_uploads_confirm', 'PENDING', 'key_x7mosf2oojt640z8', '["upl_68xhwp8v8bbduqax"]', '[]', '{}', NULL, 'upl_68xhwp8v8bbduqax', '2026-11-30 00:16:46.746031+00', '2026-11-30 00:16:46.746031+00', 4);
INSERT INTO upwell.uploads VALUES
    ('upl_u9tvara3gtax15xb', 'org_atx5qi39vqbyfz36', 'ns_bvx40wdh2ahkmevc', 'bkt_dxcfs4xsg4ixwlps', 4, 17, 'COMPLETED', NULL, 'tide.txt', 'text/plain', 'int_tra0iewpozwtvhy6/ns_bvx40wdh2ahkmevc/api_buckets_uploads_create/upl_u9tvara3gtax15xb/tide.txt', NULL, NULL, 3600, '2026-11-30 00:16:44.007704+00', '2026-11-30 01:16:44+00', '2026-11-30 01:31:44+00', '{}', true, NULL, 'text', 'TEXT', true, NULL, 'insert', 19, 'c0ff147431c78fc1ea648377fe65060361d3c2c8fa3c422212df2641b07300e0', '584b7aefb7f6123a1b4af726eafd7256', '671355833a157e7ed0bdf4f4fc47c109', '2026-11-30 00:16:44.354387+00', '2026-11-30 00:16:44.354387+00', 'task_3z2jd3repvw0whwm', 'obj_fntnexw0h28ouj7r', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_5heggnbi68352ms7', 'org_atx5qi39vqbyfz36', 'ns_bvx40wdh2ahkmevc', 'bkt_dxcfs4xsg4ixwlps', 7, 22, 'COMPLETED', NULL, 'tides.txt', 'text/plain', 'int_tra0iewpozwtvhy6/ns_bvx40wdh2ahkmevc/api_buckets_uploads_create/upl_5heggnbi68352ms7/tides.txt', NULL, NULL, 3600, '2026-11-30 00:16:44.479018+00', '2026-11-30 01:16:44.722338+00', '2026-11-30 01:31:44.722338+00', '{}', true, NULL, 'text', 'TEXT', true, NULL, 'insert', 19, 'c0ff147431c78fc1ea648377fe65060361d3c2c8fa3c422212df2641b07300e0', 'd95140ecab6b512fa879bb1ce0ab6378-1', '671355831a4e93470f105a88691394f2', '2026-11-30 00:16:44.830204+00', '2026-11-30 00:16:44.830204+00', 'task_vi88m801e5m45d3d', 'obj_fntnexw0h28ouj7r', 'upl_u9tvara3gtax15xb', NULL, NULL, NULL, NULL, false, false, 16777216, false, 'f81352704e666e2a0b8893698fd2cbbb31480359_192d2de4eb1949b7a4fc6875254383bc', NULL, NULL, NULL),
    ('upl_tcfi76di7xe40kld', 'org_atx5qi39vqbyfz36', 'ns_bvx40wdh2ahkmevc', 'bkt_dxcfs4xsg4ixwlps', 1, 36, 'PENDING', NULL, 'ebb.txt', 'text/plain', 'int_tra0iewpozwtvhy6/ns_bvx40wdh2ahkmevc/api_buckets_uploads_create/upl_tcfi76di7xe40kld/ebb.txt', NULL, NULL, 3600, '2026-11-30 00:16:45.098429+00', '2026-11-30 01:16:45+00', '2026-11-30 01:31:45+00', '{"season": "winter"}', true, NULL, 'text', 'TEXT', true, NULL, 'insert', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_lpdiiqml5nxap7yv', 'org_atx5qi39vqbyfz36', 'ns_bvx40wdh2ahkmevc', 'bkt_dxcfs4xsg4ixwlps', 2, 37, 'CANCELED', NULL, 'spring.txt', 'text/plain', 'int_tra0iewpozwtvhy6/ns_bvx40wdh2ahkmevc/api_buckets_uploads_create/upl_lpdiiqml5nxap7yv/spring.txt', NULL, NULL, 3600, '2026-11-30 00:16:45.277618+00', '2026-11-30 01:16:45+00', '2026-11-30 01:31:45+00', '{}', true, NULL, 'text', 'TEXT', true, NULL, 'insert', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_4vruqw361bxa19sx', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 1, 53, 'PENDING', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_4vruqw361bxa19sx/a.mp4', 1517, NULL, 3600, '2026-11-30 00:16:46.516393+00', '2026-11-30 01:16:46+00', '2026-11-30 01:31:46+00', '{"life": "409846142197ed538b443d59"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_xur9f840pcvr5u44', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 2, 54, 'CANCELED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_xur9f840pcvr5u44/a.mp4', 314, NULL, 3600, '2026-11-30 00:16:46.543938+00', '2026-11-30 01:16:46+00', '2026-11-30 01:31:46+00', '{"life": "dc8e4bfafcb6526be2ed84ea"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_4p6uy8gvo0ib4vc7', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 56, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_4p6uy8gvo0ib4vc7/a.mp4', 804, NULL, 3600, '2026-11-30 00:16:46.586334+00', '2026-11-30 01:16:46+00', '2026-11-30 01:31:46+00', '{"life": "b9c0ca061f62252782adc5fb"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 804, '6cc8905d1675ef0cad4083cdc9a0d8b7bffdbd01d34b355fcc378997a24e787f', '6fa834b9caa45954971d848e5888b1bb', '67135582b013a7ca0721a88b282fcb93', '2026-11-30 00:16:46.695465+00', '2026-11-30 00:16:46.695465+00', 'task_9yue6juxxekpmj84', 'obj_5lmczhxgg1abumzb', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_68xhwp8v8bbduqax', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 61, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_68xhwp8v8bbduqax/a.mp4', 948, NULL, 3600, '2026-11-30 00:16:46.724969+00', '2026-11-30 01:16:46+00', '2026-11-30 01:31:46+00', '{"life": "7cfed570541f452efc19866d"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 948, '2f6636955c6545c2a6bc4d09b245e848f5df7af13bad4d35547fb4bb5eeda9b9', 'd637743ea94cb0d534d23a6426511a43', '67135582a7eb9387fce7a7a933123bfa', '2026-11-30 00:16:46.824013+00', '2026-11-30 00:16:46.824013+00', 'task_plnatga93s6tdskb', 'obj_c99eyppx6jbmiv8b', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_pc0f7l21v2a1jf3q', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 73, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_pc0f7l21v2a1jf3q/a.mp4', 1002, 'b1e9fa7c022824992ae15d9ebc4f4e75d51bff7dcbb80151dcc667e67950c2db', 3600, '2026-11-30 00:16:47.075933+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "3e800b2bbf2d1103d0cb4d2b"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 1002, 'b1e9fa7c022824992ae15d9ebc4f4e75d51bff7dcbb80151dcc667e67950c2db', '11454da7a237723b8cb5670595d137aa', '6713558292a7016a60c7ed0930ecbd13', '2026-11-30 00:16:47.133474+00', '2026-11-30 00:16:47.133474+00', 'task_6w7tvo3xtnl2wo5b', 'obj_24cbdmpyh1c1y1ec', NULL, NULL, 'The bytes are application/x-coff-executable, but the upload says video/mp4.', NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_y1xc5015zirwy1dx', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 78, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_y1xc5015zirwy1dx/a.mp4', 1725, NULL, 3600, '2026-11-30 00:16:47.154925+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "adef45457f6b3c9fcb632946/0"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 1725, '296fdd95ed47d8f6fdae744561c292592efe432db8cae2f094441032f9230cad', 'd1c8a5594c7f06a80627499a28b2e591', '671355828de0d40df94cba4551d97ac8', '2026-11-30 00:16:47.443039+00', '2026-11-30 00:16:47.443039+00', 'task_9ctszdyidjwyy8t3', 'obj_51yaw5v30k6zd2w7', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_1ddc73utn3hofbpk', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 80, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_1ddc73utn3hofbpk/a.mp4', 1007, NULL, 3600, '2026-11-30 00:16:47.154925+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "adef45457f6b3c9fcb632946/2"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 1007, 'df5e292fa480a91fc42e323050f4c915a5571f048e62141fe3092e50ebf35cd1', 'e9ff67023457c15770221125c18e6bdc', '671355828d3775eb511d59c9d588d7b0', '2026-11-30 00:16:47.481573+00', '2026-11-30 00:16:47.481573+00', 'task_9z21zsvp617ifnhd', 'obj_q2dnypcirycno1p5', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_1t2yxil7u9b1rj70', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 81, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_1t2yxil7u9b1rj70/a.mp4', 741, NULL, 3600, '2026-11-30 00:16:47.154925+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "adef45457f6b3c9fcb632946/3"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 741, '6802ac728663f6edb09b6e9f9289f1bc930196b49d60fee1f0678a73206072f3', '61613467d6181720b95052c1d5a56091', '671355828ce45a079eda85109e1a9482', '2026-11-30 00:16:47.4978+00', '2026-11-30 00:16:47.4978+00', 'task_c2nkfxrgntwocata', 'obj_c60jdecd6prugham', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_zpem0jd12gsq2sku', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 79, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_zpem0jd12gsq2sku/a.mp4', 213, NULL, 3600, '2026-11-30 00:16:47.154925+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "adef45457f6b3c9fcb632946/1"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 213, '0b85920858f16b95a3f2ddca9a477073a7c056980f015774378075af3bf8bb46', '5269c94836241f9e97097b4baa6bd716', '671355828d85c3dcb44d764c50c4755d', '2026-11-30 00:16:47.557489+00', '2026-11-30 00:16:47.557489+00', 'task_n68lh5o85c1vbatv', 'obj_1hs27acj3cnwm8kl', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_86w277ofoy99eeca', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 82, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_86w277ofoy99eeca/a.mp4', 1279, NULL, 3600, '2026-11-30 00:16:47.154925+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "adef45457f6b3c9fcb632946/4"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 1279, '10a90470cc6a29e21e799675316be3476a9b8b5dff0333add7e3e4b9c83a2255', '325590644d661ba8d42e375e1b4260fe', '671355828be8a3d7a59363da2d27b1fd', '2026-11-30 00:16:47.636977+00', '2026-11-30 00:16:47.636977+00', 'task_p1l9fqlqrdaocdgf', 'obj_3yjyajovhovwn0qt', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_fgkv9zjnh8fft0j5', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 84, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_fgkv9zjnh8fft0j5/a.mp4', 1612, NULL, 3600, '2026-11-30 00:16:47.154925+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "adef45457f6b3c9fcb632946/6"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 1612, 'f28f160b7b06416b2f0bf9d80cfe6b1e1de7a3720c126194db86a8549a33f98f', 'd714c16a3a661527831238e469e9472a', '671355828a01bf996b44b176d7ee9f2a', '2026-11-30 00:16:47.707071+00', '2026-11-30 00:16:47.707071+00', 'task_43i49q4ftrc1fhrt', 'obj_ypww4faipu1djjp7', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_0zabyykkragz4fw0', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 83, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_0zabyykkragz4fw0/a.mp4', 348, NULL, 3600, '2026-11-30 00:16:47.154925+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "adef45457f6b3c9fcb632946/5"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 348, 'ec9324fc240f54309c8e81c2801b8b5af4bc3b55bf3ac0c9efc1c99270d7a60f', '857acc225c024a3c0c681c5955c86a69', '671355828a8fec0a0fc29ddb8aa3179b', '2026-11-30 00:16:47.7317+00', '2026-11-30 00:16:47.7317+00', 'task_80rpwwo8gj784hvh', 'obj_jjkcav0wqvbjju76', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_qisdg9mdt12lqbq0', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 85, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_qisdg9mdt12lqbq0/a.mp4', 669, NULL, 3600, '2026-11-30 00:16:47.154925+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "adef45457f6b3c9fcb632946/7"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 669, '399ff32153c33b12279c20a990853d0b5a2f7c9b5b593d01dbbc0d07784e43fa', 'a5a8f8c0bc01f2040816171d846bbd75', '67135582895cd26230ac31b84f88ec23', '2026-11-30 00:16:47.744074+00', '2026-11-30 00:16:47.744074+00', 'task_91jpqn97xj6q3dbc', 'obj_jyt4im6mv0t6oat9', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_f3pnr50q6a6kucun', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 86, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_f3pnr50q6a6kucun/a.mp4', 1377, NULL, 3600, '2026-11-30 00:16:47.154925+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "adef45457f6b3c9fcb632946/8"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 1377, '06bd691db35a9bb54523b498a025263a7346674e89f6fd9edbc683a871ddf063', '7cbdcb1c2b7156c14f4cab774f0e6eaf', '6713558288dfa15e69b57be66ce7e29e', '2026-11-30 00:16:47.814602+00', '2026-11-30 00:16:47.814602+00', 'task_orflecvl72ezb1zl', 'obj_4k3gk0shw5iy80jf', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_wvjxr6qlekjzic7r', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 88, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_wvjxr6qlekjzic7r/a.mp4', 538, NULL, 3600, '2026-11-30 00:16:47.154925+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "adef45457f6b3c9fcb632946/10"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 538, '6e105d9786058dfdac071ce92b4091c5190a6b05413a9e2ce74fcecaabf92b02', '37665a29f82d6d002d9b910d5bd0fa8d', '6713558287b3fb3a51539519bea9ebcf', '2026-11-30 00:16:47.869397+00', '2026-11-30 00:16:47.869397+00', 'task_3btlpyxhfz4uic3s', 'obj_ot4ywutp2vhn86nf', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_crtsv2vau3k5ecaq', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 87, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_crtsv2vau3k5ecaq/a.mp4', 104, NULL, 3600, '2026-11-30 00:16:47.154925+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "adef45457f6b3c9fcb632946/9"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 104, 'eccdaba9b9579a66204da33b60b97d4b5eee06ff5a35ca6c4c5481388e8c7228', '686992c19b665aa46dbb614d406129b3', '671355828875048bbbbe559dec2c26f3', '2026-11-30 00:16:47.837582+00', '2026-11-30 00:16:47.837582+00', 'task_okmun27jsf5b10l3', 'obj_mo8m9l56cj1waim3', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_xfprmwixg7laym2a', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 89, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_xfprmwixg7laym2a/a.mp4', 1539, NULL, 3600, '2026-11-30 00:16:47.154925+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "adef45457f6b3c9fcb632946/11"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 1539, '2a71a539ae6b1bd1fe3d7e6821da8c934988a2e74a8018ec796347501190c0dc', 'bbb03cba62b7c2719504d1950730d5cb', '671355828743fd259bc65eb8bf5e81c4', '2026-11-30 00:16:47.883963+00', '2026-11-30 00:16:47.883963+00', 'task_fpns1nz742t3nnhn', 'obj_mg4lxpz4mp9wxx2r', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_fhmdviaomskjgflt', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 90, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_fhmdviaomskjgflt/a.mp4', 293, NULL, 3600, '2026-11-30 00:16:47.154925+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "adef45457f6b3c9fcb632946/12"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 293, '8d053253f1e9fdc5de6cbfcbf351cc7b8433441b929ece8a48d0e8660ee9ab69', 'f99781d9ddcd03a3f224dccb15f0c72f', '6713558286dd622eb54d1d913457a9e7', '2026-11-30 00:16:47.923378+00', '2026-11-30 00:16:47.923378+00', 'task_xe2cn3ml5o5pi1ah', 'obj_xrfpd7d2mzfcjj47', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_73jcvu8w5i1ac2rw', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 91, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_73jcvu8w5i1ac2rw/a.mp4', 83, NULL, 3600, '2026-11-30 00:16:47.154925+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "adef45457f6b3c9fcb632946/13"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 83, '6310678ad4bba241617eaeb2564c0b6ba8837760b705cf3b33c9971e3f481cd0', '4d1adac3126562a3d94a3a52afda5eca', '67135582867d6ba1c63a2337b6ca4dce', '2026-11-30 00:16:47.930279+00', '2026-11-30 00:16:47.930279+00', 'task_cgvert1kdk968pmi', 'obj_14c2hvslksjsxhig', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_aoic0dbo8xgr9xvb', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 92, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_aoic0dbo8xgr9xvb/a.mp4', 1071, NULL, 3600, '2026-11-30 00:16:47.154925+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "adef45457f6b3c9fcb632946/14"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 1071, '9aeba57944c628bfa3a07b888be91b4a0144b2167ac8817ee4470c232075b241', '1881ccac86cb845da65a3538b91e7b73', '6713558286456af959c520f692cf9871', '2026-11-30 00:16:47.949988+00', '2026-11-30 00:16:47.949988+00', 'task_tfg1ihaoku9jgmx4', 'obj_z0nfsyn6p89cj0q3', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_lr7psbm34p1jf7p7', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 93, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_lr7psbm34p1jf7p7/a.mp4', 901, NULL, 3600, '2026-11-30 00:16:47.154925+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "adef45457f6b3c9fcb632946/15"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 901, 'a7dbb4c63c4a8f90b590773ac9ca38ec8356a213e7e211bb3760fc77f139ac96', '17de034a4949b2bbffe2b671b134ae79', '6713558285f7b346922d83402dd942d8', '2026-11-30 00:16:47.956064+00', '2026-11-30 00:16:47.956064+00', 'task_8p7kyvkpjm0pr2ox', 'obj_nu8w553ya7g2rmu4', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_oyspe8oep5b20rgv', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 94, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_oyspe8oep5b20rgv/a.mp4', 1108, NULL, 3600, '2026-11-30 00:16:47.154925+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "adef45457f6b3c9fcb632946/16"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 1108, '7e4fa697aa1d1207941e3079885f294d9757d09c8f9a4e4d9f2b5ba2b53681a7', '485614e230da7e3e87e5ed43481d029d', '67135582855fd286bddfbb029b6b71cd', '2026-11-30 00:16:47.978284+00', '2026-11-30 00:16:47.978284+00', 'task_hge35cx5ubbw2i5x', 'obj_xa9akazferxb0mjf', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_3ka49g69394qy9p8', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 95, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_3ka49g69394qy9p8/a.mp4', 833, NULL, 3600, '2026-11-30 00:16:47.154925+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "adef45457f6b3c9fcb632946/17"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 833, '75a1c14820e9ff8ce4b593b5fc4b0c048577d75d01e917bbd6c36c807bffcb07', 'c7860951a1debed31d1faf92a8dc86c3', '67135582852126974c405bf88652e807', '2026-11-30 00:16:47.991848+00', '2026-11-30 00:16:47.991848+00', 'task_xd3xngsjlf7s04wt', 'obj_srij8lebv4ysd9xl', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_eqnm9psf5xt6r2s3', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 96, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_eqnm9psf5xt6r2s3/a.mp4', 1273, NULL, 3600, '2026-11-30 00:16:47.154925+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "adef45457f6b3c9fcb632946/18"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 1273, 'e2fdb3961f9fd09829910bfc7362e02e1bbdbe3cc677b91ff7ef49e440d1c2a4', '1424d09de14890ed0d58c5d9fe4dbb1e', '6713558284b8cdd8f7f8f39289eb56bc', '2026-11-30 00:16:48.014763+00', '2026-11-30 00:16:48.014763+00', 'task_yx764kdmpcnpns5c', 'obj_by4y7av4vxqndftf', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_3buqognpba0tlrsy', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 97, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_3buqognpba0tlrsy/a.mp4', 1467, NULL, 3600, '2026-11-30 00:16:47.154925+00', '2026-11-30 01:16:47+00', '2026-11-30 01:31:47+00', '{"life": "adef45457f6b3c9fcb632946/19"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 1467, '96927a4ae20f58f716c1435073b283176748412bc137bbfef216bdbf04925301', 'f30070ebba7e2020609859e10285215f', '67135582840437df2215a7e933ed6fb7', '2026-11-30 00:16:48.016364+00', '2026-11-30 00:16:48.016364+00', 'task_ckg5g60bwexrqavc', 'obj_ce4pgwsura5q68rc', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_g4r3ttmx3vuo3nt7', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 180, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_g4r3ttmx3vuo3nt7/a.mp4', 1000, NULL, 3600, '2026-11-30 00:16:48.306834+00', '2026-11-30 01:16:48+00', '2026-11-30 01:31:48+00', '{"life": "98ed1555bb2cf968f23b128e"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 1000, '541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53', 'ede3d3b685b4e137ba4cb2521329a75e', '6713558249419a37786ff48fef5e0630', '2026-11-30 00:16:48.357397+00', '2026-11-30 00:16:48.357397+00', 'task_u35m64b2tevk00fm', 'obj_k06n18riv7nrdg24', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_68ivs81dcbhieuox', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 185, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_68ivs81dcbhieuox/a.mp4', 1000, NULL, 3600, '2026-11-30 00:16:48.386797+00', '2026-11-30 01:16:48+00', '2026-11-30 01:31:48+00', '{"life": "f15364d96aceceab8eb3d72e"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 1000, '541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53', 'ede3d3b685b4e137ba4cb2521329a75e', '671355824545e835fc89a50104899ba6', '2026-11-30 00:16:48.422948+00', '2026-11-30 00:16:48.422948+00', 'task_ymdi0c5k285hn7oh', 'obj_k06n18riv7nrdg24', 'upl_g4r3ttmx3vuo3nt7', NULL, NULL, NULL, NULL, false, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_08j1scyas7nlkkfk', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 190, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_08j1scyas7nlkkfk/a.mp4', 1001, NULL, 3600, '2026-11-30 00:16:48.490103+00', '2026-11-30 01:16:48+00', '2026-11-30 01:31:48+00', '{"life": "7d52f5ede6e038b044d593aa"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 1001, '0f8191f0b7f4d878acd87097ff96e338a21a5420343221d60a135de41c721782', 'eb6ca223963610af7366e759204202e8', '671355823ef05858d51a0d8fc62f40c2', '2026-11-30 00:16:48.526212+00', '2026-11-30 00:16:48.526212+00', 'task_xpt0tyloohrlmw9l', 'obj_s77uebklhwuf4gog', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_i3gvdwoazqjv5533', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 4, 195, 'COMPLETED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_i3gvdwoazqjv5533/a.mp4', 1001, NULL, 3600, '2026-11-30 00:16:48.543646+00', '2026-11-30 01:16:48+00', '2026-11-30 01:31:48+00', '{"life": "99160fa02ee158abc2bb38c4"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', 1001, '0f8191f0b7f4d878acd87097ff96e338a21a5420343221d60a135de41c721782', 'eb6ca223963610af7366e759204202e8', '671355823bf0d7c14c004ba1b9080b2f', '2026-11-30 00:16:48.568106+00', '2026-11-30 00:16:48.568106+00', 'task_a8c7u0f4iohkr91z', 'obj_s77uebklhwuf4gog', 'upl_08j1scyas7nlkkfk', NULL, NULL, NULL, NULL, false, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_ltafaxtvtmyucn2r', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 2, 200, 'IN_PROGRESS', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_ltafaxtvtmyucn2r/a.mp4', 6, NULL, 3600, '2026-11-30 00:16:48.633229+00', '2026-11-30 01:16:48+00', '2026-11-30 01:31:48+00', '{"life": "5bace32173a247da2218dfcc"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, true, false, 16777216, false, 'c0cc8d0587027a35fd98a3492d37809366d476ac_5ab324e7bcde44458f9c8ec88e23d7f6', NULL, NULL, NULL),
    ('upl_jhj30pjkazd91zqw', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_ej8m5l8lfqkm8mkh', 3, 202, 'FAILED', NULL, 'a.mp4', 'video/mp4', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_jhj30pjkazd91zqw/a.mp4', 5, '27042f4e6eca7d0b2a7ee4026df2ecfa51d3339e6d122aa099118ecd8563bad9', 3600, '2026-11-30 00:16:48.658524+00', '2026-11-30 01:16:48+00', '2026-11-30 01:31:48+00', '{"life": "bba459287fa7bd83a8d3ed47"}', true, NULL, 'video', 'VIDEO', true, NULL, 'insert', NULL, NULL, NULL, NULL, NULL, NULL, 'task_ihdajccx7mi7rekr', NULL, NULL, NULL, 'The bytes that arrived have the SHA-256 8810ad581e59f2bc3928b261707a71308f7e139eb04820366dc4d5c18d980225, not 27042f4e6eca7d0b2a7ee4026df2ecfa51d3339e6d122aa099118ecd8563bad9. Request a new upload, and send the file again.', 'hash_mismatch', NULL, false, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_240hwfhf18wb49g6', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_rw0x5okyq3a3x0wn', 4, 206, 'COMPLETED', NULL, '0.txt', 'text/plain', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_240hwfhf18wb49g6/0.txt', NULL, NULL, 3600, '2026-11-30 00:16:48.751333+00', '2026-11-30 01:16:48+00', '2026-11-30 01:31:48+00', '{}', true, '{"title": "Low water"}', 'text', 'TEXT', true, '94cbf4bbc0bee6dfac6dcd650ae13a47f3305da6e86ec6101bef0d49bb66273f', 'insert', 18, 'c198d5c3ce38dcf73d11b31a25981c3fd8e725ccf89137b05b20fc01ff110a0a', '83c8b2e4151c8797cb2aaf78168e2d47', '671355822f915ecd68cdee2d34b8ad49', '2026-11-30 00:16:48.775927+00', '2026-11-30 00:16:48.775927+00', 'task_xom2ih3db8nhwaem', 'obj_7lh0c2jhine41jyp', NULL, NULL, NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL),
    ('upl_43pd4qcmbrwat5zn', 'org_50l5yrkkz8u0locb', 'ns_kebm04hs2j89xapd', 'bkt_rw0x5okyq3a3x0wn', 1, 211, 'SKIPPED', NULL, '1.txt', 'text/plain', 'int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_43pd4qcmbrwat5zn/1.txt', NULL, NULL, 3600, '2026-11-30 00:16:48.792622+00', '2026-11-30 01:16:48+00', '2026-11-30 01:31:48+00', '{}', true, '{"title": "Low water"}', 'text', 'TEXT', true, '94cbf4bbc0bee6dfac6dcd650ae13a47f3305da6e86ec6101bef0d49bb66273f', 'insert', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'obj_7lh0c2jhine41jyp', NULL, NULL, NULL, true, false, NULL, false, NULL, NULL, NULL, NULL);
INSERT INTO upwell.upwell_events VALUES
    ('org_atx5qi39vqbyfz36', 1, 'organization.created.v1', '{"type":"organization.created.v1","internal_id":"int_tra0iewpozwtvhy6","name":"org-c40734ca","tier":"enterprise","quota_bytes":null,"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":null,"bucket_id":null,"actor_id":"system:operator","command_id":"cmd_yc24pnbnftbfc4ww","at":"2026-11-30T00:16:43.510060Z"}}', 1, 'org_atx5qi39vqbyfz36'),
    ('key_ykkgcx832esychnv', 1, 'api_key.created.v1', '{"type":"api_key.created.v1","key_id":"key_ykkgcx832esychnv","user_id":"usr_test","name":"test","description":"","key_hash":"d54a50a16bcbd7d73e8215dc2073484df452f1b0d5181f00afde847bead469aa","prefix":"sk_KNzaRYG","permissions":["read","write","delete","admin"],"scopes":[],"rate_limit_override":null,"expires_at":null,"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":null,"bucket_id":null,"actor_id":"system:test","command_id":"cmd_7efo95ujghext1lq","at":"2026-11-30T00:16:43.546541Z"}}', 2, 'org_atx5qi39vqbyfz36'),
    ('ns_bvx40wdh2ahkmevc', 1, 'namespace.created.v1', '{"type":"namespace.created.v1","namespace_id":"ns_bvx40wdh2ahkmevc","name":"test","description":null,"settings":{},"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":null,"actor_id":"key_ykkgcx832esychnv","command_id":"cmd_dkk2j502fkw019zy","at":"2026-11-30T00:16:43.551138Z"}}', 3, 'org_atx5qi39vqbyfz36'),
    ('bkt_dxcfs4xsg4ixwlps', 1, 'bucket.created.v1', '{"type":"bucket.created.v1","bucket_id":"bkt_dxcfs4xsg4ixwlps","name":"files","description":null,"bucket_schema":{"properties":{"video":{"type":"video"},"image":{"type":"image"},"text":{"type":"text"},"title":{"type":"string"},"number":{"type":"integer"}}},"unique_key":null,"metadata":{},"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_dxcfs4xsg4ixwlps","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_hxkfb56uvlbfmdkb","at":"2026-11-30T00:16:43.552914Z"}}', 4, 'org_atx5qi39vqbyfz36'),
    ('org_50l5yrkkz8u0locb', 1, 'organization.created.v1', '{"type":"organization.created.v1","internal_id":"int_ce5ug21iq9iui9ya","name":"org-c953c38a","tier":"enterprise","quota_bytes":1000000000,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":null,"bucket_id":null,"actor_id":"system:operator","command_id":"cmd_oj87p1sfklmwfr41","at":"2026-11-30T00:16:43.603383Z"}}', 5, 'org_50l5yrkkz8u0locb'),
    ('key_x7mosf2oojt640z8', 1, 'api_key.created.v1', '{"type":"api_key.created.v1","key_id":"key_x7mosf2oojt640z8","user_id":"usr_test","name":"test","description":"","key_hash":"5275052f27c00b71b1bb2403755a27ebf027f599ae974e1735dcae3df7a9777b","prefix":"sk_CPIKzpS","permissions":["read","write","delete","admin"],"scopes":[],"rate_limit_override":null,"expires_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":null,"bucket_id":null,"actor_id":"system:test","command_id":"cmd_zxxdijktzsem7y4g","at":"2026-11-30T00:16:43.619604Z"}}', 6, 'org_50l5yrkkz8u0locb'),
    ('ns_kebm04hs2j89xapd', 1, 'namespace.created.v1', '{"type":"namespace.created.v1","namespace_id":"ns_kebm04hs2j89xapd","name":"test","description":null,"settings":{},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":null,"actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_jts4ix51di790462","at":"2026-11-30T00:16:43.621655Z"}}', 7, 'org_50l5yrkkz8u0locb'),
    ('bkt_ej8m5l8lfqkm8mkh', 1, 'bucket.created.v1', '{"type":"bucket.created.v1","bucket_id":"bkt_ej8m5l8lfqkm8mkh","name":"files","description":null,"bucket_schema":{"properties":{"video":{"type":"video"},"image":{"type":"image"},"text":{"type":"text"},"title":{"type":"string"},"number":{"type":"integer"}}},"unique_key":null,"metadata":{},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_1m1o8dpswv4o0lg2","at":"2026-11-30T00:16:43.622997Z"}}', 8, 'org_50l5yrkkz8u0locb'),
    ('ns_4qp85f1ue1bydwvm', 1, 'namespace.created.v1', '{"type":"namespace.created.v1","namespace_id":"ns_4qp85f1ue1bydwvm","name":"drafts","description":null,"settings":{"namespace_type":"standard","feature_extractors":[],"payload_indexes":null,"auto_create_indexes":false,"infrastructure":null},"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_4qp85f1ue1bydwvm","bucket_id":null,"actor_id":"key_ykkgcx832esychnv","command_id":"cmd_hcpt1wsdx8kcpycn","at":"2026-11-30T00:16:43.658072Z"}}', 9, 'org_atx5qi39vqbyfz36'),
    ('ns_4qp85f1ue1bydwvm', 2, 'namespace.updated.v1', '{"type":"namespace.updated.v1","namespace_id":"ns_4qp85f1ue1bydwvm","name":"sketches","description":null,"settings":{"namespace_type":"standard","feature_extractors":[],"payload_indexes":null,"auto_create_indexes":false,"infrastructure":null},"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_4qp85f1ue1bydwvm","bucket_id":null,"actor_id":"key_ykkgcx832esychnv","command_id":"cmd_aamkvgkfw1anmer2","at":"2026-11-30T00:16:43.736183Z"}}', 10, 'org_atx5qi39vqbyfz36'),
    ('ns_4qp85f1ue1bydwvm', 3, 'namespace.updated.v1', '{"type":"namespace.updated.v1","namespace_id":"ns_4qp85f1ue1bydwvm","name":"sketches","description":"What is not ready yet.","settings":{"namespace_type":"standard","feature_extractors":[],"payload_indexes":null,"auto_create_indexes":false,"infrastructure":null},"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_4qp85f1ue1bydwvm","bucket_id":null,"actor_id":"key_ykkgcx832esychnv","command_id":"cmd_ooqeyiqfe7ttpc26","at":"2026-11-30T00:16:43.754874Z"}}', 11, 'org_atx5qi39vqbyfz36'),
    ('ns_4qp85f1ue1bydwvm', 4, 'namespace.deletion_began.v1', '{"type":"namespace.deletion_began.v1","namespace_id":"ns_4qp85f1ue1bydwvm","task_id":"task_21hit0fvdgnmo529","origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_4qp85f1ue1bydwvm","bucket_id":null,"actor_id":"key_ykkgcx832esychnv","command_id":"cmd_ql4slkdw10rjneku","at":"2026-11-30T00:16:43.768417Z"}}', 12, 'org_atx5qi39vqbyfz36'),
    ('bkt_x0cdrw4u81crkr1i', 1, 'bucket.created.v1', '{"type":"bucket.created.v1","bucket_id":"bkt_x0cdrw4u81crkr1i","name":"reports","description":null,"bucket_schema":{"properties":{"report":{"type":"pdf"}}},"unique_key":null,"metadata":{},"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_x0cdrw4u81crkr1i","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_exjpvg2qy3pdca92","at":"2026-11-30T00:16:43.927344Z"}}', 13, 'org_atx5qi39vqbyfz36'),
    ('bkt_x0cdrw4u81crkr1i', 2, 'bucket.updated.v1', '{"type":"bucket.updated.v1","bucket_id":"bkt_x0cdrw4u81crkr1i","name":"reports","description":"By the month","metadata":{},"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_x0cdrw4u81crkr1i","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_64ib9urwc1nptbc5","at":"2026-11-30T00:16:43.964581Z"}}', 14, 'org_atx5qi39vqbyfz36'),
    ('bkt_x0cdrw4u81crkr1i', 3, 'bucket.updated.v1', '{"type":"bucket.updated.v1","bucket_id":"bkt_x0cdrw4u81crkr1i","name":"monthly-reports","description":"By the month","metadata":{"team":"tides"},"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_x0cdrw4u81crkr1i","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_az94g7cvgk5tolzq","at":"2026-11-30T00:16:43.978598Z"}}', 15, 'org_atx5qi39vqbyfz36'),
    ('bkt_x0cdrw4u81crkr1i', 4, 'bucket.deletion_began.v1', '{"type":"bucket.deletion_began.v1","bucket_id":"bkt_x0cdrw4u81crkr1i","task_id":"task_v8akie5s3ao3ckhu","origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_x0cdrw4u81crkr1i","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_668jjzv3o1b9rcq1","at":"2026-11-30T00:16:43.992109Z"}}', 16, 'org_atx5qi39vqbyfz36'),
    ('upl_u9tvara3gtax15xb', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_u9tvara3gtax15xb","request":{"filename":"tide.txt","content_type":"text/plain","storage_key":"int_tra0iewpozwtvhy6/ns_bvx40wdh2ahkmevc/api_buckets_uploads_create/upl_u9tvara3gtax15xb/tide.txt","declared_size_bytes":null,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:44Z","due_at":"2026-11-30T01:31:44Z","metadata":{},"create_object":true,"object_metadata":null,"blob_property":"text","blob_type":"TEXT","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":0,"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_dxcfs4xsg4ixwlps","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_aeh3s9tgtmutepfa","at":"2026-11-30T00:16:44.007704Z"}}', 17, 'org_atx5qi39vqbyfz36'),
    ('upl_u9tvara3gtax15xb', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_u9tvara3gtax15xb","task_id":"task_3z2jd3repvw0whwm","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_dxcfs4xsg4ixwlps","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_bdv0pwtpqeg9s7hi","at":"2026-11-30T00:16:44.337851Z"}}', 18, 'org_atx5qi39vqbyfz36'),
    ('upl_u9tvara3gtax15xb', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_u9tvara3gtax15xb","content":{"size_bytes":19,"etag":"584b7aefb7f6123a1b4af726eafd7256","sha256":"c0ff147431c78fc1ea648377fe65060361d3c2c8fa3c422212df2641b07300e0","content_type":"text/plain","version_id":"671355833a157e7ed0bdf4f4fc47c109","note":null},"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_dxcfs4xsg4ixwlps","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_2c6sgpqd0l88jy0o","at":"2026-11-30T00:16:44.354387Z"}}', 19, 'org_atx5qi39vqbyfz36'),
    ('upl_u9tvara3gtax15xb', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_u9tvara3gtax15xb","object_id":"obj_fntnexw0h28ouj7r","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":0,"accepted_bytes":19,"due_at":"2026-11-30T01:31:44Z","forget_at":null,"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_dxcfs4xsg4ixwlps","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_2c6sgpqd0l88jy0o","at":"2026-11-30T00:16:44.354387Z"}}', 20, 'org_atx5qi39vqbyfz36'),
    ('obj_fntnexw0h28ouj7r', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_fntnexw0h28ouj7r","blobs":[{"blob_id":"blob_vfz36eq53cwzudvv","property":"text","type":"text","upload_id":"upl_u9tvara3gtax15xb","filename":"tide.txt","storage_key":"int_tra0iewpozwtvhy6/ns_bvx40wdh2ahkmevc/api_buckets_uploads_create/upl_u9tvara3gtax15xb/tide.txt","version_id":"671355833a157e7ed0bdf4f4fc47c109","etag":"584b7aefb7f6123a1b4af726eafd7256","size_bytes":19,"content_type":"text/plain","sha256":"c0ff147431c78fc1ea648377fe65060361d3c2c8fa3c422212df2641b07300e0"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_dxcfs4xsg4ixwlps","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_2c6sgpqd0l88jy0o","at":"2026-11-30T00:16:44.354387Z"}}', 21, 'org_atx5qi39vqbyfz36'),
    ('upl_5heggnbi68352ms7', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_5heggnbi68352ms7","request":{"filename":"tides.txt","content_type":"text/plain","storage_key":"int_tra0iewpozwtvhy6/ns_bvx40wdh2ahkmevc/api_buckets_uploads_create/upl_5heggnbi68352ms7/tides.txt","declared_size_bytes":null,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:44Z","due_at":"2026-11-30T01:31:44Z","metadata":{},"create_object":true,"object_metadata":null,"blob_property":"text","blob_type":"TEXT","skip_duplicates":true,"unique_key":null,"policy":"insert","part_size":16777216},"reserved_bytes":0,"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_dxcfs4xsg4ixwlps","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_axpnbmnyyhb6yuf1","at":"2026-11-30T00:16:44.479018Z"}}', 22, 'org_atx5qi39vqbyfz36'),
    ('upl_5heggnbi68352ms7', 2, 'upload.started.v1', '{"type":"upload.started.v1","upload_id":"upl_5heggnbi68352ms7","multipart_id":"f81352704e666e2a0b8893698fd2cbbb31480359_192d2de4eb1949b7a4fc6875254383bc","origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_dxcfs4xsg4ixwlps","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_e5eklveduplthwqr","at":"2026-11-30T00:16:44.617521Z"}}', 23, 'org_atx5qi39vqbyfz36'),
    ('upl_5heggnbi68352ms7', 3, 'upload.url_reissued.v1', '{"type":"upload.url_reissued.v1","upload_id":"upl_5heggnbi68352ms7","expires_at":"2026-11-30T01:16:44.709911Z","due_at":"2026-11-30T01:31:44.709911Z","origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_dxcfs4xsg4ixwlps","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_icd22n0oud9zlgpj","at":"2026-11-30T00:16:44.709911Z"}}', 24, 'org_atx5qi39vqbyfz36'),
    ('upl_5heggnbi68352ms7', 4, 'upload.url_reissued.v1', '{"type":"upload.url_reissued.v1","upload_id":"upl_5heggnbi68352ms7","expires_at":"2026-11-30T01:16:44.722338Z","due_at":"2026-11-30T01:31:44.722338Z","origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_dxcfs4xsg4ixwlps","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_01witv3nmc2rt612","at":"2026-11-30T00:16:44.722338Z"}}', 25, 'org_atx5qi39vqbyfz36'),
    ('etk_1kta3oqme1q0n5jc', 1, 'event_token.issued.v1', '{"type":"event_token.issued.v1","token_id":"etk_1kta3oqme1q0n5jc","key_id":"key_ykkgcx832esychnv","namespace_id":"ns_bvx40wdh2ahkmevc","expires_at":"2026-11-30T00:31:44.783091Z","origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":null,"actor_id":"key_ykkgcx832esychnv","command_id":"cmd_tog905crbo5oienh","at":"2026-11-30T00:16:44.783091Z"}}', 26, 'org_atx5qi39vqbyfz36'),
    ('upl_5heggnbi68352ms7', 5, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_5heggnbi68352ms7","task_id":"task_vi88m801e5m45d3d","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_dxcfs4xsg4ixwlps","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_bvh27cghdcf0hz0y","at":"2026-11-30T00:16:44.813991Z"}}', 27, 'org_atx5qi39vqbyfz36'),
    ('upl_5heggnbi68352ms7', 6, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_5heggnbi68352ms7","content":{"size_bytes":19,"etag":"d95140ecab6b512fa879bb1ce0ab6378-1","sha256":"c0ff147431c78fc1ea648377fe65060361d3c2c8fa3c422212df2641b07300e0","content_type":"text/plain","version_id":"671355831a4e93470f105a88691394f2","note":null},"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_dxcfs4xsg4ixwlps","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_qdg83y059d8hnbk5","at":"2026-11-30T00:16:44.830204Z"}}', 28, 'org_atx5qi39vqbyfz36'),
    ('upl_5heggnbi68352ms7', 7, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_5heggnbi68352ms7","object_id":"obj_fntnexw0h28ouj7r","duplicate_of":"upl_u9tvara3gtax15xb","existing_object_id":null,"keeps_bytes":false,"released_bytes":0,"accepted_bytes":0,"due_at":"2026-11-30T01:31:44.722338Z","forget_at":null,"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_dxcfs4xsg4ixwlps","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_qdg83y059d8hnbk5","at":"2026-11-30T00:16:44.830204Z"}}', 29, 'org_atx5qi39vqbyfz36'),
    ('obj_iuq1nms4snpd1hf5', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_iuq1nms4snpd1hf5","blobs":[],"metadata":{"title":"Neap tide"},"unique_key":null,"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_dxcfs4xsg4ixwlps","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_sj5p41ncevuu9n70","at":"2026-11-30T00:16:45.005150Z"}}', 31, 'org_atx5qi39vqbyfz36'),
    ('obj_fzr3eminexqjxnbm', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_fzr3eminexqjxnbm","blobs":[],"metadata":{"title":"Spring tide"},"unique_key":null,"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_dxcfs4xsg4ixwlps","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_dc6d69tyf4ovlnyc","at":"2026-11-30T00:16:45.009885Z"}}', 32, 'org_atx5qi39vqbyfz36'),
    ('obj_9t3epxw8pfa20ryf', 4, 'object.deleted.v1', '{"type":"object.deleted.v1","object_id":"obj_9t3epxw8pfa20ryf","forgotten_upload_ids":[],"released_upload_ids":[],"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_dxcfs4xsg4ixwlps","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_edbnp4scoypbdjgm","at":"2026-11-30T00:16:45.069067Z"}}', 35, 'org_atx5qi39vqbyfz36'),
    ('obj_9t3epxw8pfa20ryf', 1, 'object.created.v1', '{"type": "object.created.v1", "blobs": [{"etag": null, "type": "text", "sha256": null, "blob_id": "blob_xgty2lgx5icgqkq0", "filename": null, "property": "text", "upload_id": null, "size_bytes": null, "version_id": null, "storage_key": null, "content_type": null}], "origin": {"at": "2026-11-30T00:16:44.857169Z", "actor_id": "key_ykkgcx832esychnv", "bucket_id": "bkt_dxcfs4xsg4ixwlps", "command_id": "cmd_murxt5cnpd250o8e", "namespace_id": "ns_bvx40wdh2ahkmevc", "organization_id": "org_atx5qi39vqbyfz36"}, "metadata": null, "object_id": "obj_9t3epxw8pfa20ryf", "unique_key": null}', 30, 'org_atx5qi39vqbyfz36'),
    ('obj_9t3epxw8pfa20ryf', 2, 'object.updated.v1', '{"type": "object.updated.v1", "blobs": [{"etag": null, "type": "text", "sha256": null, "blob_id": "blob_xgty2lgx5icgqkq0", "filename": null, "property": "text", "upload_id": null, "size_bytes": null, "version_id": null, "storage_key": null, "content_type": null}], "origin": {"at": "2026-11-30T00:16:45.036505Z", "actor_id": "key_ykkgcx832esychnv", "bucket_id": "bkt_dxcfs4xsg4ixwlps", "command_id": "cmd_qvtthl1b8ym00gff", "namespace_id": "ns_bvx40wdh2ahkmevc", "organization_id": "org_atx5qi39vqbyfz36"}, "metadata": null, "forget_at": "2026-12-30T00:16:45.036505Z", "object_id": "obj_9t3epxw8pfa20ryf", "released_upload_ids": []}', 33, 'org_atx5qi39vqbyfz36'),
    ('obj_9t3epxw8pfa20ryf', 3, 'object.updated.v1', '{"type": "object.updated.v1", "blobs": [{"etag": null, "type": "text", "sha256": null, "blob_id": "blob_xgty2lgx5icgqkq0", "filename": null, "property": "text", "upload_id": null, "size_bytes": null, "version_id": null, "storage_key": null, "content_type": null}], "origin": {"at": "2026-11-30T00:16:45.054043Z", "actor_id": "key_ykkgcx832esychnv", "bucket_id": "bkt_dxcfs4xsg4ixwlps", "command_id": "cmd_ads6g0y2qteaaigq", "namespace_id": "ns_bvx40wdh2ahkmevc", "organization_id": "org_atx5qi39vqbyfz36"}, "metadata": null, "forget_at": "2026-12-30T00:16:45.054043Z", "object_id": "obj_9t3epxw8pfa20ryf", "released_upload_ids": []}', 34, 'org_atx5qi39vqbyfz36'),
    ('upl_tcfi76di7xe40kld', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_tcfi76di7xe40kld","request":{"filename":"ebb.txt","content_type":"text/plain","storage_key":"int_tra0iewpozwtvhy6/ns_bvx40wdh2ahkmevc/api_buckets_uploads_create/upl_tcfi76di7xe40kld/ebb.txt","declared_size_bytes":null,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:45Z","due_at":"2026-11-30T01:31:45Z","metadata":{"season":"winter"},"create_object":true,"object_metadata":null,"blob_property":"text","blob_type":"TEXT","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":0,"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_dxcfs4xsg4ixwlps","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_s17r4t71rehgc0s2","at":"2026-11-30T00:16:45.098429Z"}}', 36, 'org_atx5qi39vqbyfz36'),
    ('upl_lpdiiqml5nxap7yv', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_lpdiiqml5nxap7yv","request":{"filename":"spring.txt","content_type":"text/plain","storage_key":"int_tra0iewpozwtvhy6/ns_bvx40wdh2ahkmevc/api_buckets_uploads_create/upl_lpdiiqml5nxap7yv/spring.txt","declared_size_bytes":null,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:45Z","due_at":"2026-11-30T01:31:45Z","metadata":{},"create_object":true,"object_metadata":null,"blob_property":"text","blob_type":"TEXT","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":0,"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_dxcfs4xsg4ixwlps","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_mdaybul62g3u7ce6","at":"2026-11-30T00:16:45.277618Z"}}', 37, 'org_atx5qi39vqbyfz36'),
    ('upl_lpdiiqml5nxap7yv', 2, 'upload.canceled.v1', '{"type":"upload.canceled.v1","upload_id":"upl_lpdiiqml5nxap7yv","keeps_bytes":false,"kept_bytes":0,"released_bytes":0,"due_at":"2026-11-30T01:31:45Z","forget_at":"2026-12-30T00:16:45.397848Z","origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_dxcfs4xsg4ixwlps","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_9wtrhmwyw9cwr85z","at":"2026-11-30T00:16:45.397848Z"}}', 38, 'org_atx5qi39vqbyfz36'),
    ('key_b4bw4b3lrpmqwh5u', 1, 'api_key.created.v1', '{"type":"api_key.created.v1","key_id":"key_b4bw4b3lrpmqwh5u","user_id":"usr_1cecacdc5ec223bd","name":"scanner","description":"","key_hash":"824d142fe203d2abcc3ca9fd8587742a37cf7846ac6064490afc546fc4b3b12b","prefix":"sk_N7ztU8t","permissions":["read","write"],"scopes":[],"rate_limit_override":null,"expires_at":null,"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":null,"bucket_id":null,"actor_id":"key_ykkgcx832esychnv","command_id":"cmd_vnb7av6ssv7flbr7","at":"2026-11-30T00:16:45.440588Z"}}', 39, 'org_atx5qi39vqbyfz36'),
    ('audit_8yeun2px55hd3muq', 1, 'audit.api_keys_listed.v1', '{"type":"audit.api_keys_listed.v1","user_id":"usr_1cecacdc5ec223bd","origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":null,"bucket_id":null,"actor_id":"key_ykkgcx832esychnv","command_id":"cmd_ivfv0cikzzyel860","at":"2026-11-30T00:16:45.456426Z"}}', 40, 'org_atx5qi39vqbyfz36'),
    ('key_b4bw4b3lrpmqwh5u', 2, 'api_key.settings_changed.v1', '{"type":"api_key.settings_changed.v1","key_id":"key_b4bw4b3lrpmqwh5u","name":"scanner","description":"The scanner on the first floor.","rate_limit_override":null,"expires_at":null,"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":null,"bucket_id":null,"actor_id":"key_ykkgcx832esychnv","command_id":"cmd_bva1c4th6xwqr2yz","at":"2026-11-30T00:16:45.469917Z"}}', 41, 'org_atx5qi39vqbyfz36'),
    ('key_b4bw4b3lrpmqwh5u', 3, 'api_key.rotated.v1', '{"type":"api_key.rotated.v1","key_id":"key_b4bw4b3lrpmqwh5u","key_hash":"af4b8fc9705ae9b6ebb1ef9b3f2f57d77f1c95ab558e72cac80fbf894e96ecb2","prefix":"sk_iELYN7V","previous_until":"2026-11-30T01:16:45.489646Z","origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":null,"bucket_id":null,"actor_id":"key_ykkgcx832esychnv","command_id":"cmd_a7ayn3q5f3xahj8l","at":"2026-11-30T00:16:45.489646Z"}}', 42, 'org_atx5qi39vqbyfz36'),
    ('ns_4qp85f1ue1bydwvm', 5, 'namespace.deleted.v1', '{"type":"namespace.deleted.v1","namespace_id":"ns_4qp85f1ue1bydwvm","origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_4qp85f1ue1bydwvm","bucket_id":null,"actor_id":"key_ykkgcx832esychnv","command_id":"cmd_j5gw8xzekb2czg5n","at":"2026-11-30T00:16:45.519042Z"}}', 43, 'org_atx5qi39vqbyfz36'),
    ('org_atx5qi39vqbyfz36', 2, 'organization.profile_changed.v1', '{"type":"organization.profile_changed.v1","name":"org-c40734ca","logo_url":null,"billing_email":null,"metadata":{"plan":"yearly"},"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":null,"bucket_id":null,"actor_id":"key_ykkgcx832esychnv","command_id":"cmd_sonjzmbgw83p3u4y","at":"2026-11-30T00:16:45.536195Z"}}', 44, 'org_atx5qi39vqbyfz36'),
    ('bkt_x0cdrw4u81crkr1i', 5, 'bucket.deleted.v1', '{"type":"bucket.deleted.v1","bucket_id":"bkt_x0cdrw4u81crkr1i","origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_x0cdrw4u81crkr1i","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_ignnei1c0x8eibxv","at":"2026-11-30T00:16:45.519984Z"}}', 45, 'org_atx5qi39vqbyfz36'),
    ('wh_633e7e107cf8360b', 1, 'webhook.created.v1', '{"type":"webhook.created.v1","webhook_id":"wh_633e7e107cf8360b","settings":{"name":"warehouse","url":"https://hooks.example.invalid/upwell","event_types":["upload.completed","object.created"],"header_names":[],"timeout_seconds":1.0,"is_active":true},"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":null,"bucket_id":null,"actor_id":"key_ykkgcx832esychnv","command_id":"cmd_uxb4e5eg941nt4qy","at":"2026-11-30T00:16:45.661803Z"}}', 46, 'org_atx5qi39vqbyfz36'),
    ('wh_633e7e107cf8360b', 2, 'webhook.updated.v1', '{"type":"webhook.updated.v1","webhook_id":"wh_633e7e107cf8360b","settings":{"name":"warehouse","url":"https://hooks.example.invalid/upwell","event_types":["upload.*"],"header_names":[],"timeout_seconds":1.0,"is_active":true},"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":null,"bucket_id":null,"actor_id":"key_ykkgcx832esychnv","command_id":"cmd_877d4fvrmwhcung8","at":"2026-11-30T00:16:45.829273Z"}}', 47, 'org_atx5qi39vqbyfz36'),
    ('wh_633e7e107cf8360b', 3, 'webhook.secret_rotated.v1', '{"type":"webhook.secret_rotated.v1","webhook_id":"wh_633e7e107cf8360b","origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":null,"bucket_id":null,"actor_id":"key_ykkgcx832esychnv","command_id":"cmd_5iman6qae0qrowfi","at":"2026-11-30T00:16:45.861397Z"}}', 48, 'org_atx5qi39vqbyfz36'),
    ('wh_633e7e107cf8360b', 4, 'webhook.deleted.v1', '{"type":"webhook.deleted.v1","webhook_id":"wh_633e7e107cf8360b","origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":null,"bucket_id":null,"actor_id":"key_ykkgcx832esychnv","command_id":"cmd_ih8c2zjoqxif92pk","at":"2026-11-30T00:16:45.972178Z"}}', 49, 'org_atx5qi39vqbyfz36'),
    ('utk_rlic7g1jsbez4zvu', 1, 'upload.token_issued.v1', '{"type":"upload.token_issued.v1","token_id":"utk_rlic7g1jsbez4zvu","key_id":"key_ykkgcx832esychnv","content_types":["image/*"],"max_size_bytes":null,"max_count":3,"expires_at":"2026-11-30T00:31:46.002455Z","token_hash":"1576b60767f4b828ca7bc55a8ccb1cb4d6e4028407e6f9734a29c942c2090c09","upload_lifetime_seconds":86400,"origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":"ns_bvx40wdh2ahkmevc","bucket_id":"bkt_dxcfs4xsg4ixwlps","actor_id":"key_ykkgcx832esychnv","command_id":"cmd_1284jxg5qgwmutb6","at":"2026-11-30T00:16:46.002455Z"}}', 50, 'org_atx5qi39vqbyfz36');
INSERT INTO upwell.upwell_events VALUES
    ('key_b4bw4b3lrpmqwh5u', 4, 'api_key.revoked.v1', '{"type":"api_key.revoked.v1","key_id":"key_b4bw4b3lrpmqwh5u","origin":{"organization_id":"org_atx5qi39vqbyfz36","namespace_id":null,"bucket_id":null,"actor_id":"key_ykkgcx832esychnv","command_id":"cmd_cl59vwnd0tyj2oem","at":"2026-11-30T00:16:46.027561Z"}}', 51, 'org_atx5qi39vqbyfz36'),
    ('wh_b9ea7e8faa5e474b', 1, 'webhook.created.v1', '{"type":"webhook.created.v1","webhook_id":"wh_b9ea7e8faa5e474b","settings":{"name":"unheard","url":"http://127.0.0.1:9/","event_types":["upload.completed","upload.failed","object.created"],"header_names":[],"timeout_seconds":0.5,"is_active":true},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":null,"bucket_id":null,"actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_g5jzf6g8xqkkzg7g","at":"2026-11-30T00:16:46.155240Z"}}', 52, 'org_50l5yrkkz8u0locb'),
    ('upl_4vruqw361bxa19sx', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_4vruqw361bxa19sx","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_4vruqw361bxa19sx/a.mp4","declared_size_bytes":1517,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:46Z","due_at":"2026-11-30T01:31:46Z","metadata":{"life":"409846142197ed538b443d59"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":1517,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_fsyni4u3tus1kwvc","at":"2026-11-30T00:16:46.516393Z"}}', 53, 'org_50l5yrkkz8u0locb'),
    ('upl_xur9f840pcvr5u44', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_xur9f840pcvr5u44","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_xur9f840pcvr5u44/a.mp4","declared_size_bytes":314,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:46Z","due_at":"2026-11-30T01:31:46Z","metadata":{"life":"dc8e4bfafcb6526be2ed84ea"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":314,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_jbb9s20j6abo20gw","at":"2026-11-30T00:16:46.543938Z"}}', 54, 'org_50l5yrkkz8u0locb'),
    ('upl_xur9f840pcvr5u44', 2, 'upload.canceled.v1', '{"type":"upload.canceled.v1","upload_id":"upl_xur9f840pcvr5u44","keeps_bytes":false,"kept_bytes":0,"released_bytes":314,"due_at":"2026-11-30T01:31:46Z","forget_at":"2026-12-30T00:16:46.559182Z","origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_rd6jaa0n8gtadl51","at":"2026-11-30T00:16:46.559182Z"}}', 55, 'org_50l5yrkkz8u0locb'),
    ('upl_4p6uy8gvo0ib4vc7', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_4p6uy8gvo0ib4vc7","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_4p6uy8gvo0ib4vc7/a.mp4","declared_size_bytes":804,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:46Z","due_at":"2026-11-30T01:31:46Z","metadata":{"life":"b9c0ca061f62252782adc5fb"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":804,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_2n3wzatl11x7j6tn","at":"2026-11-30T00:16:46.586334Z"}}', 56, 'org_50l5yrkkz8u0locb'),
    ('upl_4p6uy8gvo0ib4vc7', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_4p6uy8gvo0ib4vc7","task_id":"task_9yue6juxxekpmj84","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_cyz4yn2esgd3cyax","at":"2026-11-30T00:16:46.617738Z"}}', 57, 'org_50l5yrkkz8u0locb'),
    ('upl_4p6uy8gvo0ib4vc7', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_4p6uy8gvo0ib4vc7","content":{"size_bytes":804,"etag":"6fa834b9caa45954971d848e5888b1bb","sha256":"6cc8905d1675ef0cad4083cdc9a0d8b7bffdbd01d34b355fcc378997a24e787f","content_type":"video/mp4","version_id":"67135582b013a7ca0721a88b282fcb93","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_48s1d2ijjh89y67i","at":"2026-11-30T00:16:46.695465Z"}}', 58, 'org_50l5yrkkz8u0locb'),
    ('upl_4p6uy8gvo0ib4vc7', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_4p6uy8gvo0ib4vc7","object_id":"obj_5lmczhxgg1abumzb","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":804,"accepted_bytes":804,"due_at":"2026-11-30T01:31:46Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_48s1d2ijjh89y67i","at":"2026-11-30T00:16:46.695465Z"}}', 59, 'org_50l5yrkkz8u0locb'),
    ('obj_5lmczhxgg1abumzb', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_5lmczhxgg1abumzb","blobs":[{"blob_id":"blob_aoskykr4zl1hlm2v","property":"video","type":"video","upload_id":"upl_4p6uy8gvo0ib4vc7","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_4p6uy8gvo0ib4vc7/a.mp4","version_id":"67135582b013a7ca0721a88b282fcb93","etag":"6fa834b9caa45954971d848e5888b1bb","size_bytes":804,"content_type":"video/mp4","sha256":"6cc8905d1675ef0cad4083cdc9a0d8b7bffdbd01d34b355fcc378997a24e787f"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_48s1d2ijjh89y67i","at":"2026-11-30T00:16:46.695465Z"}}', 60, 'org_50l5yrkkz8u0locb'),
    ('upl_68xhwp8v8bbduqax', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_68xhwp8v8bbduqax","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_68xhwp8v8bbduqax/a.mp4","declared_size_bytes":948,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:46Z","due_at":"2026-11-30T01:31:46Z","metadata":{"life":"7cfed570541f452efc19866d"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":948,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_604051rvdcaq4mmf","at":"2026-11-30T00:16:46.724969Z"}}', 61, 'org_50l5yrkkz8u0locb'),
    ('upl_68xhwp8v8bbduqax', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_68xhwp8v8bbduqax","task_id":"task_plnatga93s6tdskb","seen_by":"confirm","inline":false,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_mvskjatyyzxw52e1","at":"2026-11-30T00:16:46.746031Z"}}', 62, 'org_50l5yrkkz8u0locb'),
    ('upl_68xhwp8v8bbduqax', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_68xhwp8v8bbduqax","content":{"size_bytes":948,"etag":"d637743ea94cb0d534d23a6426511a43","sha256":"2f6636955c6545c2a6bc4d09b245e848f5df7af13bad4d35547fb4bb5eeda9b9","content_type":"video/mp4","version_id":"67135582a7eb9387fce7a7a933123bfa","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"system:worker","command_id":"cmd_35iybiuytf7qzs3v","at":"2026-11-30T00:16:46.824013Z"}}', 63, 'org_50l5yrkkz8u0locb'),
    ('upl_68xhwp8v8bbduqax', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_68xhwp8v8bbduqax","object_id":"obj_c99eyppx6jbmiv8b","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":948,"accepted_bytes":948,"due_at":"2026-11-30T01:31:46Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"system:worker","command_id":"cmd_35iybiuytf7qzs3v","at":"2026-11-30T00:16:46.824013Z"}}', 64, 'org_50l5yrkkz8u0locb'),
    ('obj_c99eyppx6jbmiv8b', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_c99eyppx6jbmiv8b","blobs":[{"blob_id":"blob_mwyjdmpj49s0w2ib","property":"video","type":"video","upload_id":"upl_68xhwp8v8bbduqax","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_68xhwp8v8bbduqax/a.mp4","version_id":"67135582a7eb9387fce7a7a933123bfa","etag":"d637743ea94cb0d534d23a6426511a43","size_bytes":948,"content_type":"video/mp4","sha256":"2f6636955c6545c2a6bc4d09b245e848f5df7af13bad4d35547fb4bb5eeda9b9"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"system:worker","command_id":"cmd_35iybiuytf7qzs3v","at":"2026-11-30T00:16:46.824013Z"}}', 65, 'org_50l5yrkkz8u0locb'),
    ('upl_y1xc5015zirwy1dx', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_y1xc5015zirwy1dx","task_id":"task_9ctszdyidjwyy8t3","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_zukcadppzzzysjr8","at":"2026-11-30T00:16:47.409311Z"}}', 98, 'org_50l5yrkkz8u0locb'),
    ('upl_1ddc73utn3hofbpk', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_1ddc73utn3hofbpk","task_id":"task_9z21zsvp617ifnhd","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_ns7iifmgryqq1c51","at":"2026-11-30T00:16:47.418720Z"}}', 99, 'org_50l5yrkkz8u0locb'),
    ('upl_1t2yxil7u9b1rj70', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_1t2yxil7u9b1rj70","task_id":"task_c2nkfxrgntwocata","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_7u8kaoy15rqj07d7","at":"2026-11-30T00:16:47.429857Z"}}', 100, 'org_50l5yrkkz8u0locb'),
    ('upl_y1xc5015zirwy1dx', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_y1xc5015zirwy1dx","content":{"size_bytes":1725,"etag":"d1c8a5594c7f06a80627499a28b2e591","sha256":"296fdd95ed47d8f6fdae744561c292592efe432db8cae2f094441032f9230cad","content_type":"video/mp4","version_id":"671355828de0d40df94cba4551d97ac8","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_uped6uygzhzx45tb","at":"2026-11-30T00:16:47.443039Z"}}', 101, 'org_50l5yrkkz8u0locb'),
    ('upl_y1xc5015zirwy1dx', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_y1xc5015zirwy1dx","object_id":"obj_51yaw5v30k6zd2w7","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":1725,"accepted_bytes":1725,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_uped6uygzhzx45tb","at":"2026-11-30T00:16:47.443039Z"}}', 102, 'org_50l5yrkkz8u0locb'),
    ('obj_51yaw5v30k6zd2w7', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_51yaw5v30k6zd2w7","blobs":[{"blob_id":"blob_fjrq0c65zed5txiv","property":"video","type":"video","upload_id":"upl_y1xc5015zirwy1dx","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_y1xc5015zirwy1dx/a.mp4","version_id":"671355828de0d40df94cba4551d97ac8","etag":"d1c8a5594c7f06a80627499a28b2e591","size_bytes":1725,"content_type":"video/mp4","sha256":"296fdd95ed47d8f6fdae744561c292592efe432db8cae2f094441032f9230cad"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_uped6uygzhzx45tb","at":"2026-11-30T00:16:47.443039Z"}}', 103, 'org_50l5yrkkz8u0locb'),
    ('upl_1ddc73utn3hofbpk', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_1ddc73utn3hofbpk","content":{"size_bytes":1007,"etag":"e9ff67023457c15770221125c18e6bdc","sha256":"df5e292fa480a91fc42e323050f4c915a5571f048e62141fe3092e50ebf35cd1","content_type":"video/mp4","version_id":"671355828d3775eb511d59c9d588d7b0","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_r7wtyxb54goy8mby","at":"2026-11-30T00:16:47.481573Z"}}', 104, 'org_50l5yrkkz8u0locb'),
    ('upl_1ddc73utn3hofbpk', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_1ddc73utn3hofbpk","object_id":"obj_q2dnypcirycno1p5","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":1007,"accepted_bytes":1007,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_r7wtyxb54goy8mby","at":"2026-11-30T00:16:47.481573Z"}}', 105, 'org_50l5yrkkz8u0locb'),
    ('obj_q2dnypcirycno1p5', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_q2dnypcirycno1p5","blobs":[{"blob_id":"blob_7bz8bag5nutknkn1","property":"video","type":"video","upload_id":"upl_1ddc73utn3hofbpk","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_1ddc73utn3hofbpk/a.mp4","version_id":"671355828d3775eb511d59c9d588d7b0","etag":"e9ff67023457c15770221125c18e6bdc","size_bytes":1007,"content_type":"video/mp4","sha256":"df5e292fa480a91fc42e323050f4c915a5571f048e62141fe3092e50ebf35cd1"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_r7wtyxb54goy8mby","at":"2026-11-30T00:16:47.481573Z"}}', 106, 'org_50l5yrkkz8u0locb'),
    ('upl_14eno1jdpw3t9xe0', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_14eno1jdpw3t9xe0","task_id":"task_zebsrlus1jt013qn","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_g77v2rlo59z1pqvy","at":"2026-11-30T00:16:47.002753Z"}}', 67, 'org_50l5yrkkz8u0locb'),
    ('upl_14eno1jdpw3t9xe0', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_14eno1jdpw3t9xe0","content":{"size_bytes":1396,"etag":"5ff814a0c6553cfe15e7b03cdcf0d539","sha256":"5128ffe01d59e178e3991dcfa70193ddb2be3f6c127594fcb8a0aefb5b6ce3ac","content_type":"video/mp4","version_id":"6713558298da2a9556a9e84b7c09a725","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_5kn2v1lk4sdklfe0","at":"2026-11-30T00:16:47.018192Z"}}', 68, 'org_50l5yrkkz8u0locb'),
    ('upl_14eno1jdpw3t9xe0', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_14eno1jdpw3t9xe0","object_id":"obj_lfzptb21zc45940m","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":1396,"accepted_bytes":1396,"due_at":"2026-11-30T01:31:46Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_5kn2v1lk4sdklfe0","at":"2026-11-30T00:16:47.018192Z"}}', 69, 'org_50l5yrkkz8u0locb'),
    ('obj_lfzptb21zc45940m', 2, 'object.deleted.v1', '{"type":"object.deleted.v1","object_id":"obj_lfzptb21zc45940m","forgotten_upload_ids":["upl_14eno1jdpw3t9xe0"],"released_upload_ids":[],"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_ofurzya8d7siicg4","at":"2026-11-30T00:16:47.043035Z"}}', 71, 'org_50l5yrkkz8u0locb'),
    ('obj_lfzptb21zc45940m', 1, 'object.created.v1', '{"type": "object.created.v1", "blobs": [{"etag": "5ff814a0c6553cfe15e7b03cdcf0d539", "type": "video", "sha256": "5128ffe01d59e178e3991dcfa70193ddb2be3f6c127594fcb8a0aefb5b6ce3ac", "blob_id": "blob_1uqzhj32jnkzfk9o", "filename": null, "property": "video", "upload_id": "upl_14eno1jdpw3t9xe0", "size_bytes": 1396, "version_id": "6713558298da2a9556a9e84b7c09a725", "storage_key": null, "content_type": "video/mp4"}], "origin": {"at": "2026-11-30T00:16:47.018192Z", "actor_id": "key_x7mosf2oojt640z8", "bucket_id": "bkt_ej8m5l8lfqkm8mkh", "command_id": "cmd_5kn2v1lk4sdklfe0", "namespace_id": "ns_kebm04hs2j89xapd", "organization_id": "org_50l5yrkkz8u0locb"}, "metadata": null, "object_id": "obj_lfzptb21zc45940m", "unique_key": null}', 70, 'org_50l5yrkkz8u0locb'),
    ('upl_14eno1jdpw3t9xe0', 5, 'upload.forgotten.v1', '{"type":"upload.forgotten.v1","upload_id":"upl_14eno1jdpw3t9xe0","freed_bytes":1396,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_ofurzya8d7siicg4","at":"2026-11-30T00:16:47.043035Z"}}', 72, 'org_50l5yrkkz8u0locb'),
    ('upl_14eno1jdpw3t9xe0', 1, 'upload.requested.v1', '{"type": "upload.requested.v1", "origin": {"at": "2026-11-30T00:16:46.980615Z", "actor_id": "key_x7mosf2oojt640z8", "bucket_id": "bkt_ej8m5l8lfqkm8mkh", "command_id": "cmd_70a2fxsiynh86jqp", "namespace_id": "ns_kebm04hs2j89xapd", "organization_id": "org_50l5yrkkz8u0locb"}, "request": {"due_at": "2026-11-30T01:31:46Z", "policy": "insert", "filename": null, "metadata": null, "blob_type": "VIDEO", "expires_at": "2026-11-30T01:16:46Z", "unique_key": null, "storage_key": null, "content_type": "video/mp4", "blob_property": "video", "create_object": true, "declared_sha256": null, "object_metadata": null, "skip_duplicates": true, "declared_size_bytes": 1396, "url_expires_in_seconds": 3600}, "upload_id": "upl_14eno1jdpw3t9xe0", "reserved_bytes": 1396}', 66, 'org_50l5yrkkz8u0locb'),
    ('upl_pc0f7l21v2a1jf3q', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_pc0f7l21v2a1jf3q","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_pc0f7l21v2a1jf3q/a.mp4","declared_size_bytes":1002,"declared_sha256":"b1e9fa7c022824992ae15d9ebc4f4e75d51bff7dcbb80151dcc667e67950c2db","url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"3e800b2bbf2d1103d0cb4d2b"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":1002,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_n7mgsklqvb1osvz6","at":"2026-11-30T00:16:47.075933Z"}}', 73, 'org_50l5yrkkz8u0locb'),
    ('upl_pc0f7l21v2a1jf3q', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_pc0f7l21v2a1jf3q","task_id":"task_6w7tvo3xtnl2wo5b","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_6a5b42308xo1ruyx","at":"2026-11-30T00:16:47.112539Z"}}', 74, 'org_50l5yrkkz8u0locb'),
    ('upl_pc0f7l21v2a1jf3q', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_pc0f7l21v2a1jf3q","content":{"size_bytes":1002,"etag":"11454da7a237723b8cb5670595d137aa","sha256":"b1e9fa7c022824992ae15d9ebc4f4e75d51bff7dcbb80151dcc667e67950c2db","content_type":"video/mp4","version_id":"6713558292a7016a60c7ed0930ecbd13","note":"The bytes are application/x-coff-executable, but the upload says video/mp4."},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_3ykzgw61z2ih9rg1","at":"2026-11-30T00:16:47.133474Z"}}', 75, 'org_50l5yrkkz8u0locb'),
    ('upl_pc0f7l21v2a1jf3q', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_pc0f7l21v2a1jf3q","object_id":"obj_24cbdmpyh1c1y1ec","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":1002,"accepted_bytes":1002,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_3ykzgw61z2ih9rg1","at":"2026-11-30T00:16:47.133474Z"}}', 76, 'org_50l5yrkkz8u0locb'),
    ('upl_1t2yxil7u9b1rj70', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_1t2yxil7u9b1rj70","content":{"size_bytes":741,"etag":"61613467d6181720b95052c1d5a56091","sha256":"6802ac728663f6edb09b6e9f9289f1bc930196b49d60fee1f0678a73206072f3","content_type":"video/mp4","version_id":"671355828ce45a079eda85109e1a9482","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_tpzew2cfb1ihe0zd","at":"2026-11-30T00:16:47.497800Z"}}', 107, 'org_50l5yrkkz8u0locb'),
    ('obj_24cbdmpyh1c1y1ec', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_24cbdmpyh1c1y1ec","blobs":[{"blob_id":"blob_3lzfcee7wsgkjfis","property":"video","type":"video","upload_id":"upl_pc0f7l21v2a1jf3q","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_pc0f7l21v2a1jf3q/a.mp4","version_id":"6713558292a7016a60c7ed0930ecbd13","etag":"11454da7a237723b8cb5670595d137aa","size_bytes":1002,"content_type":"video/mp4","sha256":"b1e9fa7c022824992ae15d9ebc4f4e75d51bff7dcbb80151dcc667e67950c2db"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_3ykzgw61z2ih9rg1","at":"2026-11-30T00:16:47.133474Z"}}', 77, 'org_50l5yrkkz8u0locb'),
    ('upl_y1xc5015zirwy1dx', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_y1xc5015zirwy1dx","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_y1xc5015zirwy1dx/a.mp4","declared_size_bytes":1725,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"adef45457f6b3c9fcb632946/0"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":1725,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_l5nxfzg5p8bufhv3","at":"2026-11-30T00:16:47.154925Z"}}', 78, 'org_50l5yrkkz8u0locb'),
    ('upl_zpem0jd12gsq2sku', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_zpem0jd12gsq2sku","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_zpem0jd12gsq2sku/a.mp4","declared_size_bytes":213,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"adef45457f6b3c9fcb632946/1"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":213,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_l5nxfzg5p8bufhv3","at":"2026-11-30T00:16:47.154925Z"}}', 79, 'org_50l5yrkkz8u0locb'),
    ('upl_1ddc73utn3hofbpk', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_1ddc73utn3hofbpk","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_1ddc73utn3hofbpk/a.mp4","declared_size_bytes":1007,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"adef45457f6b3c9fcb632946/2"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":1007,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_l5nxfzg5p8bufhv3","at":"2026-11-30T00:16:47.154925Z"}}', 80, 'org_50l5yrkkz8u0locb'),
    ('upl_1t2yxil7u9b1rj70', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_1t2yxil7u9b1rj70","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_1t2yxil7u9b1rj70/a.mp4","declared_size_bytes":741,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"adef45457f6b3c9fcb632946/3"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":741,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_l5nxfzg5p8bufhv3","at":"2026-11-30T00:16:47.154925Z"}}', 81, 'org_50l5yrkkz8u0locb'),
    ('upl_86w277ofoy99eeca', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_86w277ofoy99eeca","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_86w277ofoy99eeca/a.mp4","declared_size_bytes":1279,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"adef45457f6b3c9fcb632946/4"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":1279,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_l5nxfzg5p8bufhv3","at":"2026-11-30T00:16:47.154925Z"}}', 82, 'org_50l5yrkkz8u0locb'),
    ('upl_0zabyykkragz4fw0', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_0zabyykkragz4fw0","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_0zabyykkragz4fw0/a.mp4","declared_size_bytes":348,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"adef45457f6b3c9fcb632946/5"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":348,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_l5nxfzg5p8bufhv3","at":"2026-11-30T00:16:47.154925Z"}}', 83, 'org_50l5yrkkz8u0locb'),
    ('upl_fgkv9zjnh8fft0j5', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_fgkv9zjnh8fft0j5","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_fgkv9zjnh8fft0j5/a.mp4","declared_size_bytes":1612,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"adef45457f6b3c9fcb632946/6"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":1612,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_l5nxfzg5p8bufhv3","at":"2026-11-30T00:16:47.154925Z"}}', 84, 'org_50l5yrkkz8u0locb'),
    ('upl_1t2yxil7u9b1rj70', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_1t2yxil7u9b1rj70","object_id":"obj_c60jdecd6prugham","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":741,"accepted_bytes":741,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_tpzew2cfb1ihe0zd","at":"2026-11-30T00:16:47.497800Z"}}', 108, 'org_50l5yrkkz8u0locb'),
    ('upl_qisdg9mdt12lqbq0', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_qisdg9mdt12lqbq0","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_qisdg9mdt12lqbq0/a.mp4","declared_size_bytes":669,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"adef45457f6b3c9fcb632946/7"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":669,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_l5nxfzg5p8bufhv3","at":"2026-11-30T00:16:47.154925Z"}}', 85, 'org_50l5yrkkz8u0locb'),
    ('upl_f3pnr50q6a6kucun', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_f3pnr50q6a6kucun","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_f3pnr50q6a6kucun/a.mp4","declared_size_bytes":1377,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"adef45457f6b3c9fcb632946/8"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":1377,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_l5nxfzg5p8bufhv3","at":"2026-11-30T00:16:47.154925Z"}}', 86, 'org_50l5yrkkz8u0locb'),
    ('upl_crtsv2vau3k5ecaq', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_crtsv2vau3k5ecaq","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_crtsv2vau3k5ecaq/a.mp4","declared_size_bytes":104,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"adef45457f6b3c9fcb632946/9"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":104,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_l5nxfzg5p8bufhv3","at":"2026-11-30T00:16:47.154925Z"}}', 87, 'org_50l5yrkkz8u0locb'),
    ('upl_wvjxr6qlekjzic7r', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_wvjxr6qlekjzic7r","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_wvjxr6qlekjzic7r/a.mp4","declared_size_bytes":538,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"adef45457f6b3c9fcb632946/10"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":538,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_l5nxfzg5p8bufhv3","at":"2026-11-30T00:16:47.154925Z"}}', 88, 'org_50l5yrkkz8u0locb'),
    ('upl_xfprmwixg7laym2a', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_xfprmwixg7laym2a","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_xfprmwixg7laym2a/a.mp4","declared_size_bytes":1539,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"adef45457f6b3c9fcb632946/11"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":1539,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_l5nxfzg5p8bufhv3","at":"2026-11-30T00:16:47.154925Z"}}', 89, 'org_50l5yrkkz8u0locb');
INSERT INTO upwell.upwell_events VALUES
    ('upl_fhmdviaomskjgflt', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_fhmdviaomskjgflt","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_fhmdviaomskjgflt/a.mp4","declared_size_bytes":293,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"adef45457f6b3c9fcb632946/12"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":293,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_l5nxfzg5p8bufhv3","at":"2026-11-30T00:16:47.154925Z"}}', 90, 'org_50l5yrkkz8u0locb'),
    ('upl_73jcvu8w5i1ac2rw', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_73jcvu8w5i1ac2rw","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_73jcvu8w5i1ac2rw/a.mp4","declared_size_bytes":83,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"adef45457f6b3c9fcb632946/13"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":83,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_l5nxfzg5p8bufhv3","at":"2026-11-30T00:16:47.154925Z"}}', 91, 'org_50l5yrkkz8u0locb'),
    ('upl_aoic0dbo8xgr9xvb', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_aoic0dbo8xgr9xvb","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_aoic0dbo8xgr9xvb/a.mp4","declared_size_bytes":1071,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"adef45457f6b3c9fcb632946/14"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":1071,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_l5nxfzg5p8bufhv3","at":"2026-11-30T00:16:47.154925Z"}}', 92, 'org_50l5yrkkz8u0locb'),
    ('upl_lr7psbm34p1jf7p7', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_lr7psbm34p1jf7p7","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_lr7psbm34p1jf7p7/a.mp4","declared_size_bytes":901,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"adef45457f6b3c9fcb632946/15"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":901,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_l5nxfzg5p8bufhv3","at":"2026-11-30T00:16:47.154925Z"}}', 93, 'org_50l5yrkkz8u0locb'),
    ('upl_oyspe8oep5b20rgv', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_oyspe8oep5b20rgv","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_oyspe8oep5b20rgv/a.mp4","declared_size_bytes":1108,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"adef45457f6b3c9fcb632946/16"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":1108,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_l5nxfzg5p8bufhv3","at":"2026-11-30T00:16:47.154925Z"}}', 94, 'org_50l5yrkkz8u0locb'),
    ('upl_3ka49g69394qy9p8', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_3ka49g69394qy9p8","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_3ka49g69394qy9p8/a.mp4","declared_size_bytes":833,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"adef45457f6b3c9fcb632946/17"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":833,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_l5nxfzg5p8bufhv3","at":"2026-11-30T00:16:47.154925Z"}}', 95, 'org_50l5yrkkz8u0locb'),
    ('upl_eqnm9psf5xt6r2s3', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_eqnm9psf5xt6r2s3","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_eqnm9psf5xt6r2s3/a.mp4","declared_size_bytes":1273,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"adef45457f6b3c9fcb632946/18"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":1273,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_l5nxfzg5p8bufhv3","at":"2026-11-30T00:16:47.154925Z"}}', 96, 'org_50l5yrkkz8u0locb'),
    ('upl_3buqognpba0tlrsy', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_3buqognpba0tlrsy","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_3buqognpba0tlrsy/a.mp4","declared_size_bytes":1467,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:47Z","due_at":"2026-11-30T01:31:47Z","metadata":{"life":"adef45457f6b3c9fcb632946/19"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":1467,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_l5nxfzg5p8bufhv3","at":"2026-11-30T00:16:47.154925Z"}}', 97, 'org_50l5yrkkz8u0locb'),
    ('obj_471azve5ctr3kc3m', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_471azve5ctr3kc3m","blobs":[],"metadata":{"title":"cc78a69b4ae388344eb9b592","number":1},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_y122p1qmabxy9u1x","at":"2026-11-30T00:16:48.223588Z"}}', 178, 'org_50l5yrkkz8u0locb'),
    ('obj_471azve5ctr3kc3m', 2, 'object.updated.v1', '{"type":"object.updated.v1","object_id":"obj_471azve5ctr3kc3m","blobs":[],"metadata":{"title":"cc78a69b4ae388344eb9b592","number":2},"released_upload_ids":[],"forget_at":"2026-12-30T00:16:48.267239Z","origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_h0lvf4vtbgl7q0s9","at":"2026-11-30T00:16:48.267239Z"}}', 179, 'org_50l5yrkkz8u0locb'),
    ('upl_g4r3ttmx3vuo3nt7', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_g4r3ttmx3vuo3nt7","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_g4r3ttmx3vuo3nt7/a.mp4","declared_size_bytes":1000,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:48Z","due_at":"2026-11-30T01:31:48Z","metadata":{"life":"98ed1555bb2cf968f23b128e"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":1000,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_8ihyf8pjzkeu7q4t","at":"2026-11-30T00:16:48.306834Z"}}', 180, 'org_50l5yrkkz8u0locb'),
    ('upl_g4r3ttmx3vuo3nt7', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_g4r3ttmx3vuo3nt7","task_id":"task_u35m64b2tevk00fm","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_wxlb87ywzczcll89","at":"2026-11-30T00:16:48.335072Z"}}', 181, 'org_50l5yrkkz8u0locb'),
    ('upl_g4r3ttmx3vuo3nt7', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_g4r3ttmx3vuo3nt7","content":{"size_bytes":1000,"etag":"ede3d3b685b4e137ba4cb2521329a75e","sha256":"541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53","content_type":"video/mp4","version_id":"6713558249419a37786ff48fef5e0630","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_b1wdd4nz5bnkmt4e","at":"2026-11-30T00:16:48.357397Z"}}', 182, 'org_50l5yrkkz8u0locb'),
    ('obj_c60jdecd6prugham', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_c60jdecd6prugham","blobs":[{"blob_id":"blob_pbiwuszvflz7mz0h","property":"video","type":"video","upload_id":"upl_1t2yxil7u9b1rj70","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_1t2yxil7u9b1rj70/a.mp4","version_id":"671355828ce45a079eda85109e1a9482","etag":"61613467d6181720b95052c1d5a56091","size_bytes":741,"content_type":"video/mp4","sha256":"6802ac728663f6edb09b6e9f9289f1bc930196b49d60fee1f0678a73206072f3"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_tpzew2cfb1ihe0zd","at":"2026-11-30T00:16:47.497800Z"}}', 109, 'org_50l5yrkkz8u0locb'),
    ('upl_zpem0jd12gsq2sku', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_zpem0jd12gsq2sku","task_id":"task_n68lh5o85c1vbatv","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_wlo8qw56mfqsnv9w","at":"2026-11-30T00:16:47.498078Z"}}', 110, 'org_50l5yrkkz8u0locb'),
    ('upl_zpem0jd12gsq2sku', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_zpem0jd12gsq2sku","content":{"size_bytes":213,"etag":"5269c94836241f9e97097b4baa6bd716","sha256":"0b85920858f16b95a3f2ddca9a477073a7c056980f015774378075af3bf8bb46","content_type":"video/mp4","version_id":"671355828d85c3dcb44d764c50c4755d","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_tyli9v3nbxr6ydl1","at":"2026-11-30T00:16:47.557489Z"}}', 111, 'org_50l5yrkkz8u0locb'),
    ('upl_zpem0jd12gsq2sku', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_zpem0jd12gsq2sku","object_id":"obj_1hs27acj3cnwm8kl","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":213,"accepted_bytes":213,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_tyli9v3nbxr6ydl1","at":"2026-11-30T00:16:47.557489Z"}}', 112, 'org_50l5yrkkz8u0locb'),
    ('obj_1hs27acj3cnwm8kl', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_1hs27acj3cnwm8kl","blobs":[{"blob_id":"blob_55ylq78umd5yz7qn","property":"video","type":"video","upload_id":"upl_zpem0jd12gsq2sku","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_zpem0jd12gsq2sku/a.mp4","version_id":"671355828d85c3dcb44d764c50c4755d","etag":"5269c94836241f9e97097b4baa6bd716","size_bytes":213,"content_type":"video/mp4","sha256":"0b85920858f16b95a3f2ddca9a477073a7c056980f015774378075af3bf8bb46"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_tyli9v3nbxr6ydl1","at":"2026-11-30T00:16:47.557489Z"}}', 113, 'org_50l5yrkkz8u0locb'),
    ('upl_86w277ofoy99eeca', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_86w277ofoy99eeca","task_id":"task_p1l9fqlqrdaocdgf","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_j2mkwqd5slcvekh3","at":"2026-11-30T00:16:47.604514Z"}}', 114, 'org_50l5yrkkz8u0locb'),
    ('upl_fgkv9zjnh8fft0j5', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_fgkv9zjnh8fft0j5","task_id":"task_43i49q4ftrc1fhrt","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_eisclcq7zc85ec81","at":"2026-11-30T00:16:47.615586Z"}}', 115, 'org_50l5yrkkz8u0locb'),
    ('upl_86w277ofoy99eeca', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_86w277ofoy99eeca","content":{"size_bytes":1279,"etag":"325590644d661ba8d42e375e1b4260fe","sha256":"10a90470cc6a29e21e799675316be3476a9b8b5dff0333add7e3e4b9c83a2255","content_type":"video/mp4","version_id":"671355828be8a3d7a59363da2d27b1fd","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_z1a7af9lxx7uc2ji","at":"2026-11-30T00:16:47.636977Z"}}', 116, 'org_50l5yrkkz8u0locb'),
    ('upl_86w277ofoy99eeca', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_86w277ofoy99eeca","object_id":"obj_3yjyajovhovwn0qt","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":1279,"accepted_bytes":1279,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_z1a7af9lxx7uc2ji","at":"2026-11-30T00:16:47.636977Z"}}', 117, 'org_50l5yrkkz8u0locb'),
    ('obj_3yjyajovhovwn0qt', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_3yjyajovhovwn0qt","blobs":[{"blob_id":"blob_r7dx4415j82c2nsd","property":"video","type":"video","upload_id":"upl_86w277ofoy99eeca","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_86w277ofoy99eeca/a.mp4","version_id":"671355828be8a3d7a59363da2d27b1fd","etag":"325590644d661ba8d42e375e1b4260fe","size_bytes":1279,"content_type":"video/mp4","sha256":"10a90470cc6a29e21e799675316be3476a9b8b5dff0333add7e3e4b9c83a2255"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_z1a7af9lxx7uc2ji","at":"2026-11-30T00:16:47.636977Z"}}', 118, 'org_50l5yrkkz8u0locb'),
    ('upl_0zabyykkragz4fw0', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_0zabyykkragz4fw0","task_id":"task_80rpwwo8gj784hvh","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_gzx9szuzhx92qiby","at":"2026-11-30T00:16:47.650526Z"}}', 119, 'org_50l5yrkkz8u0locb'),
    ('upl_fgkv9zjnh8fft0j5', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_fgkv9zjnh8fft0j5","content":{"size_bytes":1612,"etag":"d714c16a3a661527831238e469e9472a","sha256":"f28f160b7b06416b2f0bf9d80cfe6b1e1de7a3720c126194db86a8549a33f98f","content_type":"video/mp4","version_id":"671355828a01bf996b44b176d7ee9f2a","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_h5b7dfouqcyerm69","at":"2026-11-30T00:16:47.707071Z"}}', 120, 'org_50l5yrkkz8u0locb'),
    ('upl_fgkv9zjnh8fft0j5', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_fgkv9zjnh8fft0j5","object_id":"obj_ypww4faipu1djjp7","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":1612,"accepted_bytes":1612,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_h5b7dfouqcyerm69","at":"2026-11-30T00:16:47.707071Z"}}', 121, 'org_50l5yrkkz8u0locb'),
    ('obj_ypww4faipu1djjp7', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_ypww4faipu1djjp7","blobs":[{"blob_id":"blob_8o61w2cpwbkhczyl","property":"video","type":"video","upload_id":"upl_fgkv9zjnh8fft0j5","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_fgkv9zjnh8fft0j5/a.mp4","version_id":"671355828a01bf996b44b176d7ee9f2a","etag":"d714c16a3a661527831238e469e9472a","size_bytes":1612,"content_type":"video/mp4","sha256":"f28f160b7b06416b2f0bf9d80cfe6b1e1de7a3720c126194db86a8549a33f98f"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_h5b7dfouqcyerm69","at":"2026-11-30T00:16:47.707071Z"}}', 122, 'org_50l5yrkkz8u0locb'),
    ('upl_0zabyykkragz4fw0', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_0zabyykkragz4fw0","content":{"size_bytes":348,"etag":"857acc225c024a3c0c681c5955c86a69","sha256":"ec9324fc240f54309c8e81c2801b8b5af4bc3b55bf3ac0c9efc1c99270d7a60f","content_type":"video/mp4","version_id":"671355828a8fec0a0fc29ddb8aa3179b","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_79479tpy6tbfqzs7","at":"2026-11-30T00:16:47.731700Z"}}', 123, 'org_50l5yrkkz8u0locb'),
    ('upl_0zabyykkragz4fw0', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_0zabyykkragz4fw0","object_id":"obj_jjkcav0wqvbjju76","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":348,"accepted_bytes":348,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_79479tpy6tbfqzs7","at":"2026-11-30T00:16:47.731700Z"}}', 124, 'org_50l5yrkkz8u0locb'),
    ('obj_jjkcav0wqvbjju76', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_jjkcav0wqvbjju76","blobs":[{"blob_id":"blob_bp3yfw0mj12aposa","property":"video","type":"video","upload_id":"upl_0zabyykkragz4fw0","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_0zabyykkragz4fw0/a.mp4","version_id":"671355828a8fec0a0fc29ddb8aa3179b","etag":"857acc225c024a3c0c681c5955c86a69","size_bytes":348,"content_type":"video/mp4","sha256":"ec9324fc240f54309c8e81c2801b8b5af4bc3b55bf3ac0c9efc1c99270d7a60f"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_79479tpy6tbfqzs7","at":"2026-11-30T00:16:47.731700Z"}}', 125, 'org_50l5yrkkz8u0locb'),
    ('upl_qisdg9mdt12lqbq0', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_qisdg9mdt12lqbq0","task_id":"task_91jpqn97xj6q3dbc","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_pdistpfd3hy09joi","at":"2026-11-30T00:16:47.725605Z"}}', 126, 'org_50l5yrkkz8u0locb'),
    ('upl_qisdg9mdt12lqbq0', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_qisdg9mdt12lqbq0","content":{"size_bytes":669,"etag":"a5a8f8c0bc01f2040816171d846bbd75","sha256":"399ff32153c33b12279c20a990853d0b5a2f7c9b5b593d01dbbc0d07784e43fa","content_type":"video/mp4","version_id":"67135582895cd26230ac31b84f88ec23","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_07qa9w552zq8ssy3","at":"2026-11-30T00:16:47.744074Z"}}', 127, 'org_50l5yrkkz8u0locb'),
    ('upl_qisdg9mdt12lqbq0', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_qisdg9mdt12lqbq0","object_id":"obj_jyt4im6mv0t6oat9","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":669,"accepted_bytes":669,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_07qa9w552zq8ssy3","at":"2026-11-30T00:16:47.744074Z"}}', 128, 'org_50l5yrkkz8u0locb'),
    ('obj_jyt4im6mv0t6oat9', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_jyt4im6mv0t6oat9","blobs":[{"blob_id":"blob_p0i19xngjrr8ce5p","property":"video","type":"video","upload_id":"upl_qisdg9mdt12lqbq0","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_qisdg9mdt12lqbq0/a.mp4","version_id":"67135582895cd26230ac31b84f88ec23","etag":"a5a8f8c0bc01f2040816171d846bbd75","size_bytes":669,"content_type":"video/mp4","sha256":"399ff32153c33b12279c20a990853d0b5a2f7c9b5b593d01dbbc0d07784e43fa"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_07qa9w552zq8ssy3","at":"2026-11-30T00:16:47.744074Z"}}', 129, 'org_50l5yrkkz8u0locb'),
    ('upl_f3pnr50q6a6kucun', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_f3pnr50q6a6kucun","task_id":"task_orflecvl72ezb1zl","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_z6pqhb3gf5o11kqa","at":"2026-11-30T00:16:47.774062Z"}}', 130, 'org_50l5yrkkz8u0locb'),
    ('upl_f3pnr50q6a6kucun', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_f3pnr50q6a6kucun","content":{"size_bytes":1377,"etag":"7cbdcb1c2b7156c14f4cab774f0e6eaf","sha256":"06bd691db35a9bb54523b498a025263a7346674e89f6fd9edbc683a871ddf063","content_type":"video/mp4","version_id":"6713558288dfa15e69b57be66ce7e29e","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_qi02wf06q490oaxe","at":"2026-11-30T00:16:47.814602Z"}}', 131, 'org_50l5yrkkz8u0locb'),
    ('upl_f3pnr50q6a6kucun', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_f3pnr50q6a6kucun","object_id":"obj_4k3gk0shw5iy80jf","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":1377,"accepted_bytes":1377,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_qi02wf06q490oaxe","at":"2026-11-30T00:16:47.814602Z"}}', 132, 'org_50l5yrkkz8u0locb'),
    ('obj_4k3gk0shw5iy80jf', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_4k3gk0shw5iy80jf","blobs":[{"blob_id":"blob_yhkgmac6sqhglw3j","property":"video","type":"video","upload_id":"upl_f3pnr50q6a6kucun","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_f3pnr50q6a6kucun/a.mp4","version_id":"6713558288dfa15e69b57be66ce7e29e","etag":"7cbdcb1c2b7156c14f4cab774f0e6eaf","size_bytes":1377,"content_type":"video/mp4","sha256":"06bd691db35a9bb54523b498a025263a7346674e89f6fd9edbc683a871ddf063"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_qi02wf06q490oaxe","at":"2026-11-30T00:16:47.814602Z"}}', 133, 'org_50l5yrkkz8u0locb'),
    ('upl_crtsv2vau3k5ecaq', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_crtsv2vau3k5ecaq","task_id":"task_okmun27jsf5b10l3","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_1hdgjbquujw5z3os","at":"2026-11-30T00:16:47.804863Z"}}', 134, 'org_50l5yrkkz8u0locb'),
    ('upl_wvjxr6qlekjzic7r', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_wvjxr6qlekjzic7r","task_id":"task_3btlpyxhfz4uic3s","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_dll17hfz9e2xm96k","at":"2026-11-30T00:16:47.824717Z"}}', 135, 'org_50l5yrkkz8u0locb'),
    ('upl_crtsv2vau3k5ecaq', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_crtsv2vau3k5ecaq","content":{"size_bytes":104,"etag":"686992c19b665aa46dbb614d406129b3","sha256":"eccdaba9b9579a66204da33b60b97d4b5eee06ff5a35ca6c4c5481388e8c7228","content_type":"video/mp4","version_id":"671355828875048bbbbe559dec2c26f3","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_9dpq175g23f3jalz","at":"2026-11-30T00:16:47.837582Z"}}', 136, 'org_50l5yrkkz8u0locb'),
    ('upl_crtsv2vau3k5ecaq', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_crtsv2vau3k5ecaq","object_id":"obj_mo8m9l56cj1waim3","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":104,"accepted_bytes":104,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_9dpq175g23f3jalz","at":"2026-11-30T00:16:47.837582Z"}}', 137, 'org_50l5yrkkz8u0locb'),
    ('obj_mo8m9l56cj1waim3', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_mo8m9l56cj1waim3","blobs":[{"blob_id":"blob_okhesqjxwcm71vov","property":"video","type":"video","upload_id":"upl_crtsv2vau3k5ecaq","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_crtsv2vau3k5ecaq/a.mp4","version_id":"671355828875048bbbbe559dec2c26f3","etag":"686992c19b665aa46dbb614d406129b3","size_bytes":104,"content_type":"video/mp4","sha256":"eccdaba9b9579a66204da33b60b97d4b5eee06ff5a35ca6c4c5481388e8c7228"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_9dpq175g23f3jalz","at":"2026-11-30T00:16:47.837582Z"}}', 138, 'org_50l5yrkkz8u0locb'),
    ('upl_xfprmwixg7laym2a', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_xfprmwixg7laym2a","task_id":"task_fpns1nz742t3nnhn","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_jqihi99rtf34vnbp","at":"2026-11-30T00:16:47.843883Z"}}', 139, 'org_50l5yrkkz8u0locb'),
    ('upl_wvjxr6qlekjzic7r', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_wvjxr6qlekjzic7r","content":{"size_bytes":538,"etag":"37665a29f82d6d002d9b910d5bd0fa8d","sha256":"6e105d9786058dfdac071ce92b4091c5190a6b05413a9e2ce74fcecaabf92b02","content_type":"video/mp4","version_id":"6713558287b3fb3a51539519bea9ebcf","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_8lice1rhh2m4pwvg","at":"2026-11-30T00:16:47.869397Z"}}', 140, 'org_50l5yrkkz8u0locb'),
    ('upl_wvjxr6qlekjzic7r', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_wvjxr6qlekjzic7r","object_id":"obj_ot4ywutp2vhn86nf","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":538,"accepted_bytes":538,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_8lice1rhh2m4pwvg","at":"2026-11-30T00:16:47.869397Z"}}', 141, 'org_50l5yrkkz8u0locb'),
    ('obj_ot4ywutp2vhn86nf', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_ot4ywutp2vhn86nf","blobs":[{"blob_id":"blob_xqvs4o336jgl1kbl","property":"video","type":"video","upload_id":"upl_wvjxr6qlekjzic7r","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_wvjxr6qlekjzic7r/a.mp4","version_id":"6713558287b3fb3a51539519bea9ebcf","etag":"37665a29f82d6d002d9b910d5bd0fa8d","size_bytes":538,"content_type":"video/mp4","sha256":"6e105d9786058dfdac071ce92b4091c5190a6b05413a9e2ce74fcecaabf92b02"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_8lice1rhh2m4pwvg","at":"2026-11-30T00:16:47.869397Z"}}', 142, 'org_50l5yrkkz8u0locb'),
    ('upl_xfprmwixg7laym2a', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_xfprmwixg7laym2a","content":{"size_bytes":1539,"etag":"bbb03cba62b7c2719504d1950730d5cb","sha256":"2a71a539ae6b1bd1fe3d7e6821da8c934988a2e74a8018ec796347501190c0dc","content_type":"video/mp4","version_id":"671355828743fd259bc65eb8bf5e81c4","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_0lp5iyfwby923v5y","at":"2026-11-30T00:16:47.883963Z"}}', 143, 'org_50l5yrkkz8u0locb'),
    ('upl_xfprmwixg7laym2a', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_xfprmwixg7laym2a","object_id":"obj_mg4lxpz4mp9wxx2r","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":1539,"accepted_bytes":1539,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_0lp5iyfwby923v5y","at":"2026-11-30T00:16:47.883963Z"}}', 144, 'org_50l5yrkkz8u0locb'),
    ('obj_mg4lxpz4mp9wxx2r', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_mg4lxpz4mp9wxx2r","blobs":[{"blob_id":"blob_lyzko0utzfn9b8sg","property":"video","type":"video","upload_id":"upl_xfprmwixg7laym2a","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_xfprmwixg7laym2a/a.mp4","version_id":"671355828743fd259bc65eb8bf5e81c4","etag":"bbb03cba62b7c2719504d1950730d5cb","size_bytes":1539,"content_type":"video/mp4","sha256":"2a71a539ae6b1bd1fe3d7e6821da8c934988a2e74a8018ec796347501190c0dc"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_0lp5iyfwby923v5y","at":"2026-11-30T00:16:47.883963Z"}}', 145, 'org_50l5yrkkz8u0locb');
INSERT INTO upwell.upwell_events VALUES
    ('upl_fhmdviaomskjgflt', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_fhmdviaomskjgflt","task_id":"task_xe2cn3ml5o5pi1ah","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_efnl3g5b64oprc3b","at":"2026-11-30T00:16:47.898667Z"}}', 146, 'org_50l5yrkkz8u0locb'),
    ('upl_73jcvu8w5i1ac2rw', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_73jcvu8w5i1ac2rw","task_id":"task_cgvert1kdk968pmi","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_b5ofqycuoab8eymd","at":"2026-11-30T00:16:47.903160Z"}}', 147, 'org_50l5yrkkz8u0locb'),
    ('upl_fhmdviaomskjgflt', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_fhmdviaomskjgflt","content":{"size_bytes":293,"etag":"f99781d9ddcd03a3f224dccb15f0c72f","sha256":"8d053253f1e9fdc5de6cbfcbf351cc7b8433441b929ece8a48d0e8660ee9ab69","content_type":"video/mp4","version_id":"6713558286dd622eb54d1d913457a9e7","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_u03reml2xl1hr8mx","at":"2026-11-30T00:16:47.923378Z"}}', 148, 'org_50l5yrkkz8u0locb'),
    ('upl_fhmdviaomskjgflt', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_fhmdviaomskjgflt","object_id":"obj_xrfpd7d2mzfcjj47","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":293,"accepted_bytes":293,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_u03reml2xl1hr8mx","at":"2026-11-30T00:16:47.923378Z"}}', 149, 'org_50l5yrkkz8u0locb'),
    ('obj_xrfpd7d2mzfcjj47', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_xrfpd7d2mzfcjj47","blobs":[{"blob_id":"blob_sauqjui7cvkijmgt","property":"video","type":"video","upload_id":"upl_fhmdviaomskjgflt","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_fhmdviaomskjgflt/a.mp4","version_id":"6713558286dd622eb54d1d913457a9e7","etag":"f99781d9ddcd03a3f224dccb15f0c72f","size_bytes":293,"content_type":"video/mp4","sha256":"8d053253f1e9fdc5de6cbfcbf351cc7b8433441b929ece8a48d0e8660ee9ab69"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_u03reml2xl1hr8mx","at":"2026-11-30T00:16:47.923378Z"}}', 150, 'org_50l5yrkkz8u0locb'),
    ('upl_aoic0dbo8xgr9xvb', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_aoic0dbo8xgr9xvb","task_id":"task_tfg1ihaoku9jgmx4","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_csp4cn6owwi2dlvk","at":"2026-11-30T00:16:47.917512Z"}}', 151, 'org_50l5yrkkz8u0locb'),
    ('upl_73jcvu8w5i1ac2rw', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_73jcvu8w5i1ac2rw","content":{"size_bytes":83,"etag":"4d1adac3126562a3d94a3a52afda5eca","sha256":"6310678ad4bba241617eaeb2564c0b6ba8837760b705cf3b33c9971e3f481cd0","content_type":"video/mp4","version_id":"67135582867d6ba1c63a2337b6ca4dce","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_cv0rh1zpxjj2nffv","at":"2026-11-30T00:16:47.930279Z"}}', 152, 'org_50l5yrkkz8u0locb'),
    ('upl_73jcvu8w5i1ac2rw', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_73jcvu8w5i1ac2rw","object_id":"obj_14c2hvslksjsxhig","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":83,"accepted_bytes":83,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_cv0rh1zpxjj2nffv","at":"2026-11-30T00:16:47.930279Z"}}', 153, 'org_50l5yrkkz8u0locb'),
    ('obj_14c2hvslksjsxhig', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_14c2hvslksjsxhig","blobs":[{"blob_id":"blob_4o6ecexss7ixi3id","property":"video","type":"video","upload_id":"upl_73jcvu8w5i1ac2rw","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_73jcvu8w5i1ac2rw/a.mp4","version_id":"67135582867d6ba1c63a2337b6ca4dce","etag":"4d1adac3126562a3d94a3a52afda5eca","size_bytes":83,"content_type":"video/mp4","sha256":"6310678ad4bba241617eaeb2564c0b6ba8837760b705cf3b33c9971e3f481cd0"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_cv0rh1zpxjj2nffv","at":"2026-11-30T00:16:47.930279Z"}}', 154, 'org_50l5yrkkz8u0locb'),
    ('upl_lr7psbm34p1jf7p7', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_lr7psbm34p1jf7p7","task_id":"task_8p7kyvkpjm0pr2ox","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_my1ch2zvejm8e3s6","at":"2026-11-30T00:16:47.936096Z"}}', 155, 'org_50l5yrkkz8u0locb'),
    ('upl_aoic0dbo8xgr9xvb', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_aoic0dbo8xgr9xvb","content":{"size_bytes":1071,"etag":"1881ccac86cb845da65a3538b91e7b73","sha256":"9aeba57944c628bfa3a07b888be91b4a0144b2167ac8817ee4470c232075b241","content_type":"video/mp4","version_id":"6713558286456af959c520f692cf9871","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_s3nxz3fnw2f5n6dv","at":"2026-11-30T00:16:47.949988Z"}}', 156, 'org_50l5yrkkz8u0locb'),
    ('upl_aoic0dbo8xgr9xvb', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_aoic0dbo8xgr9xvb","object_id":"obj_z0nfsyn6p89cj0q3","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":1071,"accepted_bytes":1071,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_s3nxz3fnw2f5n6dv","at":"2026-11-30T00:16:47.949988Z"}}', 157, 'org_50l5yrkkz8u0locb'),
    ('obj_z0nfsyn6p89cj0q3', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_z0nfsyn6p89cj0q3","blobs":[{"blob_id":"blob_po8awwc8h7vkwyse","property":"video","type":"video","upload_id":"upl_aoic0dbo8xgr9xvb","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_aoic0dbo8xgr9xvb/a.mp4","version_id":"6713558286456af959c520f692cf9871","etag":"1881ccac86cb845da65a3538b91e7b73","size_bytes":1071,"content_type":"video/mp4","sha256":"9aeba57944c628bfa3a07b888be91b4a0144b2167ac8817ee4470c232075b241"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_s3nxz3fnw2f5n6dv","at":"2026-11-30T00:16:47.949988Z"}}', 158, 'org_50l5yrkkz8u0locb'),
    ('upl_lr7psbm34p1jf7p7', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_lr7psbm34p1jf7p7","content":{"size_bytes":901,"etag":"17de034a4949b2bbffe2b671b134ae79","sha256":"a7dbb4c63c4a8f90b590773ac9ca38ec8356a213e7e211bb3760fc77f139ac96","content_type":"video/mp4","version_id":"6713558285f7b346922d83402dd942d8","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_vf7i5chnwfpl2ce1","at":"2026-11-30T00:16:47.956064Z"}}', 159, 'org_50l5yrkkz8u0locb'),
    ('upl_lr7psbm34p1jf7p7', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_lr7psbm34p1jf7p7","object_id":"obj_nu8w553ya7g2rmu4","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":901,"accepted_bytes":901,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_vf7i5chnwfpl2ce1","at":"2026-11-30T00:16:47.956064Z"}}', 160, 'org_50l5yrkkz8u0locb'),
    ('obj_nu8w553ya7g2rmu4', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_nu8w553ya7g2rmu4","blobs":[{"blob_id":"blob_sffmmpmy10hhk2nk","property":"video","type":"video","upload_id":"upl_lr7psbm34p1jf7p7","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_lr7psbm34p1jf7p7/a.mp4","version_id":"6713558285f7b346922d83402dd942d8","etag":"17de034a4949b2bbffe2b671b134ae79","size_bytes":901,"content_type":"video/mp4","sha256":"a7dbb4c63c4a8f90b590773ac9ca38ec8356a213e7e211bb3760fc77f139ac96"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_vf7i5chnwfpl2ce1","at":"2026-11-30T00:16:47.956064Z"}}', 161, 'org_50l5yrkkz8u0locb'),
    ('upl_oyspe8oep5b20rgv', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_oyspe8oep5b20rgv","task_id":"task_hge35cx5ubbw2i5x","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_le7brptijy5o2r76","at":"2026-11-30T00:16:47.963306Z"}}', 162, 'org_50l5yrkkz8u0locb'),
    ('upl_3ka49g69394qy9p8', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_3ka49g69394qy9p8","task_id":"task_xd3xngsjlf7s04wt","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_9bppsb0a56w56h85","at":"2026-11-30T00:16:47.967583Z"}}', 163, 'org_50l5yrkkz8u0locb'),
    ('upl_oyspe8oep5b20rgv', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_oyspe8oep5b20rgv","content":{"size_bytes":1108,"etag":"485614e230da7e3e87e5ed43481d029d","sha256":"7e4fa697aa1d1207941e3079885f294d9757d09c8f9a4e4d9f2b5ba2b53681a7","content_type":"video/mp4","version_id":"67135582855fd286bddfbb029b6b71cd","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_m0nyy0dcj8f8whuw","at":"2026-11-30T00:16:47.978284Z"}}', 164, 'org_50l5yrkkz8u0locb'),
    ('upl_oyspe8oep5b20rgv', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_oyspe8oep5b20rgv","object_id":"obj_xa9akazferxb0mjf","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":1108,"accepted_bytes":1108,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_m0nyy0dcj8f8whuw","at":"2026-11-30T00:16:47.978284Z"}}', 165, 'org_50l5yrkkz8u0locb'),
    ('obj_xa9akazferxb0mjf', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_xa9akazferxb0mjf","blobs":[{"blob_id":"blob_6jutw0k47k9ai8qf","property":"video","type":"video","upload_id":"upl_oyspe8oep5b20rgv","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_oyspe8oep5b20rgv/a.mp4","version_id":"67135582855fd286bddfbb029b6b71cd","etag":"485614e230da7e3e87e5ed43481d029d","size_bytes":1108,"content_type":"video/mp4","sha256":"7e4fa697aa1d1207941e3079885f294d9757d09c8f9a4e4d9f2b5ba2b53681a7"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_m0nyy0dcj8f8whuw","at":"2026-11-30T00:16:47.978284Z"}}', 166, 'org_50l5yrkkz8u0locb'),
    ('upl_3ka49g69394qy9p8', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_3ka49g69394qy9p8","content":{"size_bytes":833,"etag":"c7860951a1debed31d1faf92a8dc86c3","sha256":"75a1c14820e9ff8ce4b593b5fc4b0c048577d75d01e917bbd6c36c807bffcb07","content_type":"video/mp4","version_id":"67135582852126974c405bf88652e807","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_4ehvjl1t2e8s3t2a","at":"2026-11-30T00:16:47.991848Z"}}', 167, 'org_50l5yrkkz8u0locb'),
    ('upl_3ka49g69394qy9p8', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_3ka49g69394qy9p8","object_id":"obj_srij8lebv4ysd9xl","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":833,"accepted_bytes":833,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_4ehvjl1t2e8s3t2a","at":"2026-11-30T00:16:47.991848Z"}}', 168, 'org_50l5yrkkz8u0locb'),
    ('obj_srij8lebv4ysd9xl', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_srij8lebv4ysd9xl","blobs":[{"blob_id":"blob_y8gjf0xe0qydy491","property":"video","type":"video","upload_id":"upl_3ka49g69394qy9p8","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_3ka49g69394qy9p8/a.mp4","version_id":"67135582852126974c405bf88652e807","etag":"c7860951a1debed31d1faf92a8dc86c3","size_bytes":833,"content_type":"video/mp4","sha256":"75a1c14820e9ff8ce4b593b5fc4b0c048577d75d01e917bbd6c36c807bffcb07"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_4ehvjl1t2e8s3t2a","at":"2026-11-30T00:16:47.991848Z"}}', 169, 'org_50l5yrkkz8u0locb'),
    ('upl_eqnm9psf5xt6r2s3', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_eqnm9psf5xt6r2s3","task_id":"task_yx764kdmpcnpns5c","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_ey7bfz4c7trma28d","at":"2026-11-30T00:16:47.993433Z"}}', 170, 'org_50l5yrkkz8u0locb'),
    ('upl_3buqognpba0tlrsy', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_3buqognpba0tlrsy","task_id":"task_ckg5g60bwexrqavc","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_jy4lwu9dy939xn21","at":"2026-11-30T00:16:47.995165Z"}}', 171, 'org_50l5yrkkz8u0locb'),
    ('upl_eqnm9psf5xt6r2s3', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_eqnm9psf5xt6r2s3","content":{"size_bytes":1273,"etag":"1424d09de14890ed0d58c5d9fe4dbb1e","sha256":"e2fdb3961f9fd09829910bfc7362e02e1bbdbe3cc677b91ff7ef49e440d1c2a4","content_type":"video/mp4","version_id":"6713558284b8cdd8f7f8f39289eb56bc","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_mj3kic3njzuoeu99","at":"2026-11-30T00:16:48.014763Z"}}', 172, 'org_50l5yrkkz8u0locb'),
    ('upl_eqnm9psf5xt6r2s3', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_eqnm9psf5xt6r2s3","object_id":"obj_by4y7av4vxqndftf","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":1273,"accepted_bytes":1273,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_mj3kic3njzuoeu99","at":"2026-11-30T00:16:48.014763Z"}}', 173, 'org_50l5yrkkz8u0locb'),
    ('obj_by4y7av4vxqndftf', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_by4y7av4vxqndftf","blobs":[{"blob_id":"blob_mn2yilpzgfv9x0gw","property":"video","type":"video","upload_id":"upl_eqnm9psf5xt6r2s3","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_eqnm9psf5xt6r2s3/a.mp4","version_id":"6713558284b8cdd8f7f8f39289eb56bc","etag":"1424d09de14890ed0d58c5d9fe4dbb1e","size_bytes":1273,"content_type":"video/mp4","sha256":"e2fdb3961f9fd09829910bfc7362e02e1bbdbe3cc677b91ff7ef49e440d1c2a4"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_mj3kic3njzuoeu99","at":"2026-11-30T00:16:48.014763Z"}}', 174, 'org_50l5yrkkz8u0locb'),
    ('upl_3buqognpba0tlrsy', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_3buqognpba0tlrsy","content":{"size_bytes":1467,"etag":"f30070ebba7e2020609859e10285215f","sha256":"96927a4ae20f58f716c1435073b283176748412bc137bbfef216bdbf04925301","content_type":"video/mp4","version_id":"67135582840437df2215a7e933ed6fb7","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_yzxnh2eizckx25nu","at":"2026-11-30T00:16:48.016364Z"}}', 175, 'org_50l5yrkkz8u0locb'),
    ('upl_3buqognpba0tlrsy', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_3buqognpba0tlrsy","object_id":"obj_ce4pgwsura5q68rc","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":1467,"accepted_bytes":1467,"due_at":"2026-11-30T01:31:47Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_yzxnh2eizckx25nu","at":"2026-11-30T00:16:48.016364Z"}}', 176, 'org_50l5yrkkz8u0locb'),
    ('obj_ce4pgwsura5q68rc', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_ce4pgwsura5q68rc","blobs":[{"blob_id":"blob_5toec5ravuax85dr","property":"video","type":"video","upload_id":"upl_3buqognpba0tlrsy","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_3buqognpba0tlrsy/a.mp4","version_id":"67135582840437df2215a7e933ed6fb7","etag":"f30070ebba7e2020609859e10285215f","size_bytes":1467,"content_type":"video/mp4","sha256":"96927a4ae20f58f716c1435073b283176748412bc137bbfef216bdbf04925301"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_yzxnh2eizckx25nu","at":"2026-11-30T00:16:48.016364Z"}}', 177, 'org_50l5yrkkz8u0locb'),
    ('upl_g4r3ttmx3vuo3nt7', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_g4r3ttmx3vuo3nt7","object_id":"obj_k06n18riv7nrdg24","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":1000,"accepted_bytes":1000,"due_at":"2026-11-30T01:31:48Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_b1wdd4nz5bnkmt4e","at":"2026-11-30T00:16:48.357397Z"}}', 183, 'org_50l5yrkkz8u0locb'),
    ('obj_k06n18riv7nrdg24', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_k06n18riv7nrdg24","blobs":[{"blob_id":"blob_35p27x7fjuww3ep0","property":"video","type":"video","upload_id":"upl_g4r3ttmx3vuo3nt7","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_g4r3ttmx3vuo3nt7/a.mp4","version_id":"6713558249419a37786ff48fef5e0630","etag":"ede3d3b685b4e137ba4cb2521329a75e","size_bytes":1000,"content_type":"video/mp4","sha256":"541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_b1wdd4nz5bnkmt4e","at":"2026-11-30T00:16:48.357397Z"}}', 184, 'org_50l5yrkkz8u0locb'),
    ('upl_68ivs81dcbhieuox', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_68ivs81dcbhieuox","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_68ivs81dcbhieuox/a.mp4","declared_size_bytes":1000,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:48Z","due_at":"2026-11-30T01:31:48Z","metadata":{"life":"f15364d96aceceab8eb3d72e"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":1000,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_rgetwew90b5t7juw","at":"2026-11-30T00:16:48.386797Z"}}', 185, 'org_50l5yrkkz8u0locb'),
    ('upl_68ivs81dcbhieuox', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_68ivs81dcbhieuox","task_id":"task_ymdi0c5k285hn7oh","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_6gpotx3laqm3c76i","at":"2026-11-30T00:16:48.400663Z"}}', 186, 'org_50l5yrkkz8u0locb'),
    ('upl_68ivs81dcbhieuox', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_68ivs81dcbhieuox","content":{"size_bytes":1000,"etag":"ede3d3b685b4e137ba4cb2521329a75e","sha256":"541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53","content_type":"video/mp4","version_id":"671355824545e835fc89a50104899ba6","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_6pjnelkzu0pzw5kd","at":"2026-11-30T00:16:48.422948Z"}}', 187, 'org_50l5yrkkz8u0locb'),
    ('upl_68ivs81dcbhieuox', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_68ivs81dcbhieuox","object_id":"obj_k06n18riv7nrdg24","duplicate_of":"upl_g4r3ttmx3vuo3nt7","existing_object_id":null,"keeps_bytes":false,"released_bytes":1000,"accepted_bytes":0,"due_at":"2026-11-30T01:31:48Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_6pjnelkzu0pzw5kd","at":"2026-11-30T00:16:48.422948Z"}}', 188, 'org_50l5yrkkz8u0locb'),
    ('dup_qjwctbw42zofzv8x', 1, 'upload.duplicate_avoided.v1', '{"type":"upload.duplicate_avoided.v1","original_upload_id":"upl_g4r3ttmx3vuo3nt7","sha256":"541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53","saved_bytes":1000,"request":{"filename":"a.mp4","content_type":"video/mp4","declared_size_bytes":1000,"metadata":{"life":"ff70722d1c055f625a1ab73d"},"create_object":true,"object_metadata":null,"blob_property":"video"},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_andsad6kyi4b4zu8","at":"2026-11-30T00:16:48.452547Z"}}', 189, 'org_50l5yrkkz8u0locb'),
    ('upl_08j1scyas7nlkkfk', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_08j1scyas7nlkkfk","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_08j1scyas7nlkkfk/a.mp4","declared_size_bytes":1001,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:48Z","due_at":"2026-11-30T01:31:48Z","metadata":{"life":"7d52f5ede6e038b044d593aa"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":1001,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_t5lbefjo6g4p4jhr","at":"2026-11-30T00:16:48.490103Z"}}', 190, 'org_50l5yrkkz8u0locb'),
    ('upl_08j1scyas7nlkkfk', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_08j1scyas7nlkkfk","task_id":"task_xpt0tyloohrlmw9l","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_hva0h7x4f4ucfpig","at":"2026-11-30T00:16:48.511204Z"}}', 191, 'org_50l5yrkkz8u0locb'),
    ('upl_08j1scyas7nlkkfk', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_08j1scyas7nlkkfk","content":{"size_bytes":1001,"etag":"eb6ca223963610af7366e759204202e8","sha256":"0f8191f0b7f4d878acd87097ff96e338a21a5420343221d60a135de41c721782","content_type":"video/mp4","version_id":"671355823ef05858d51a0d8fc62f40c2","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_huy3cfbzlytvzz20","at":"2026-11-30T00:16:48.526212Z"}}', 192, 'org_50l5yrkkz8u0locb'),
    ('upl_08j1scyas7nlkkfk', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_08j1scyas7nlkkfk","object_id":"obj_s77uebklhwuf4gog","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":1001,"accepted_bytes":1001,"due_at":"2026-11-30T01:31:48Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_huy3cfbzlytvzz20","at":"2026-11-30T00:16:48.526212Z"}}', 193, 'org_50l5yrkkz8u0locb'),
    ('obj_s77uebklhwuf4gog', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_s77uebklhwuf4gog","blobs":[{"blob_id":"blob_4vuwu0gpxp9zf5ih","property":"video","type":"video","upload_id":"upl_08j1scyas7nlkkfk","filename":"a.mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_08j1scyas7nlkkfk/a.mp4","version_id":"671355823ef05858d51a0d8fc62f40c2","etag":"eb6ca223963610af7366e759204202e8","size_bytes":1001,"content_type":"video/mp4","sha256":"0f8191f0b7f4d878acd87097ff96e338a21a5420343221d60a135de41c721782"}],"metadata":{},"unique_key":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_huy3cfbzlytvzz20","at":"2026-11-30T00:16:48.526212Z"}}', 194, 'org_50l5yrkkz8u0locb'),
    ('upl_i3gvdwoazqjv5533', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_i3gvdwoazqjv5533","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_i3gvdwoazqjv5533/a.mp4","declared_size_bytes":1001,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:48Z","due_at":"2026-11-30T01:31:48Z","metadata":{"life":"99160fa02ee158abc2bb38c4"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":1001,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_0gazmwz99ovzlwmr","at":"2026-11-30T00:16:48.543646Z"}}', 195, 'org_50l5yrkkz8u0locb'),
    ('upl_i3gvdwoazqjv5533', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_i3gvdwoazqjv5533","task_id":"task_a8c7u0f4iohkr91z","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_36e8ys1hmgr9u55f","at":"2026-11-30T00:16:48.557876Z"}}', 196, 'org_50l5yrkkz8u0locb'),
    ('upl_i3gvdwoazqjv5533', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_i3gvdwoazqjv5533","content":{"size_bytes":1001,"etag":"eb6ca223963610af7366e759204202e8","sha256":"0f8191f0b7f4d878acd87097ff96e338a21a5420343221d60a135de41c721782","content_type":"video/mp4","version_id":"671355823bf0d7c14c004ba1b9080b2f","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_ftgq8txdy9fcoz06","at":"2026-11-30T00:16:48.568106Z"}}', 197, 'org_50l5yrkkz8u0locb'),
    ('upl_i3gvdwoazqjv5533', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_i3gvdwoazqjv5533","object_id":"obj_s77uebklhwuf4gog","duplicate_of":"upl_08j1scyas7nlkkfk","existing_object_id":null,"keeps_bytes":false,"released_bytes":1001,"accepted_bytes":0,"due_at":"2026-11-30T01:31:48Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_ftgq8txdy9fcoz06","at":"2026-11-30T00:16:48.568106Z"}}', 198, 'org_50l5yrkkz8u0locb'),
    ('dup_ff3ftjn5n86vi7s9', 1, 'upload.duplicate_avoided.v1', '{"type":"upload.duplicate_avoided.v1","original_upload_id":"upl_08j1scyas7nlkkfk","sha256":"0f8191f0b7f4d878acd87097ff96e338a21a5420343221d60a135de41c721782","saved_bytes":1001,"request":{"filename":"a.mp4","content_type":"video/mp4","declared_size_bytes":1001,"metadata":{"life":"927eb0bfd1731ec5577c78e2"},"create_object":true,"object_metadata":null,"blob_property":"video"},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_8nr4jtxj8f1kpflp","at":"2026-11-30T00:16:48.586382Z"}}', 199, 'org_50l5yrkkz8u0locb'),
    ('upl_ltafaxtvtmyucn2r', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_ltafaxtvtmyucn2r","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_ltafaxtvtmyucn2r/a.mp4","declared_size_bytes":6,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:48Z","due_at":"2026-11-30T01:31:48Z","metadata":{"life":"5bace32173a247da2218dfcc"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert","part_size":16777216},"reserved_bytes":6,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_z6j2x9jm647xnlvh","at":"2026-11-30T00:16:48.633229Z"}}', 200, 'org_50l5yrkkz8u0locb');
INSERT INTO upwell.upwell_events VALUES
    ('upl_ltafaxtvtmyucn2r', 2, 'upload.started.v1', '{"type":"upload.started.v1","upload_id":"upl_ltafaxtvtmyucn2r","multipart_id":"c0cc8d0587027a35fd98a3492d37809366d476ac_5ab324e7bcde44458f9c8ec88e23d7f6","origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_1mqptkl2i234rrzl","at":"2026-11-30T00:16:48.643957Z"}}', 201, 'org_50l5yrkkz8u0locb'),
    ('upl_jhj30pjkazd91zqw', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_jhj30pjkazd91zqw","request":{"filename":"a.mp4","content_type":"video/mp4","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_jhj30pjkazd91zqw/a.mp4","declared_size_bytes":5,"declared_sha256":"27042f4e6eca7d0b2a7ee4026df2ecfa51d3339e6d122aa099118ecd8563bad9","url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:48Z","due_at":"2026-11-30T01:31:48Z","metadata":{"life":"bba459287fa7bd83a8d3ed47"},"create_object":true,"object_metadata":null,"blob_property":"video","blob_type":"VIDEO","skip_duplicates":true,"unique_key":null,"policy":"insert"},"reserved_bytes":5,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_2ctvbcyirz2y0t5l","at":"2026-11-30T00:16:48.658524Z"}}', 202, 'org_50l5yrkkz8u0locb'),
    ('upl_jhj30pjkazd91zqw', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_jhj30pjkazd91zqw","task_id":"task_ihdajccx7mi7rekr","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_t5pwz8z1pk4uez3t","at":"2026-11-30T00:16:48.669547Z"}}', 203, 'org_50l5yrkkz8u0locb'),
    ('upl_7maro2vt6bjpga8g', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_7maro2vt6bjpga8g","content":{"size_bytes":12,"etag":"2fcca816354cf6e28b4bd79b94d8b9f6","sha256":"a1a81030cad8e9dda2f0ca32184f8421671dbffc4b7bdb722986980d98d9170a","content_type":"video/mp4","version_id":"671355822bb5119942177908a78454dd","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_4i268k6qu56hiq3v","at":"2026-11-30T00:16:48.843410Z"}}', 214, 'org_50l5yrkkz8u0locb'),
    ('upl_jhj30pjkazd91zqw', 3, 'upload.failed.v1', '{"type":"upload.failed.v1","upload_id":"upl_jhj30pjkazd91zqw","reason":"hash_mismatch","message":"The bytes that arrived have the SHA-256 8810ad581e59f2bc3928b261707a71308f7e139eb04820366dc4d5c18d980225, not 27042f4e6eca7d0b2a7ee4026df2ecfa51d3339e6d122aa099118ecd8563bad9. Request a new upload, and send the file again.","released_bytes":5,"due_at":"2026-11-30T01:31:48Z","forget_at":"2026-12-30T00:16:48.695831Z","origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_jexj4eb2odcgmkbq","at":"2026-11-30T00:16:48.695831Z"}}', 204, 'org_50l5yrkkz8u0locb'),
    ('bkt_rw0x5okyq3a3x0wn', 1, 'bucket.created.v1', '{"type":"bucket.created.v1","bucket_id":"bkt_rw0x5okyq3a3x0wn","name":"sorted","description":null,"bucket_schema":{"properties":{"text":{"type":"text"},"title":{"type":"string"}}},"unique_key":{"fields":["title"],"default_policy":"insert"},"metadata":{},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_rw0x5okyq3a3x0wn","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_4z61k5v95et7efms","at":"2026-11-30T00:16:48.713063Z"}}', 205, 'org_50l5yrkkz8u0locb'),
    ('upl_240hwfhf18wb49g6', 1, 'upload.requested.v1', '{"type":"upload.requested.v1","upload_id":"upl_240hwfhf18wb49g6","request":{"filename":"0.txt","content_type":"text/plain","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_240hwfhf18wb49g6/0.txt","declared_size_bytes":null,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:48Z","due_at":"2026-11-30T01:31:48Z","metadata":{},"create_object":true,"object_metadata":{"title":"Low water"},"blob_property":"text","blob_type":"TEXT","skip_duplicates":true,"unique_key":"94cbf4bbc0bee6dfac6dcd650ae13a47f3305da6e86ec6101bef0d49bb66273f","policy":"insert"},"reserved_bytes":0,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_rw0x5okyq3a3x0wn","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_d0y2kso7xqbjktmi","at":"2026-11-30T00:16:48.751333Z"}}', 206, 'org_50l5yrkkz8u0locb'),
    ('upl_240hwfhf18wb49g6', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_240hwfhf18wb49g6","task_id":"task_xom2ih3db8nhwaem","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_rw0x5okyq3a3x0wn","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_pvcu6l4k3ogo8iev","at":"2026-11-30T00:16:48.765724Z"}}', 207, 'org_50l5yrkkz8u0locb'),
    ('upl_240hwfhf18wb49g6', 3, 'upload.verified.v1', '{"type":"upload.verified.v1","upload_id":"upl_240hwfhf18wb49g6","content":{"size_bytes":18,"etag":"83c8b2e4151c8797cb2aaf78168e2d47","sha256":"c198d5c3ce38dcf73d11b31a25981c3fd8e725ccf89137b05b20fc01ff110a0a","content_type":"text/plain","version_id":"671355822f915ecd68cdee2d34b8ad49","note":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_rw0x5okyq3a3x0wn","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_2ft4fgqqxw7f1shm","at":"2026-11-30T00:16:48.775927Z"}}', 208, 'org_50l5yrkkz8u0locb'),
    ('upl_240hwfhf18wb49g6', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_240hwfhf18wb49g6","object_id":"obj_7lh0c2jhine41jyp","duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":0,"accepted_bytes":18,"due_at":"2026-11-30T01:31:48Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_rw0x5okyq3a3x0wn","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_2ft4fgqqxw7f1shm","at":"2026-11-30T00:16:48.775927Z"}}', 209, 'org_50l5yrkkz8u0locb'),
    ('obj_7lh0c2jhine41jyp', 1, 'object.created.v1', '{"type":"object.created.v1","object_id":"obj_7lh0c2jhine41jyp","blobs":[{"blob_id":"blob_6e5mtfrdvtplxhrj","property":"text","type":"text","upload_id":"upl_240hwfhf18wb49g6","filename":"0.txt","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_240hwfhf18wb49g6/0.txt","version_id":"671355822f915ecd68cdee2d34b8ad49","etag":"83c8b2e4151c8797cb2aaf78168e2d47","size_bytes":18,"content_type":"text/plain","sha256":"c198d5c3ce38dcf73d11b31a25981c3fd8e725ccf89137b05b20fc01ff110a0a"}],"metadata":{"title":"Low water"},"unique_key":"94cbf4bbc0bee6dfac6dcd650ae13a47f3305da6e86ec6101bef0d49bb66273f","origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_rw0x5okyq3a3x0wn","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_2ft4fgqqxw7f1shm","at":"2026-11-30T00:16:48.775927Z"}}', 210, 'org_50l5yrkkz8u0locb'),
    ('upl_43pd4qcmbrwat5zn', 1, 'upload.skipped.v1', '{"type":"upload.skipped.v1","upload_id":"upl_43pd4qcmbrwat5zn","request":{"filename":"1.txt","content_type":"text/plain","storage_key":"int_ce5ug21iq9iui9ya/ns_kebm04hs2j89xapd/api_buckets_uploads_create/upl_43pd4qcmbrwat5zn/1.txt","declared_size_bytes":null,"declared_sha256":null,"url_expires_in_seconds":3600,"expires_at":"2026-11-30T01:16:48Z","due_at":"2026-11-30T01:31:48Z","metadata":{},"create_object":true,"object_metadata":{"title":"Low water"},"blob_property":"text","blob_type":"TEXT","skip_duplicates":true,"unique_key":"94cbf4bbc0bee6dfac6dcd650ae13a47f3305da6e86ec6101bef0d49bb66273f","policy":"insert"},"existing_object_id":"obj_7lh0c2jhine41jyp","forget_at":"2026-12-30T00:16:48.792622Z","origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_rw0x5okyq3a3x0wn","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_56dargr29aggyeuq","at":"2026-11-30T00:16:48.792622Z"}}', 211, 'org_50l5yrkkz8u0locb'),
    ('upl_7maro2vt6bjpga8g', 2, 'upload.verification_began.v1', '{"type":"upload.verification_began.v1","upload_id":"upl_7maro2vt6bjpga8g","task_id":"task_z8s70ll00f4y6jpi","seen_by":"confirm","inline":true,"claimed":{"etag":null,"size_bytes":null,"policy":null},"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_kz8k9ak9lqebumls","at":"2026-11-30T00:16:48.831659Z"}}', 213, 'org_50l5yrkkz8u0locb'),
    ('upl_7maro2vt6bjpga8g', 4, 'upload.completed.v1', '{"type":"upload.completed.v1","upload_id":"upl_7maro2vt6bjpga8g","object_id":null,"duplicate_of":null,"existing_object_id":null,"keeps_bytes":true,"released_bytes":12,"accepted_bytes":12,"due_at":"2026-11-30T01:31:48Z","forget_at":null,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"key_x7mosf2oojt640z8","command_id":"cmd_4i268k6qu56hiq3v","at":"2026-11-30T00:16:48.843410Z"}}', 215, 'org_50l5yrkkz8u0locb'),
    ('upl_7maro2vt6bjpga8g', 5, 'upload.forgotten.v1', '{"type":"upload.forgotten.v1","upload_id":"upl_7maro2vt6bjpga8g","freed_bytes":12,"origin":{"organization_id":"org_50l5yrkkz8u0locb","namespace_id":"ns_kebm04hs2j89xapd","bucket_id":"bkt_ej8m5l8lfqkm8mkh","actor_id":"system:operator","command_id":"cmd_azwwqsp68e7922jt","at":"2026-11-30T00:16:49.570323Z"}}', 216, 'org_50l5yrkkz8u0locb'),
    ('upl_7maro2vt6bjpga8g', 1, 'upload.requested.v1', '{"type": "upload.requested.v1", "origin": {"at": "2026-11-30T00:16:48.810166Z", "actor_id": "key_x7mosf2oojt640z8", "bucket_id": "bkt_ej8m5l8lfqkm8mkh", "command_id": "cmd_96mcqmepx7yihqz3", "namespace_id": "ns_kebm04hs2j89xapd", "organization_id": "org_50l5yrkkz8u0locb"}, "request": {"due_at": "2026-11-30T01:31:48Z", "policy": "insert", "filename": null, "metadata": null, "blob_type": "VIDEO", "expires_at": "2026-11-30T01:16:48Z", "unique_key": null, "storage_key": null, "content_type": "video/mp4", "blob_property": "video", "create_object": false, "declared_sha256": null, "object_metadata": null, "skip_duplicates": true, "declared_size_bytes": 12, "url_expires_in_seconds": 3600}, "upload_id": "upl_7maro2vt6bjpga8g", "reserved_bytes": 12}', 212, 'org_50l5yrkkz8u0locb');
INSERT INTO upwell.webhook_batches OVERRIDING SYSTEM VALUE VALUES
    ('wh_b9ea7e8faa5e474b', 10, 'org_50l5yrkkz8u0locb', 6, 153, '[{"topic": "upload.completed.v1", "position": 153, "stream_id": "upl_73jcvu8w5i1ac2rw"}, {"topic": "object.created.v1", "position": 154, "stream_id": "obj_14c2hvslksjsxhig"}, {"topic": "upload.completed.v1", "position": 157, "stream_id": "upl_aoic0dbo8xgr9xvb"}, {"topic": "object.created.v1", "position": 158, "stream_id": "obj_z0nfsyn6p89cj0q3"}, {"topic": "upload.completed.v1", "position": 160, "stream_id": "upl_lr7psbm34p1jf7p7"}, {"topic": "object.created.v1", "position": 161, "stream_id": "obj_nu8w553ya7g2rmu4"}]', '2026-11-30 00:16:47.999779+00'),
    ('wh_b9ea7e8faa5e474b', 11, 'org_50l5yrkkz8u0locb', 8, 165, '[{"topic": "upload.completed.v1", "position": 165, "stream_id": "upl_oyspe8oep5b20rgv"}, {"topic": "object.created.v1", "position": 166, "stream_id": "obj_xa9akazferxb0mjf"}, {"topic": "upload.completed.v1", "position": 168, "stream_id": "upl_3ka49g69394qy9p8"}, {"topic": "object.created.v1", "position": 169, "stream_id": "obj_srij8lebv4ysd9xl"}, {"topic": "upload.completed.v1", "position": 173, "stream_id": "upl_eqnm9psf5xt6r2s3"}, {"topic": "object.created.v1", "position": 174, "stream_id": "obj_by4y7av4vxqndftf"}, {"topic": "upload.completed.v1", "position": 176, "stream_id": "upl_3buqognpba0tlrsy"}, {"topic": "object.created.v1", "position": 177, "stream_id": "obj_ce4pgwsura5q68rc"}]', '2026-11-30 00:16:48.052932+00'),
    ('wh_b9ea7e8faa5e474b', 12, 'org_50l5yrkkz8u0locb', 1, 178, '[{"topic": "object.created.v1", "position": 178, "stream_id": "obj_471azve5ctr3kc3m"}]', '2026-11-30 00:16:48.254485+00'),
    ('wh_b9ea7e8faa5e474b', 13, 'org_50l5yrkkz8u0locb', 2, 183, '[{"topic": "upload.completed.v1", "position": 183, "stream_id": "upl_g4r3ttmx3vuo3nt7"}, {"topic": "object.created.v1", "position": 184, "stream_id": "obj_k06n18riv7nrdg24"}]', '2026-11-30 00:16:48.385907+00'),
    ('wh_b9ea7e8faa5e474b', 14, 'org_50l5yrkkz8u0locb', 1, 188, '[{"topic": "upload.completed.v1", "position": 188, "stream_id": "upl_68ivs81dcbhieuox"}]', '2026-11-30 00:16:48.483083+00'),
    ('wh_b9ea7e8faa5e474b', 15, 'org_50l5yrkkz8u0locb', 2, 193, '[{"topic": "upload.completed.v1", "position": 193, "stream_id": "upl_08j1scyas7nlkkfk"}, {"topic": "object.created.v1", "position": 194, "stream_id": "obj_s77uebklhwuf4gog"}]', '2026-11-30 00:16:48.546704+00'),
    ('wh_b9ea7e8faa5e474b', 16, 'org_50l5yrkkz8u0locb', 1, 198, '[{"topic": "upload.completed.v1", "position": 198, "stream_id": "upl_i3gvdwoazqjv5533"}]', '2026-11-30 00:16:48.629459+00'),
    ('wh_b9ea7e8faa5e474b', 17, 'org_50l5yrkkz8u0locb', 1, 204, '[{"topic": "upload.failed.v1", "position": 204, "stream_id": "upl_jhj30pjkazd91zqw"}]', '2026-11-30 00:16:48.7376+00'),
    ('wh_b9ea7e8faa5e474b', 18, 'org_50l5yrkkz8u0locb', 2, 209, '[{"topic": "upload.completed.v1", "position": 209, "stream_id": "upl_240hwfhf18wb49g6"}, {"topic": "object.created.v1", "position": 210, "stream_id": "obj_7lh0c2jhine41jyp"}]', '2026-11-30 00:16:48.802198+00'),
    ('wh_b9ea7e8faa5e474b', 19, 'org_50l5yrkkz8u0locb', 1, 215, '[{"topic": "upload.completed.v1", "position": 215, "stream_id": "upl_7maro2vt6bjpga8g"}]', '2026-11-30 00:16:48.861413+00');
INSERT INTO upwell.webhook_deliveries VALUES
    ('wh_b9ea7e8faa5e474b', 59, 'org_50l5yrkkz8u0locb', 'upl_4p6uy8gvo0ib4vc7', 'upload.completed.v1', 'pending', 1, '[{"at": "2026-11-30T00:16:47.685972Z", "error": "There was no connection: Connection refused.", "seconds": 0.012, "status_code": null}]', '2026-11-30 00:16:46.705774+00', '2026-11-30 00:16:47.586993+00', '2026-11-30 00:16:52.844236+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 60, 'org_50l5yrkkz8u0locb', 'obj_5lmczhxgg1abumzb', 'object.created.v1', 'pending', 1, '[{"at": "2026-11-30T00:16:47.687641Z", "error": "There was no connection: Connection refused.", "seconds": 0.011, "status_code": null}]', '2026-11-30 00:16:46.705774+00', '2026-11-30 00:16:47.586993+00', '2026-11-30 00:16:52.501611+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 64, 'org_50l5yrkkz8u0locb', 'upl_68xhwp8v8bbduqax', 'upload.completed.v1', 'pending', 1, '[{"at": "2026-11-30T00:16:47.693043Z", "error": "There was no connection: Connection refused.", "seconds": 0.005, "status_code": null}]', '2026-11-30 00:16:46.847601+00', '2026-11-30 00:16:47.586993+00', '2026-11-30 00:16:53.669117+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 65, 'org_50l5yrkkz8u0locb', 'obj_c99eyppx6jbmiv8b', 'object.created.v1', 'pending', 1, '[{"at": "2026-11-30T00:16:47.693455Z", "error": "There was no connection: Connection refused.", "seconds": 0.005, "status_code": null}]', '2026-11-30 00:16:46.847601+00', '2026-11-30 00:16:47.586993+00', '2026-11-30 00:16:51.985657+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 69, 'org_50l5yrkkz8u0locb', 'upl_14eno1jdpw3t9xe0', 'upload.completed.v1', 'pending', 1, '[{"at": "2026-11-30T00:16:47.693784Z", "error": "There was no connection: Connection refused.", "seconds": 0.004, "status_code": null}]', '2026-11-30 00:16:47.041962+00', '2026-11-30 00:16:47.586993+00', '2026-11-30 00:16:52.388921+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 70, 'org_50l5yrkkz8u0locb', 'obj_lfzptb21zc45940m', 'object.created.v1', 'pending', 1, '[{"at": "2026-11-30T00:16:47.694042Z", "error": "There was no connection: Connection refused.", "seconds": 0.004, "status_code": null}]', '2026-11-30 00:16:47.041962+00', '2026-11-30 00:16:47.586993+00', '2026-11-30 00:16:51.729277+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 76, 'org_50l5yrkkz8u0locb', 'upl_pc0f7l21v2a1jf3q', 'upload.completed.v1', 'pending', 1, '[{"at": "2026-11-30T00:16:47.694210Z", "error": "There was no connection: Connection refused.", "seconds": 0.004, "status_code": null}]', '2026-11-30 00:16:47.163542+00', '2026-11-30 00:16:47.586993+00', '2026-11-30 00:16:52.921602+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 77, 'org_50l5yrkkz8u0locb', 'obj_24cbdmpyh1c1y1ec', 'object.created.v1', 'pending', 1, '[{"at": "2026-11-30T00:16:47.694371Z", "error": "There was no connection: Connection refused.", "seconds": 0.004, "status_code": null}]', '2026-11-30 00:16:47.163542+00', '2026-11-30 00:16:47.586993+00', '2026-11-30 00:16:52.837003+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 102, 'org_50l5yrkkz8u0locb', 'upl_y1xc5015zirwy1dx', 'upload.completed.v1', 'pending', 1, '[{"at": "2026-11-30T00:16:47.694528Z", "error": "There was no connection: Connection refused.", "seconds": 0.005, "status_code": null}]', '2026-11-30 00:16:47.580558+00', '2026-11-30 00:16:47.586993+00', '2026-11-30 00:16:52.341514+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 113, 'org_50l5yrkkz8u0locb', 'obj_1hs27acj3cnwm8kl', 'object.created.v1', 'pending', 0, '[]', '2026-11-30 00:16:47.701227+00', NULL, '2026-11-30 00:16:47.701227+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 117, 'org_50l5yrkkz8u0locb', 'upl_86w277ofoy99eeca', 'upload.completed.v1', 'pending', 0, '[]', '2026-11-30 00:16:47.773402+00', NULL, '2026-11-30 00:16:47.773402+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 118, 'org_50l5yrkkz8u0locb', 'obj_3yjyajovhovwn0qt', 'object.created.v1', 'pending', 0, '[]', '2026-11-30 00:16:47.773402+00', NULL, '2026-11-30 00:16:47.773402+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 121, 'org_50l5yrkkz8u0locb', 'upl_fgkv9zjnh8fft0j5', 'upload.completed.v1', 'pending', 0, '[]', '2026-11-30 00:16:47.773402+00', NULL, '2026-11-30 00:16:47.773402+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 122, 'org_50l5yrkkz8u0locb', 'obj_ypww4faipu1djjp7', 'object.created.v1', 'pending', 0, '[]', '2026-11-30 00:16:47.773402+00', NULL, '2026-11-30 00:16:47.773402+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 124, 'org_50l5yrkkz8u0locb', 'upl_0zabyykkragz4fw0', 'upload.completed.v1', 'pending', 0, '[]', '2026-11-30 00:16:47.773402+00', NULL, '2026-11-30 00:16:47.773402+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 125, 'org_50l5yrkkz8u0locb', 'obj_jjkcav0wqvbjju76', 'object.created.v1', 'pending', 0, '[]', '2026-11-30 00:16:47.773402+00', NULL, '2026-11-30 00:16:47.773402+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 128, 'org_50l5yrkkz8u0locb', 'upl_qisdg9mdt12lqbq0', 'upload.completed.v1', 'pending', 0, '[]', '2026-11-30 00:16:47.773402+00', NULL, '2026-11-30 00:16:47.773402+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 129, 'org_50l5yrkkz8u0locb', 'obj_jyt4im6mv0t6oat9', 'object.created.v1', 'pending', 0, '[]', '2026-11-30 00:16:47.773402+00', NULL, '2026-11-30 00:16:47.773402+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 132, 'org_50l5yrkkz8u0locb', 'upl_f3pnr50q6a6kucun', 'upload.completed.v1', 'pending', 0, '[]', '2026-11-30 00:16:47.884977+00', NULL, '2026-11-30 00:16:47.884977+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 133, 'org_50l5yrkkz8u0locb', 'obj_4k3gk0shw5iy80jf', 'object.created.v1', 'pending', 0, '[]', '2026-11-30 00:16:47.884977+00', NULL, '2026-11-30 00:16:47.884977+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 137, 'org_50l5yrkkz8u0locb', 'upl_crtsv2vau3k5ecaq', 'upload.completed.v1', 'pending', 0, '[]', '2026-11-30 00:16:47.884977+00', NULL, '2026-11-30 00:16:47.884977+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 138, 'org_50l5yrkkz8u0locb', 'obj_mo8m9l56cj1waim3', 'object.created.v1', 'pending', 0, '[]', '2026-11-30 00:16:47.884977+00', NULL, '2026-11-30 00:16:47.884977+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 141, 'org_50l5yrkkz8u0locb', 'upl_wvjxr6qlekjzic7r', 'upload.completed.v1', 'pending', 0, '[]', '2026-11-30 00:16:47.942812+00', NULL, '2026-11-30 00:16:47.942812+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 142, 'org_50l5yrkkz8u0locb', 'obj_ot4ywutp2vhn86nf', 'object.created.v1', 'pending', 0, '[]', '2026-11-30 00:16:47.942812+00', NULL, '2026-11-30 00:16:47.942812+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 144, 'org_50l5yrkkz8u0locb', 'upl_xfprmwixg7laym2a', 'upload.completed.v1', 'pending', 0, '[]', '2026-11-30 00:16:47.942812+00', NULL, '2026-11-30 00:16:47.942812+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 145, 'org_50l5yrkkz8u0locb', 'obj_mg4lxpz4mp9wxx2r', 'object.created.v1', 'pending', 0, '[]', '2026-11-30 00:16:47.942812+00', NULL, '2026-11-30 00:16:47.942812+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 149, 'org_50l5yrkkz8u0locb', 'upl_fhmdviaomskjgflt', 'upload.completed.v1', 'pending', 0, '[]', '2026-11-30 00:16:47.942812+00', NULL, '2026-11-30 00:16:47.942812+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 150, 'org_50l5yrkkz8u0locb', 'obj_xrfpd7d2mzfcjj47', 'object.created.v1', 'pending', 0, '[]', '2026-11-30 00:16:47.942812+00', NULL, '2026-11-30 00:16:47.942812+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 112, 'org_50l5yrkkz8u0locb', 'upl_zpem0jd12gsq2sku', 'upload.completed.v1', 'pending', 1, '[{"at": "2026-11-30T00:16:48.817418Z", "error": "There was no connection: Connection refused.", "seconds": 0.001, "status_code": null}]', '2026-11-30 00:16:47.701227+00', '2026-11-30 00:16:48.795739+00', '2026-11-30 00:16:53.809939+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 103, 'org_50l5yrkkz8u0locb', 'obj_51yaw5v30k6zd2w7', 'object.created.v1', 'pending', 1, '[{"at": "2026-11-30T00:16:47.694666Z", "error": "There was no connection: Connection refused.", "seconds": 0.005, "status_code": null}]', '2026-11-30 00:16:47.580558+00', '2026-11-30 00:16:47.586993+00', '2026-11-30 00:16:52.830848+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 105, 'org_50l5yrkkz8u0locb', 'upl_1ddc73utn3hofbpk', 'upload.completed.v1', 'pending', 1, '[{"at": "2026-11-30T00:16:47.694797Z", "error": "There was no connection: Connection refused.", "seconds": 0.004, "status_code": null}]', '2026-11-30 00:16:47.580558+00', '2026-11-30 00:16:47.586993+00', '2026-11-30 00:16:52.427601+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 106, 'org_50l5yrkkz8u0locb', 'obj_q2dnypcirycno1p5', 'object.created.v1', 'pending', 1, '[{"at": "2026-11-30T00:16:47.694928Z", "error": "There was no connection: Connection refused.", "seconds": 0.004, "status_code": null}]', '2026-11-30 00:16:47.580558+00', '2026-11-30 00:16:47.586993+00', '2026-11-30 00:16:51.782049+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 108, 'org_50l5yrkkz8u0locb', 'upl_1t2yxil7u9b1rj70', 'upload.completed.v1', 'pending', 1, '[{"at": "2026-11-30T00:16:47.695137Z", "error": "There was no connection: Connection refused.", "seconds": 0.004, "status_code": null}]', '2026-11-30 00:16:47.580558+00', '2026-11-30 00:16:47.586993+00', '2026-11-30 00:16:52.3012+00', NULL, NULL, NULL),
    ('wh_b9ea7e8faa5e474b', 109, 'org_50l5yrkkz8u0locb', 'obj_c60jdecd6prugham', 'object.created.v1', 'pending', 1, '[{"at": "2026-11-30T00:16:47.695314Z", "error": "There was no connection: Connection refused.", "seconds": 0.004, "status_code": null}]', '2026-11-30 00:16:47.580558+00', '2026-11-30 00:16:47.586993+00', '2026-11-30 00:16:51.703744+00', NULL, NULL, NULL);
INSERT INTO upwell.webhook_endpoints VALUES
    ('wh_633e7e107cf8360b', 'org_atx5qi39vqbyfz36', NULL, NULL, 0, NULL, NULL, '2026-11-30 00:16:45.661803+00', '\001\250\354\223$\3565\\\227s/\366;\357\353\250C\262\012\013"n\033\033C\325\264\221\271\0045\377\340\356\376%\226~\261\264\224F\243\360\223,\2376L\364\372\255@\316\221G\020z\205\000\342\020\372\224@M\347Kq\270F\235N\226L\004\002\372a\216\340\024\224#`O%\034\341\303Y\\\225\266\2760\367ESx\004\272\307\250@ A\346\372\366e\305\355\246)3\314\315~UPD\200U\331\324 eb\005\243\365~\222\267\264\364b\204\206\033\356\032\026\253\247\015\260Q\265ZIR\350\033\365\004N|\3756\320\343\315{\022B(5}\273\345\244\274\362\005\220\031\016\375\206\313\336\333z\312io\301\266\235\343\253\252A\314\363\363\300\0153\331\007\253\263KI$\036\244\320\202\312\357\372 b\034\344d\274\300g\274\310J\351\254\025\354\333\323\345C\200\016'),
    ('wh_b9ea7e8faa5e474b', 'org_50l5yrkkz8u0locb', NULL, NULL, 15, '2026-11-30 00:16:47.698316+00', '2026-11-30 00:22:40.105911+00', '2026-11-30 00:16:46.15524+00', '\001\250\354\223$\\gj\335\321\001\376\300\304}\260Z\012\031\200\374\216\236\262\255\355\216/\217*\362@\031\350c\037\342\350\226k~\010\017\247\340\367\331<$5\322\372g\206\224\2555\020\347]zh\236\375\360U\365\313G\324 \206\021x\221\333~\204av\327\012S\032jW\012,I\327\203`\265\026\367\200\321\253+\267"\306\2742\250\022\274v\222\323\202\037\256^O>G*F\363\211\0124\215\007\262&\334\324c\246\032U\222y');
INSERT INTO upwell.webhooks VALUES
    ('wh_b9ea7e8faa5e474b', 'org_50l5yrkkz8u0locb', '{"url": "http://127.0.0.1:9/", "name": "unheard", "is_active": true, "event_types": ["upload.completed", "upload.failed", "object.created"], "header_names": [], "timeout_seconds": 0.5}', NULL, '2026-11-30 00:16:46.15524+00', '2026-11-30 00:16:46.15524+00', 52, 1, 'key_x7mosf2oojt640z8');
SELECT pg_catalog.setval('upwell.tasks_position_seq', 5, true);
SELECT pg_catalog.setval('upwell.webhook_batches_number_seq', 19, true);
ALTER TABLE ONLY upwell.analytics_hours
    ADD CONSTRAINT analytics_hours_pkey PRIMARY KEY (bucket_id, hour);
ALTER TABLE ONLY upwell.analytics_uploads
    ADD CONSTRAINT analytics_uploads_pkey PRIMARY KEY (upload_id);
ALTER TABLE ONLY upwell.api_keys
    ADD CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash);
ALTER TABLE ONLY upwell.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (key_id);
ALTER TABLE ONLY upwell.api_keys
    ADD CONSTRAINT api_keys_previous_key_hash_key UNIQUE (previous_key_hash);
ALTER TABLE ONLY upwell.avoided_duplicates
    ADD CONSTRAINT avoided_duplicates_pkey PRIMARY KEY (duplicate_id);
ALTER TABLE ONLY upwell.buckets
    ADD CONSTRAINT buckets_pkey PRIMARY KEY (bucket_id);
ALTER TABLE ONLY upwell.claims
    ADD CONSTRAINT claims_pkey PRIMARY KEY (scope, key);
ALTER TABLE ONLY upwell.holds
    ADD CONSTRAINT holds_pkey PRIMARY KEY (upload_id, object_id);
ALTER TABLE ONLY upwell.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (name);
ALTER TABLE ONLY upwell.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (upload_id, kind);
ALTER TABLE ONLY upwell.key_uses
    ADD CONSTRAINT key_uses_pkey PRIMARY KEY (key_id);
ALTER TABLE ONLY upwell.log_head
    ADD CONSTRAINT log_head_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY upwell.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (number);
ALTER TABLE ONLY upwell.namespaces
    ADD CONSTRAINT namespaces_pkey PRIMARY KEY (namespace_id);
ALTER TABLE ONLY upwell.objects
    ADD CONSTRAINT objects_pkey PRIMARY KEY (object_id);
ALTER TABLE ONLY upwell.organizations
    ADD CONSTRAINT organizations_internal_id_key UNIQUE (internal_id);
ALTER TABLE ONLY upwell.organizations
    ADD CONSTRAINT organizations_pkey PRIMARY KEY (organization_id);
ALTER TABLE ONLY upwell.quotas
    ADD CONSTRAINT quotas_pkey PRIMARY KEY (organization_id);
ALTER TABLE ONLY upwell.rate_slices
    ADD CONSTRAINT rate_slices_pkey PRIMARY KEY (organization_id, limited, window_number);
ALTER TABLE ONLY upwell.search_head
    ADD CONSTRAINT search_head_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY upwell.search_texts
    ADD CONSTRAINT search_texts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY upwell.subscriptions
    ADD CONSTRAINT subscriptions_pkey PRIMARY KEY (name);
ALTER TABLE ONLY upwell.task_items
    ADD CONSTRAINT task_items_pkey PRIMARY KEY (task_id, index);
ALTER TABLE ONLY upwell.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (task_id);
ALTER TABLE ONLY upwell.uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (upload_id);
ALTER TABLE ONLY upwell.upwell_events
    ADD CONSTRAINT upwell_events_pkey PRIMARY KEY (originator_id, originator_version);
ALTER TABLE ONLY upwell.webhook_batches
    ADD CONSTRAINT webhook_batches_pkey PRIMARY KEY (webhook_id, number);
ALTER TABLE ONLY upwell.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (webhook_id, "position");
ALTER TABLE ONLY upwell.webhook_dropped
    ADD CONSTRAINT webhook_dropped_pkey PRIMARY KEY (webhook_id);
ALTER TABLE ONLY upwell.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (webhook_id);
ALTER TABLE ONLY upwell.webhooks
    ADD CONSTRAINT webhooks_pkey PRIMARY KEY (webhook_id);
CREATE INDEX analytics_hours_of_organization ON upwell.analytics_hours USING btree (organization_id, hour);
CREATE INDEX analytics_uploads_of_bucket ON upwell.analytics_uploads USING btree (bucket_id, requested_at);
CREATE INDEX analytics_uploads_of_organization ON upwell.analytics_uploads USING btree (organization_id, requested_at);
CREATE INDEX api_keys_name ON upwell.api_keys USING btree (organization_id, user_id, name);
CREATE INDEX avoided_duplicates_by_bucket ON upwell.avoided_duplicates USING btree (bucket_id, "position");
CREATE INDEX avoided_duplicates_by_original ON upwell.avoided_duplicates USING btree (original_upload_id);
CREATE UNIQUE INDEX buckets_name ON upwell.buckets USING btree (namespace_id, name);
CREATE INDEX buckets_order ON upwell.buckets USING btree (namespace_id, "position");
CREATE INDEX holds_object ON upwell.holds USING btree (object_id);
CREATE INDEX idempotency_keys_expires_at ON upwell.idempotency_keys USING btree (expires_at);
CREATE INDEX jobs_turns ON upwell.jobs USING btree (lane, due_at);
CREATE UNIQUE INDEX namespaces_name ON upwell.namespaces USING btree (organization_id, name);
CREATE INDEX namespaces_order ON upwell.namespaces USING btree (organization_id, "position");
CREATE INDEX objects_order ON upwell.objects USING btree (bucket_id, "position");
CREATE INDEX organizations_name ON upwell.organizations USING btree (name);
CREATE INDEX request_records_at ON upwell.request_records USING btree (at);
CREATE INDEX request_records_commands ON upwell.request_records USING gin (command_ids);
CREATE INDEX request_records_refused ON upwell.request_records USING btree (organization_id, at DESC) WHERE (status >= 400);
CREATE INDEX request_records_request ON upwell.request_records USING btree (organization_id, request_id);
CREATE INDEX search_texts_trigrams ON upwell.search_texts USING gin (text upwell_extensions.gin_trgm_ops);
CREATE INDEX tasks_order ON upwell.tasks USING btree (organization_id, "position");
CREATE INDEX uploads_duplicates ON upwell.uploads USING btree (duplicate_of, "position") WHERE (duplicate_of IS NOT NULL);
CREATE INDEX uploads_inherited ON upwell.uploads USING btree (inherited_from) WHERE (inherited_from IS NOT NULL);
CREATE INDEX uploads_order ON upwell.uploads USING btree (bucket_id, "position");
CREATE INDEX uploads_originals ON upwell.uploads USING btree (bucket_id, sha256, "position") WHERE ((status = 'COMPLETED'::text) AND skip_duplicates AND keeps_bytes AND (changed_etag IS NULL));
CREATE INDEX uploads_sizes ON upwell.uploads USING btree (bucket_id, size_bytes) WHERE ((status = 'COMPLETED'::text) AND keeps_bytes);
CREATE INDEX uploads_status ON upwell.uploads USING btree (bucket_id, status, "position");
CREATE INDEX uploads_task ON upwell.uploads USING btree (task_id) WHERE (task_id IS NOT NULL);
CREATE INDEX upwell_events_audited ON upwell.upwell_events USING btree (organization_id, notification_id) WHERE (((topic !~~ 'upload.%'::text) AND (topic !~~ 'object.%'::text)) OR (topic = 'upload.token_issued.v1'::text));
CREATE INDEX upwell_events_avoided ON upwell.upwell_events USING btree (organization_id) WHERE (topic = 'upload.duplicate_avoided.v1'::text);
CREATE UNIQUE INDEX upwell_events_notification_id ON upwell.upwell_events USING btree (notification_id);
CREATE INDEX upwell_events_of_organization ON upwell.upwell_events USING btree (organization_id, notification_id);
CREATE INDEX webhook_deliveries_by_age ON upwell.webhook_deliveries USING brin (created_at);
CREATE INDEX webhook_deliveries_due ON upwell.webhook_deliveries USING btree (webhook_id, next_at, "position") WHERE (status = 'pending'::text);
CREATE INDEX webhook_deliveries_in_order ON upwell.webhook_deliveries USING btree (webhook_id, stream_id, "position") WHERE (status = 'pending'::text);
CREATE INDEX webhook_deliveries_leased ON upwell.webhook_deliveries USING btree (webhook_id) WHERE (lease IS NOT NULL);
CREATE INDEX webhooks_of_organization ON upwell.webhooks USING btree (organization_id, "position");
CREATE TRIGGER find_lane BEFORE INSERT ON upwell.jobs FOR EACH ROW WHEN ((new.lane IS NULL)) EXECUTE FUNCTION upwell.find_lane();
CREATE TRIGGER redact_former_profiles AFTER INSERT ON upwell.upwell_events FOR EACH ROW WHEN ((new.topic = 'organization.profile_changed.v1'::text)) EXECUTE FUNCTION upwell.redact_former_profiles();
ALTER TABLE ONLY upwell.task_items
    ADD CONSTRAINT task_items_task_id_fkey FOREIGN KEY (task_id) REFERENCES upwell.tasks(task_id) ON DELETE CASCADE;
ALTER TABLE upwell.analytics_hours ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.analytics_uploads ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.avoided_duplicates ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.buckets ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.claims ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.holds ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.jobs ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.key_uses ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.namespaces ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.objects ENABLE ROW LEVEL SECURITY;
CREATE POLICY organization ON upwell.analytics_hours USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.analytics_uploads USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.api_keys USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.avoided_duplicates USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.buckets USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.claims USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (EXISTS ( SELECT
   FROM upwell.objects
  WHERE (objects.object_id = claims.owner_id))) OR (EXISTS ( SELECT
   FROM upwell.buckets
  WHERE (buckets.bucket_id = claims.owner_id))) OR (EXISTS ( SELECT
   FROM upwell.namespaces
  WHERE (namespaces.namespace_id = claims.owner_id))) OR (EXISTS ( SELECT
   FROM upwell.api_keys
  WHERE (api_keys.key_id = claims.owner_id)))));
CREATE POLICY organization ON upwell.holds USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (EXISTS ( SELECT
   FROM upwell.objects o
  WHERE (o.object_id = holds.object_id)))));
CREATE POLICY organization ON upwell.idempotency_keys USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.jobs USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR false));
CREATE POLICY organization ON upwell.key_uses USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.namespaces USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.objects USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.organizations USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.quotas USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.rate_slices USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.request_records USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.search_texts USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.task_items USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.tasks USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.uploads USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.upwell_events USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.webhook_batches USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.webhook_deliveries USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.webhook_dropped USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.webhook_endpoints USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
CREATE POLICY organization ON upwell.webhooks USING (((current_setting('upwell.organization_id'::text, true) = '*'::text) OR (organization_id = current_setting('upwell.organization_id'::text, true))));
ALTER TABLE upwell.organizations ENABLE ROW LEVEL SECURITY;
CREATE POLICY owner ON upwell.analytics_hours TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.analytics_uploads TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.api_keys TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.avoided_duplicates TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.buckets TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.claims TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.holds TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.idempotency_keys TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.jobs TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.key_uses TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.namespaces TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.objects TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.organizations TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.quotas TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.rate_slices TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.request_records TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.search_texts TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.task_items TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.tasks TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.uploads TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.upwell_events TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.webhook_batches TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.webhook_deliveries TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.webhook_dropped TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.webhook_endpoints TO postgres USING (true) WITH CHECK (true);
CREATE POLICY owner ON upwell.webhooks TO postgres USING (true) WITH CHECK (true);
ALTER TABLE upwell.quotas ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.rate_slices ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.request_records ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.search_texts ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.task_items ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.tasks ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.uploads ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.upwell_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.webhook_batches ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.webhook_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.webhook_dropped ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.webhook_endpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE upwell.webhooks ENABLE ROW LEVEL SECURITY;
GRANT USAGE ON SCHEMA upwell TO upwell_service;
REVOKE ALL ON FUNCTION upwell.add_to_quota(p_organization_id text, p_reserved bigint, p_accepted bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.agreed_time(p_told timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION upwell.agreed_time(p_told timestamp with time zone) TO upwell_service;
REVOKE ALL ON FUNCTION upwell.append(p_callers text[], p_conditions text[], p_rooms bigint[], p_command integer[], p_ids text[], p_versions bigint[], p_topics text[], p_states bytea[], OUT positions bigint[], OUT refusals jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION upwell.append(p_callers text[], p_conditions text[], p_rooms bigint[], p_command integer[], p_ids text[], p_versions bigint[], p_topics text[], p_states bytea[], OUT positions bigint[], OUT refusals jsonb) TO upwell_service;
REVOKE ALL ON FUNCTION upwell.claim_object(p_id text) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.count_uploads() FROM PUBLIC;
GRANT ALL ON FUNCTION upwell.count_uploads() TO upwell_service;
REVOKE ALL ON FUNCTION upwell.find_lane() FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.forget_avoided(p_upload_id text) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.guard(p_table text) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.hold_bytes(p_id text, p_blobs jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.index_search(p_limit bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION upwell.index_search(p_limit bigint) TO upwell_service;
REVOKE ALL ON FUNCTION upwell.is_ours(p_topic text) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.lane_of(p_organization_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION upwell.lane_of(p_organization_id text) TO upwell_service;
REVOKE ALL ON FUNCTION upwell.lapse(p_caller jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.object_text(p_key_prefix text, p_blobs jsonb, p_metadata jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION upwell.object_text(p_key_prefix text, p_blobs jsonb, p_metadata jsonb) TO upwell_service;
REVOKE ALL ON FUNCTION upwell.prepare_search() FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.project(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb, OUT reserved_ bigint, OUT accepted_ bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.project_after(p_after bigint, p_limit bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.project_api_key(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.project_avoided(p_id text, p_position bigint, e jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.project_bucket(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.project_namespace(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.project_object(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.project_organization(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.project_requests(p_ids text[], p_status text, p_events jsonb[], p_last bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.project_upload(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb, OUT reserved_ bigint, OUT accepted_ bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.project_webhook(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.redact(p_id text) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.redact_former_profiles() FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.refusal(c jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.release_bytes(p_id text, p_released jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.schedule(p_id text, p_topic text, e jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.schedule_object(p_id text, p_topic text, e jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.search_candidates(p_kind text, p_bucket_id text, p_pattern text, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION upwell.search_candidates(p_kind text, p_bucket_id text, p_pattern text, p_limit integer) TO upwell_service;
REVOKE ALL ON FUNCTION upwell.set_discard(p_upload_id text, p_now timestamp with time zone, p_again_at timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.set_job(p_kind text, p_upload_id text, p_due_at timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.show_ends(p_ids text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.stored_states(p_ids text[], p_versions bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION upwell.stored_states(p_ids text[], p_versions bigint[]) TO upwell_service;
REVOKE ALL ON FUNCTION upwell.try_locks() FROM PUBLIC;
GRANT ALL ON FUNCTION upwell.try_locks() TO upwell_service;
REVOKE ALL ON FUNCTION upwell.try_writing() FROM PUBLIC;
GRANT ALL ON FUNCTION upwell.try_writing() TO upwell_service;
REVOKE ALL ON FUNCTION upwell.unclaim_object(p_id text) FROM PUBLIC;
REVOKE ALL ON FUNCTION upwell.upload_text(p_filename text, p_metadata jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION upwell.upload_text(p_filename text, p_metadata jsonb) TO upwell_service;
REVOKE ALL ON FUNCTION upwell.write_requests(p_ids text[], p_states bytea[], p_events jsonb[], p_last bigint) FROM PUBLIC;
GRANT SELECT,INSERT,UPDATE ON TABLE upwell.analytics_hours TO upwell_service;
GRANT SELECT,INSERT,UPDATE ON TABLE upwell.analytics_uploads TO upwell_service;
GRANT SELECT ON TABLE upwell.api_keys TO upwell_service;
GRANT SELECT ON TABLE upwell.avoided_duplicates TO upwell_service;
GRANT SELECT ON TABLE upwell.buckets TO upwell_service;
GRANT SELECT ON TABLE upwell.claims TO upwell_service;
GRANT SELECT ON TABLE upwell.holds TO upwell_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE upwell.idempotency_keys TO upwell_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE upwell.jobs TO upwell_service;
GRANT SELECT,INSERT,UPDATE ON TABLE upwell.key_uses TO upwell_service;
GRANT SELECT ON TABLE upwell.log_head TO upwell_service;
GRANT SELECT ON TABLE upwell.migrations TO upwell_service;
GRANT SELECT ON TABLE upwell.namespaces TO upwell_service;
GRANT SELECT ON TABLE upwell.objects TO upwell_service;
GRANT SELECT ON TABLE upwell.organizations TO upwell_service;
GRANT SELECT ON TABLE upwell.quotas TO upwell_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE upwell.rate_slices TO upwell_service;
GRANT SELECT,INSERT,DELETE ON TABLE upwell.request_records TO upwell_service;
GRANT SELECT ON TABLE upwell.search_head TO upwell_service;
GRANT SELECT ON TABLE upwell.search_texts TO upwell_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE upwell.subscriptions TO upwell_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE upwell.task_items TO upwell_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE upwell.tasks TO upwell_service;
GRANT SELECT ON TABLE upwell.uploads TO upwell_service;
GRANT SELECT ON TABLE upwell.upwell_events TO upwell_service;
GRANT SELECT,INSERT,DELETE ON TABLE upwell.webhook_batches TO upwell_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE upwell.webhook_deliveries TO upwell_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE upwell.webhook_dropped TO upwell_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE upwell.webhook_endpoints TO upwell_service;
GRANT SELECT ON TABLE upwell.webhooks TO upwell_service;
