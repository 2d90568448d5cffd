-- A completed upload stays until somebody deletes it, or until an end that it was given. Whoever goes leaves its bytes to
-- a duplicate that stands on them.

SET LOCAL search_path = upwell, pg_temp;

-- `deletes_at`: as it is shown. `own_end`: that of the upload itself, which counts where no object holds it.
-- `inherited_from`: the upload that its bytes were stored for, where that has gone.
ALTER TABLE upwell.uploads
    ADD deletes_at     timestamptz,
    ADD own_end        timestamptz,
    ADD inherited_from text;
ALTER TABLE upwell.objects ADD deletes_at timestamptz;
ALTER TABLE upwell.buckets ADD retention_seconds bigint;
CREATE INDEX uploads_duplicates ON upwell.uploads (duplicate_of, position) WHERE duplicate_of IS NOT NULL;
CREATE INDEX uploads_inherited ON upwell.uploads (inherited_from) WHERE inherited_from IS NOT NULL;

-- Until now the record and the bytes of a completed upload that no object holds were deleted after 30 days.
DELETE FROM upwell.jobs j USING upwell.uploads u
WHERE j.kind = 'forget' AND u.upload_id = j.upload_id AND u.status = 'COMPLETED';


-- Project the beginnings of several uploads, whose events stand one after the other in the log. `p_last`: the position of
-- the last one.
CREATE OR REPLACE FUNCTION upwell.project_requests(p_ids text[], p_status text, p_events jsonb[], p_last bigint)
RETURNS void LANGUAGE plpgsql AS $$
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


-- Say of uploads when they are deleted: with the last object that holds them, otherwise at their own end.
CREATE FUNCTION upwell.show_ends(p_ids text[]) RETURNS void LANGUAGE sql AS $$
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


-- Have an object hold the uploads whose bytes its blobs are.
CREATE OR REPLACE FUNCTION upwell.hold_bytes(p_id text, p_blobs jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO holds
    SELECT DISTINCT b->>'upload_id', p_id FROM jsonb_array_elements(p_blobs) b WHERE b->>'upload_id' IS NOT NULL;
    UPDATE uploads SET object_id = p_id
    WHERE object_id IS NULL AND upload_id IN (SELECT b->>'upload_id' FROM jsonb_array_elements(p_blobs) b);
    PERFORM show_ends(ARRAY(SELECT b->>'upload_id' FROM jsonb_array_elements(p_blobs) b));
END $$;


-- Have an object hold nothing; what it let go of is said to be of another object that holds it, if any does.
CREATE OR REPLACE FUNCTION upwell.release_bytes(p_id text, p_released jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM holds WHERE object_id = p_id;
    UPDATE uploads u SET object_id = (SELECT min(h.object_id) FROM holds h WHERE h.upload_id = u.upload_id)
    WHERE u.object_id = p_id AND u.upload_id IN (SELECT jsonb_array_elements_text(p_released));
    PERFORM show_ends(ARRAY(SELECT jsonb_array_elements_text(p_released)));
END $$;


CREATE OR REPLACE FUNCTION upwell.project_object(
    p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb
) RETURNS void LANGUAGE plpgsql AS $$
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
            content_key = e->>'content_key', updated_at = at_, version = p_version
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


-- Have the bytes of an upload deleted now, and once more when a URL that was given out has expired. Those that it has
-- inherited go under the id of the upload that they were stored for.
CREATE OR REPLACE FUNCTION upwell.set_discard(p_upload_id text, p_now timestamptz, p_again_at timestamptz)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO jobs (kind, upload_id, due_at, storage_key, multipart_id, again_at)
    SELECT 'discard', coalesce(inherited_from, upload_id), p_now, storage_key, multipart_id, p_again_at FROM uploads
    WHERE upload_id = p_upload_id
    ON CONFLICT (upload_id, kind) DO UPDATE
    SET due_at = excluded.due_at, again_at = excluded.again_at, attempts = 0, lease = NULL, leased_until = NULL
$$;


-- Write and remove the jobs that one event of an object calls for, before it is projected, and forget what is personal
-- in the stream of one that was deleted. Returns whether a worker should look at once.
CREATE OR REPLACE FUNCTION upwell.schedule_object(p_id text, p_topic text, e jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
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


CREATE OR REPLACE FUNCTION upwell.schedule(p_id text, p_topic text, e jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
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


-- Make the personal fields of a stream's stored events null, or leave out those that may be absent, and remove its text
-- from search. Position, version and tag stay. A text that is being written this moment is not waited for: `index_search`
-- removes it when it comes to the event.
CREATE OR REPLACE FUNCTION upwell.redact(p_id text) RETURNS void LANGUAGE sql AS $$
    UPDATE upwell_events SET state = convert_to(
        (s.e || CASE WHEN s.e ? 'request' THEN jsonb_build_object('request', (s.e->'request') || jsonb_build_object(
                    'filename', NULL, 'storage_key', NULL, 'metadata', NULL, 'object_metadata', NULL)) ELSE '{}' END
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


-- Say which of a command's conditions does not hold: {"refused": …}, or NULL if all do. Called under the lock. Absent
-- ones hold. None is about an upload that was only requested, so requests that wait to be written do not matter.
CREATE OR REPLACE FUNCTION upwell.refusal(c jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    hit  text;
    heir text;
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
    FOR hit IN SELECT jsonb_array_elements_text(c->'heirless') LOOP
        SELECT upload_id INTO heir FROM uploads
        WHERE duplicate_of = hit AND status = 'COMPLETED' ORDER BY position LIMIT 1;
        IF FOUND THEN
            RETURN jsonb_build_object('refused', 'heir_exists', 'upload_id', hit, 'heir_id', heir);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;


-- Read the log on by up to p_limit events, and return by how many. One worker does at a time: the others are told 0.
-- The writer is never waited for while it could wait for this, and does not wait (see `redact`).
CREATE OR REPLACE FUNCTION upwell.index_search(p_limit bigint) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = upwell, pg_temp SET plan_cache_mode = force_custom_plan SET enable_seqscan = off AS $$
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


-- Project one event into the read tables. Reads the event alone: no clock, no chance. Topics that are not ours: nothing.
-- What it changes in its organization's quota is returned and written by the caller, once for many events: every update
-- of one row in one transaction makes the next one slower.
CREATE OR REPLACE FUNCTION upwell.project(
    p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb,
    OUT reserved_ bigint, OUT accepted_ bigint
) LANGUAGE plpgsql AS $$
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
    WHEN 'organization' THEN
        PERFORM project_organization(p_id, p_version, p_topic, p_position, e);
    WHEN 'webhook' THEN
        PERFORM project_webhook(p_id, p_version, p_topic, p_position, e);
    ELSE
        NULL;
    END CASE;
END $$;


-- The one way into the log. Appends each command entirely or not at all, in the order given, and projects its events in
-- the same transaction.
-- Arrays of one length, one item a command: `p_callers` (organization, key, namespace and bucket, as JSON: the same text
-- for the same caller), `p_conditions` (see `refusal`, as JSON; NULL: none), `p_rooms` (bytes that the quota must have).
-- Arrays of another length, one item an event, ordered by command (`p_command` from 1) and version: the rest.
-- Returns the position of each command's last event, NULL where it was refused, and the refusals by command's number.
-- A command writes for its own organization only: neither into a stream of another one nor in its name.
-- The state of a topic that is not ours may be anything: it is kept, and not read.
CREATE OR REPLACE FUNCTION upwell.append(
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


REVOKE ALL ON ALL FUNCTIONS IN SCHEMA upwell FROM PUBLIC;
