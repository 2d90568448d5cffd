-- The log, the tables that follow it, and the functions that are the only way to write either.
-- Names inside the functions are not qualified: `append` sets the search path to `upwell`, a rebuild sets it to its own
-- schema of fresh tables, and the same projection serves both.

SET LOCAL search_path = upwell, pg_temp;

CREATE TABLE upwell.upwell_events (
    originator_id      text   NOT NULL,
    originator_version bigint NOT NULL,
    topic              text   NOT NULL,
    state              bytea  NOT NULL,
    notification_id    bigint NOT NULL,
    -- copied from `state`, so that the feed can be read by organization
    organization_id    text,
    PRIMARY KEY (originator_id, originator_version)
);
CREATE UNIQUE INDEX upwell_events_notification_id ON upwell.upwell_events (notification_id);

-- The last position that was given out. One row, written under the lock only, so positions are gapless.
CREATE TABLE upwell.log_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint  NOT NULL
) WITH (fillfactor = 10);
INSERT INTO upwell.log_head (position) VALUES (0);

CREATE TABLE upwell.organizations (
    organization_id text PRIMARY KEY,
    internal_id     text NOT NULL UNIQUE,
    name            text NOT NULL,
    tier            text NOT NULL,
    quota_bytes     bigint,
    created_at      timestamptz NOT NULL,
    version         bigint NOT NULL
);
CREATE INDEX organizations_name ON upwell.organizations (name);

-- What each organization's storage holds. Apart from its organization, because every upload writes it.
CREATE TABLE upwell.quotas (
    organization_id text PRIMARY KEY,
    reserved_bytes  bigint NOT NULL,
    accepted_bytes  bigint NOT NULL
) WITH (fillfactor = 20);

CREATE TABLE upwell.api_keys (
    key_id              text PRIMARY KEY,
    organization_id     text NOT NULL,
    user_id             text NOT NULL,
    name                text NOT NULL,
    description         text NOT NULL,
    key_hash            text NOT NULL UNIQUE,
    prefix              text NOT NULL,
    permissions         jsonb NOT NULL,
    scopes              jsonb NOT NULL,
    rate_limit_override integer,
    expires_at          timestamptz,
    created_at          timestamptz NOT NULL,
    created_by          text NOT NULL,
    revoked_at          timestamptz,
    revoked_by          text,
    version             bigint NOT NULL
);
CREATE INDEX api_keys_name ON upwell.api_keys (organization_id, user_id, name);

CREATE TABLE upwell.namespaces (
    namespace_id    text PRIMARY KEY,
    organization_id text NOT NULL,
    name            text NOT NULL,
    description     text,
    settings        jsonb NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    bucket_count    bigint NOT NULL,
    object_count    bigint NOT NULL,
    position        bigint NOT NULL,
    version         bigint NOT NULL
);
CREATE UNIQUE INDEX namespaces_name ON upwell.namespaces (organization_id, name);
CREATE INDEX namespaces_order ON upwell.namespaces (organization_id, position);

