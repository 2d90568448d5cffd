-- One projecting function for each kind of thing, so that a later migration replaces no more than what it changes; and
-- conditions on several uploads at once.

SET LOCAL search_path = upwell, pg_temp;

CREATE FUNCTION upwell.project_upload(
    p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb,
    OUT reserved_ bigint, OUT accepted_ bigint
) LANGUAGE plpgsql AS $$
DECLARE
    o   jsonb := e->'origin';
    at_ timestamptz := (o->>'at')::timestamptz;
    org text := o->>'organization_id';
BEGIN
    reserved_ := 0;
    accepted_ := 0;
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
    ELSE
        NULL;
    END CASE;
END $$;


CREATE FUNCTION upwell.project_object(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    o   jsonb := e->'origin';
    at_ timestamptz := (o->>'at')::timestamptz;
    org text := o->>'organization_id';
BEGIN
    CASE p_topic
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
    ELSE
        NULL;
    END CASE;
END $$;


CREATE FUNCTION upwell.project_bucket(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    o   jsonb := e->'origin';
    at_ timestamptz := (o->>'at')::timestamptz;
    org text := o->>'organization_id';
BEGIN
    CASE p_topic
    WHEN 'bucket.created.v1' THEN
        INSERT INTO buckets VALUES (
            p_id, org, o->>'namespace_id', e->>'name', e->>'description', e->'bucket_schema',
            nullif(e->'unique_key', 'null'), e->'metadata', 'ACTIVE', 0, 0, NULL, at_, at_, p_position, p_version);
        INSERT INTO claims VALUES ('bucket:' || (o->>'namespace_id'), e->>'name', p_id);
        UPDATE namespaces SET bucket_count = bucket_count + 1 WHERE namespace_id = o->>'namespace_id';
    WHEN 'bucket.status_changed.v1' THEN
        UPDATE buckets SET status = e->>'status', updated_at = at_, version = p_version
        WHERE bucket_id = p_id AND version = p_version - 1;
    ELSE
        NULL;
    END CASE;
END $$;


CREATE FUNCTION upwell.project_namespace(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    o   jsonb := e->'origin';
    at_ timestamptz := (o->>'at')::timestamptz;
    org text := o->>'organization_id';
BEGIN
    CASE p_topic
    WHEN 'namespace.created.v1' THEN
        INSERT INTO namespaces VALUES (
            p_id, org, e->>'name', e->>'description', e->'settings', at_, at_, 0, 0, p_position, p_version);
        INSERT INTO claims VALUES ('namespace:' || org, e->>'name', p_id);
    ELSE
        NULL;
    END CASE;
END $$;


CREATE FUNCTION upwell.project_api_key(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    o   jsonb := e->'origin';
    at_ timestamptz := (o->>'at')::timestamptz;
    org text := o->>'organization_id';
BEGIN
    CASE p_topic
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
    ELSE
        NULL;
    END CASE;
END $$;


CREATE FUNCTION upwell.project_organization(p_id text, p_version bigint, p_topic text, p_position bigint, e jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    o   jsonb := e->'origin';
    at_ timestamptz := (o->>'at')::timestamptz;
BEGIN
    CASE p_topic
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
    WHEN 'namespace' THEN
        PERFORM project_namespace(p_id, p_version, p_topic, p_position, e);
    WHEN 'api_key' THEN
        PERFORM project_api_key(p_id, p_version, p_topic, p_position, e);
    WHEN 'organization' THEN
        PERFORM project_organization(p_id, p_version, p_topic, p_position, e);
    ELSE
        NULL;
    END CASE;
END $$;


-- Say why a command may not be appended, as {"refused": …}, or NULL if it may. Called under the lock. The quota is not
-- looked at here but by `append`, which knows what the commands before this one took. `p_live`: key, namespace and
-- bucket are known to be live.
CREATE OR REPLACE FUNCTION upwell.refusal(c jsonb, p_live boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
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
    IF c->'no_original' <> '[]' THEN
        FOR item IN SELECT jsonb_array_elements(c->'no_original') LOOP
            SELECT upload_id INTO hit FROM uploads
            WHERE bucket_id = item->>'bucket_id' AND sha256 = item->>'sha256'
                AND status = 'COMPLETED' AND skip_duplicates AND keeps_bytes AND changed_etag IS NULL
            ORDER BY position LIMIT 1;
            IF FOUND THEN
                RETURN jsonb_build_object('refused', 'duplicate', 'upload_id', hit);
            END IF;
        END LOOP;
    END IF;
    IF c->'stored' <> '[]' THEN
        FOR hit IN SELECT jsonb_array_elements_text(c->'stored') LOOP
            IF NOT EXISTS (SELECT FROM uploads WHERE upload_id = hit AND status = 'COMPLETED' AND keeps_bytes
                           AND changed_etag IS NULL) THEN
                RETURN jsonb_build_object('refused', 'original_gone', 'upload_id', hit);
            END IF;
        END LOOP;
    END IF;
    IF c->'unheld' <> '[]' THEN
        FOR item IN SELECT jsonb_array_elements(c->'unheld') LOOP
            SELECT object_id INTO hit FROM holds
            WHERE upload_id = item->>'upload_id' AND object_id IS DISTINCT FROM item->>'besides'
            ORDER BY object_id LIMIT 1;
            IF FOUND THEN
                RETURN jsonb_build_object('refused', 'held_by_object', 'object_id', hit, 'upload_id', item->'upload_id');
            END IF;
        END LOOP;
    END IF;
    RETURN NULL;
END $$;


REVOKE ALL ON ALL FUNCTIONS IN SCHEMA upwell FROM PUBLIC;
