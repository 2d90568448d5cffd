-- What a revoked key has open is refused when its bytes arrive, unless the revocation let it finish.

SET LOCAL search_path = upwell, pg_temp;

ALTER TABLE upwell.api_keys ADD lets_open_finish boolean NOT NULL DEFAULT false;


-- Say which of a command's conditions does not hold: {"refused": …}, or NULL if all do. Called under the lock. Absent
-- ones hold. None is about an upload that was only requested, so requests that wait to be written do not matter.
CREATE OR REPLACE FUNCTION upwell.refusal(c jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
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

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA upwell FROM PUBLIC;