CREATE TABLE upwell.buckets (
    bucket_id        text PRIMARY KEY,
    organization_id  text NOT NULL,
    namespace_id     text NOT NULL,
    name             text NOT NULL,
    description      text,
    bucket_schema    jsonb NOT NULL,
    unique_key       jsonb,
    metadata         jsonb NOT NULL,
    status           text NOT NULL,
    object_count     bigint NOT NULL,
    total_size_bytes bigint NOT NULL,
    last_upload_at   timestamptz,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    position         bigint NOT NULL,
    version          bigint NOT NULL
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX buckets_name ON upwell.buckets (namespace_id, name);
CREATE INDEX buckets_order ON upwell.buckets (namespace_id, position);

-- One row an upload. The columns that `upload.requested` fills bear the names of its fields.
CREATE TABLE upwell.uploads (
    upload_id              text PRIMARY KEY,
    organization_id        text NOT NULL,
    namespace_id           text NOT NULL,
    bucket_id              text NOT NULL,
    version                bigint NOT NULL,
    position               bigint NOT NULL,
    status                 text NOT NULL,
    -- where an abandoned verification goes back to
    status_before          text,
    filename               text,
    content_type           text NOT NULL,
    storage_key            text,
    declared_size_bytes    bigint,
    declared_sha256        text,
    url_expires_in_seconds integer NOT NULL,
    created_at             timestamptz NOT NULL,
    expires_at             timestamptz NOT NULL,
    due_at                 timestamptz NOT NULL,
    metadata               jsonb,
    create_object          boolean NOT NULL,
    object_metadata        jsonb,
    blob_property          text,
    blob_type              text,
    skip_duplicates        boolean NOT NULL,
    unique_key             text,
    policy                 text NOT NULL,
    size_bytes             bigint,
    sha256                 text,
    etag                   text,
    version_id             text,
    verified_at            timestamptz,
    completed_at           timestamptz,
    task_id                text,
    object_id              text,
    duplicate_of           text,
    existing_object_id     text,
    message                text,
    failure_reason         text,
    changed_etag           text,
    keeps_bytes            boolean NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX uploads_order ON upwell.uploads (bucket_id, position);
-- The uploads that later ones can be duplicates of.
CREATE INDEX uploads_originals ON upwell.uploads (bucket_id, sha256, position)
    WHERE status = 'COMPLETED' AND skip_duplicates AND keeps_bytes AND changed_etag IS NULL;

CREATE TABLE upwell.objects (
    object_id       text PRIMARY KEY,
    organization_id text NOT NULL,
    namespace_id    text NOT NULL,
    bucket_id       text NOT NULL,
    blobs           jsonb NOT NULL,
    metadata        jsonb NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    position        bigint NOT NULL,
    version         bigint NOT NULL
);
CREATE INDEX objects_order ON upwell.objects (bucket_id, position);

-- Which object holds the bytes of which upload.
CREATE TABLE upwell.holds (
    upload_id text NOT NULL,
    object_id text NOT NULL,
    PRIMARY KEY (upload_id, object_id)
);

-- Names and unique keys that at most one thing may hold.
CREATE TABLE upwell.claims (
    scope    text NOT NULL,
    key      text NOT NULL,
    owner_id text NOT NULL,
    PRIMARY KEY (scope, key)
);

-- Work that is due later. Operational: not rebuilt.
CREATE TABLE upwell.jobs (
    kind         text NOT NULL,
    upload_id    text NOT NULL,
    due_at       timestamptz NOT NULL,
    attempts     integer NOT NULL DEFAULT 0,
    lease        text,
    leased_until timestamptz,
    last_error   text,
    -- what a `discard` deletes, and when it looks a second time
    storage_key  text,
    again_at     timestamptz,
    PRIMARY KEY (upload_id, kind)
) WITH (fillfactor = 80);
CREATE INDEX jobs_due ON upwell.jobs (due_at);


-- Project one event into the read tables. Reads the event alone: no clock, no chance. Topics that are not ours: nothing.
-- What it changes in its organization's quota is returned and written by the caller, once for many events: every update
-- of one row in one transaction makes the next one slower.
CREATE FUNCTION upwell.project(
    p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb,
    OUT reserved_ bigint, OUT accepted_ bigint
) LANGUAGE plpgsql AS $$
DECLARE
    o          jsonb := e->'origin';
    at_        timestamptz;
    org        text;
BEGIN
    reserved_ := 0;
    accepted_ := 0;
    IF p_topic NOT LIKE '%.v_' THEN
        RETURN;
    END IF;
    at_ := (o->>'at')::timestamptz;
    org := o->>'organization_id';
    CASE p_topic
    WHEN 'upload.requested.v1', 'upload.skipped.v1' THEN
        INSERT INTO uploads
        SELECT r.* FROM jsonb_populate_record(NULL::uploads, (e->'request') || jsonb_build_object(
            'upload_id', p_id, 'organization_id', org, 'namespace_id', o->'namespace_id', 'bucket_id', o->'bucket_id',
            'version', p_version, 'position', p_position, 'created_at', at_, 'keeps_bytes', true,
            'status', CASE p_topic WHEN 'upload.skipped.v1' THEN 'SKIPPED' ELSE 'PENDING' END,
            'existing_object_id', e->'existing_object_id')) r;
        reserved_ := coalesce((e->>'reserved_bytes')::bigint, 0);
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
    WHEN 'object.created.v1' THEN
        INSERT INTO objects VALUES (
            p_id, org, o->>'namespace_id', o->>'bucket_id', e->'blobs', coalesce(nullif(e->'metadata', 'null'), '{}'),
            at_, at_, p_position, p_version);
        INSERT INTO holds
        SELECT DISTINCT b->>'upload_id', p_id FROM jsonb_array_elements(e->'blobs') b;
        UPDATE uploads SET object_id = p_id
        WHERE object_id IS NULL AND upload_id IN (SELECT b->>'upload_id' FROM jsonb_array_elements(e->'blobs') b);
        IF e->>'unique_key' IS NOT NULL THEN
            INSERT INTO claims VALUES ('object:' || (o->>'bucket_id'), e->>'unique_key', p_id);
        END IF;
        UPDATE buckets SET object_count = object_count + 1 WHERE bucket_id = o->>'bucket_id';
        UPDATE namespaces SET object_count = object_count + 1 WHERE namespace_id = o->>'namespace_id';
    WHEN 'object.updated.v1' THEN
        UPDATE objects SET blobs = e->'blobs', metadata = coalesce(nullif(e->'metadata', 'null'), '{}'),
            updated_at = at_, version = p_version
        WHERE object_id = p_id AND version = p_version - 1;
        DELETE FROM holds WHERE object_id = p_id;
        INSERT INTO holds
        SELECT DISTINCT b->>'upload_id', p_id FROM jsonb_array_elements(e->'blobs') b;
        UPDATE uploads SET object_id = NULL
        WHERE object_id = p_id AND upload_id IN (SELECT jsonb_array_elements_text(e->'released_upload_ids'));
        UPDATE uploads SET object_id = p_id
        WHERE object_id IS NULL AND upload_id IN (SELECT b->>'upload_id' FROM jsonb_array_elements(e->'blobs') b);
    WHEN 'bucket.created.v1' THEN
        INSERT INTO buckets VALUES (
            p_id, org, o->>'namespace_id', e->>'name', e->>'description', e->'bucket_schema',
            nullif(e->'unique_key', 'null'), e->'metadata', 'ACTIVE', 0, 0, NULL, at_, at_, p_position, p_version);
        INSERT INTO claims VALUES ('bucket:' || (o->>'namespace_id'), e->>'name', p_id);
        UPDATE namespaces SET bucket_count = bucket_count + 1 WHERE namespace_id = o->>'namespace_id';
    WHEN 'bucket.status_changed.v1' THEN
        UPDATE buckets SET status = e->>'status', updated_at = at_, version = p_version
        WHERE bucket_id = p_id AND version = p_version - 1;
    WHEN 'namespace.created.v1' THEN
        INSERT INTO namespaces VALUES (
            p_id, org, e->>'name', e->>'description', e->'settings', at_, at_, 0, 0, p_position, p_version);
        INSERT INTO claims VALUES ('namespace:' || org, e->>'name', p_id);
    WHEN 'api_key.created.v1' THEN
        INSERT INTO api_keys VALUES (
            p_id, org, e->>'user_id', e->>'name', e->>'description', e->>'key_hash', e->>'prefix', e->'permissions',
            e->'scopes', (e->>'rate_limit_override')::integer, (e->>'expires_at')::timestamptz, at_, o->>'actor_id',
            NULL, NULL, p_version);
        INSERT INTO claims VALUES ('key:' || org || ':' || (e->>'user_id'), e->>'name', p_id);
    WHEN 'api_key.revoked.v1' THEN
        UPDATE api_keys SET revoked_at = at_, revoked_by = o->>'actor_id', version = p_version
        WHERE key_id = p_id AND version = p_version - 1;
        DELETE FROM claims WHERE owner_id = p_id AND scope LIKE 'key:%'
            AND (scope, key) = (SELECT 'key:' || k.organization_id || ':' || k.user_id, k.name
                                FROM api_keys k WHERE k.key_id = p_id);
    WHEN 'organization.created.v1' THEN
        INSERT INTO organizations VALUES (
            p_id, e->>'internal_id', e->>'name', e->>'tier', (e->>'quota_bytes')::bigint, at_, p_version);
        INSERT INTO quotas VALUES (p_id, 0, 0);
    WHEN 'organization.limits_changed.v1' THEN
        UPDATE organizations SET tier = e->>'tier', quota_bytes = (e->>'quota_bytes')::bigint, version = p_version
        WHERE organization_id = p_id AND version = p_version - 1;
    ELSE
        NULL;
    END CASE;
END $$;


-- Add to what an organization's storage holds.
CREATE FUNCTION upwell.add_to_quota(p_organization_id text, p_reserved bigint, p_accepted bigint)
RETURNS void LANGUAGE sql AS $$
    UPDATE quotas SET reserved_bytes = reserved_bytes + p_reserved, accepted_bytes = accepted_bytes + p_accepted
    WHERE organization_id = p_organization_id
$$;


-- Project up to p_limit events after a position, in order, and return the last one's; NULL if there is none.
CREATE FUNCTION upwell.project_after(p_after bigint, p_limit bigint) RETURNS bigint LANGUAGE plpgsql AS $$
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
            convert_from(r.state, 'UTF8')::jsonb);
        reserved := reserved + change.reserved_;
        accepted := accepted + change.accepted_;
        last_ := r.notification_id;
    END LOOP;
    PERFORM add_to_quota(org, reserved, accepted);
    RETURN last_;
END $$;


-- Set a job; one that is there is set anew, and a lease on it counts no more.
CREATE FUNCTION upwell.set_job(p_kind text, p_upload_id text, p_due_at timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO jobs (kind, upload_id, due_at) VALUES (p_kind, p_upload_id, p_due_at)
    ON CONFLICT (upload_id, kind) DO UPDATE
    SET due_at = excluded.due_at, attempts = 0, lease = NULL, leased_until = NULL, last_error = NULL
$$;


-- Have the bytes of an upload deleted now, and once more when a URL that was given out has expired.
CREATE FUNCTION upwell.set_discard(p_upload_id text, p_now timestamptz, p_again_at timestamptz)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO jobs (kind, upload_id, due_at, storage_key, again_at)
    SELECT 'discard', p_upload_id, p_now, storage_key, p_again_at FROM uploads WHERE upload_id = p_upload_id
    ON CONFLICT (upload_id, kind) DO UPDATE
    SET due_at = excluded.due_at, again_at = excluded.again_at, attempts = 0, lease = NULL, leased_until = NULL
$$;


-- Write and remove the jobs that one event calls for, before it is projected. Returns whether a worker should look at
-- once.
CREATE FUNCTION upwell.schedule(p_id text, p_topic text, e jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
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
        IF e->>'forget_at' IS NOT NULL THEN
            PERFORM set_job('forget', p_id, (e->>'forget_at')::timestamptz);
        END IF;
        IF NOT (e->>'keeps_bytes')::boolean THEN
            PERFORM set_discard(p_id, at_, (e->>'due_at')::timestamptz);
            RETURN true;
        ELSIF EXISTS (SELECT FROM uploads WHERE upload_id = p_id AND version_id IS NULL) THEN
            PERFORM set_job('recheck', p_id, (e->>'due_at')::timestamptz);
        END IF;
    WHEN 'upload.failed.v1', 'upload.canceled.v1' THEN
        DELETE FROM jobs WHERE upload_id = p_id;
        PERFORM set_job('forget', p_id, (e->>'forget_at')::timestamptz);
        IF p_topic = 'upload.failed.v1' OR NOT (e->>'keeps_bytes')::boolean THEN
            PERFORM set_discard(p_id, at_, (e->>'due_at')::timestamptz);
            RETURN true;
        END IF;
    WHEN 'upload.forgotten.v1' THEN
        DELETE FROM jobs WHERE upload_id = p_id;
        PERFORM set_discard(p_id, at_, due_at) FROM uploads WHERE upload_id = p_id;
        RETURN true;
    WHEN 'object.created.v1' THEN
        DELETE FROM jobs WHERE kind = 'forget'
            AND upload_id IN (SELECT b->>'upload_id' FROM jsonb_array_elements(e->'blobs') b);
    WHEN 'object.updated.v1' THEN
        DELETE FROM jobs WHERE kind = 'forget'
            AND upload_id IN (SELECT b->>'upload_id' FROM jsonb_array_elements(e->'blobs') b);
        PERFORM set_job('forget', r, (e->>'forget_at')::timestamptz)
        FROM jsonb_array_elements_text(e->'released_upload_ids') r;
    ELSE
        NULL;
    END CASE;
    RETURN false;
END $$;


-- Make the personal fields of a stream's stored events null. Position, version and tag stay.
CREATE FUNCTION upwell.redact(p_id text) RETURNS void LANGUAGE sql AS $$
    UPDATE upwell_events SET state = convert_to(
        (s.e || CASE WHEN s.e ? 'request' THEN jsonb_build_object('request', (s.e->'request') || jsonb_build_object(
                    'filename', NULL, 'storage_key', NULL, 'metadata', NULL, 'object_metadata', NULL)) ELSE '{}' END
             || CASE WHEN s.e ? 'blobs' THEN jsonb_build_object('metadata', NULL, 'blobs', (
                    SELECT coalesce(jsonb_agg(b || '{"filename": null, "storage_key": null}' ORDER BY n), '[]')
                    FROM jsonb_array_elements(s.e->'blobs') WITH ORDINALITY x(b, n))) ELSE '{}' END)::text, 'UTF8')
    FROM (SELECT originator_version v, convert_from(state, 'UTF8')::jsonb e FROM upwell_events
          WHERE originator_id = p_id) s
    WHERE originator_id = p_id AND originator_version = s.v AND (s.e ? 'request' OR s.e ? 'blobs')
$$;


-- Say why a command may not be appended, as {"refused": …}, or NULL if it may. Called under the lock. The quota is not
-- looked at here but by `append`, which knows what the commands before this one took. `p_live`: key, namespace and
-- bucket are known to be live.
CREATE FUNCTION upwell.refusal(c jsonb, p_live boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    org   text := c->>'organization_id';
    hit   text;
    item  jsonb;
BEGIN
    IF NOT p_live AND c->>'key_id' IS NOT NULL AND NOT EXISTS (
        SELECT FROM api_keys WHERE key_id = c->>'key_id' AND organization_id = org AND revoked_at IS NULL) THEN
        RETURN '{"refused": "key_revoked"}';
    END IF;
    IF NOT p_live AND c->>'namespace_id' IS NOT NULL AND NOT EXISTS (
        SELECT FROM namespaces WHERE namespace_id = c->>'namespace_id' AND organization_id = org) THEN
        RETURN '{"refused": "namespace_not_found"}';
    END IF;
    IF NOT p_live AND c->>'bucket_id' IS NOT NULL THEN
        SELECT status INTO hit FROM buckets
        WHERE bucket_id = c->>'bucket_id' AND namespace_id = c->>'namespace_id' AND organization_id = org;
        IF hit IS NULL THEN
            RETURN '{"refused": "bucket_not_found"}';
        ELSIF hit <> 'ACTIVE' THEN
            RETURN jsonb_build_object('refused', 'bucket_not_active', 'status', hit);
        END IF;
    END IF;
    IF c->'free' <> '[]' THEN
        FOR item IN SELECT jsonb_array_elements(c->'free') LOOP
            SELECT owner_id INTO hit FROM claims WHERE scope = item->>'scope' AND key = item->>'key';
            IF FOUND THEN
                RETURN jsonb_build_object('refused', 'taken', 'claim', item, 'owner_id', hit);
            END IF;
        END LOOP;
    END IF;
    IF c->'no_original' <> 'null' THEN
        SELECT upload_id INTO hit FROM uploads
        WHERE bucket_id = c->'no_original'->>'bucket_id' AND sha256 = c->'no_original'->>'sha256'
            AND status = 'COMPLETED' AND skip_duplicates AND keeps_bytes AND changed_etag IS NULL
        ORDER BY position LIMIT 1;
        IF FOUND THEN
            RETURN jsonb_build_object('refused', 'duplicate', 'upload_id', hit);
        END IF;
    END IF;
    IF c->>'stored' IS NOT NULL AND NOT EXISTS (
        SELECT FROM uploads
        WHERE upload_id = c->>'stored' AND status = 'COMPLETED' AND keeps_bytes AND changed_etag IS NULL) THEN
        RETURN jsonb_build_object('refused', 'original_gone', 'upload_id', c->>'stored');
    END IF;
    IF c->>'unheld' IS NOT NULL THEN
        SELECT object_id INTO hit FROM holds WHERE upload_id = c->>'unheld' ORDER BY object_id LIMIT 1;
        IF FOUND THEN
            RETURN jsonb_build_object('refused', 'held_by_object', 'object_id', hit);
        END IF;
    END IF;
    RETURN NULL;
END $$;


-- The one way into the log. Appends each command entirely or not at all, in the order given, and projects its events in
-- the same transaction. Arrays run in parallel: `p_commands` one a command; the others one an event, ordered by command
-- (`p_command` from 1) and version. Returns, for each command, {"position": last} or {"refused": …}.
CREATE FUNCTION upwell.append(
    p_commands jsonb[], p_command integer[], p_ids text[], p_versions bigint[], p_topics text[], p_states bytea[]
) RETURNS jsonb[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = upwell, pg_temp AS $$
DECLARE
    outcomes jsonb[] := '{}';
    outcome  jsonb;
    head     bigint;
    next_    bigint;
    e        jsonb;
    actual   bigint;
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
                SELECT coalesce(max(originator_version), 0) INTO actual FROM upwell_events
                WHERE originator_id = p_ids[i];
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


-- Tell what became of events whose writer lost its connection: the stored state at each place, NULL where nothing is.
-- Takes the writer's lock, so a transaction that was still under way has ended before the answer.
CREATE FUNCTION upwell.stored_states(p_ids text[], p_versions bigint[])
RETURNS TABLE (n bigint, state bytea, notification_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = upwell, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7582370921);
    RETURN QUERY
    SELECT w.n, v.state, v.notification_id
    FROM unnest(p_ids, p_versions) WITH ORDINALITY w(id, version, n)
    LEFT JOIN upwell_events v ON v.originator_id = w.id AND v.originator_version = w.version;
END $$;


REVOKE ALL ON ALL FUNCTIONS IN SCHEMA upwell FROM PUBLIC;
GRANT USAGE ON SCHEMA upwell TO upwell_service;
GRANT SELECT ON ALL TABLES IN SCHEMA upwell TO upwell_service;
GRANT UPDATE, DELETE ON upwell.jobs TO upwell_service;
GRANT EXECUTE ON FUNCTION upwell.append, upwell.stored_states TO upwell_service;
