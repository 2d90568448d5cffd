-- Return the first violated condition of a command: {"refused": …}, or NULL if there is none. Called under the lock.
-- Absent conditions hold, and need no query. No condition concerns an upload that was only requested, so requests that
-- are not yet written do not matter. The query `originals` repeats the definition of an original (`no_original`).
-- Called by: append.
-- Also in Python: domain.uploads.originals.original_of, domain.uploads.originals.heir_of,
-- adapters.memory.objects.object_creation.MemoryObjectCreation.check.

CREATE OR REPLACE FUNCTION upwell.refusal(c jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    hit   text;
    heir  text;
    item  jsonb;
    ended boolean;
BEGIN
    IF c->>'requester' IS NOT NULL THEN
        -- a key; or an upload token, and then its key as well
        SELECT key_id, revoked_at IS NOT NULL AND NOT lets_open_finish INTO hit, ended
        FROM upload_tokens WHERE token_id = c->>'requester';
        IF ended THEN
            RETURN jsonb_build_object('refused', 'requester_revoked', 'requester', c->'requester');
        END IF;
        hit := coalesce(hit, c->>'requester');
        IF EXISTS (SELECT FROM api_keys WHERE key_id = hit AND revoked_at IS NOT NULL AND NOT lets_open_finish) THEN
            RETURN jsonb_build_object('refused', 'requester_revoked', 'requester', hit);
        END IF;
    END IF;
    IF c ? 'free' THEN
        FOR item IN SELECT jsonb_array_elements(c->'free') LOOP
            SELECT owner_id INTO hit FROM claims WHERE scope = item->>'scope' AND key = item->>'key';
            IF FOUND THEN
                RETURN jsonb_build_object('refused', 'taken', 'claim', item, 'owner_id', hit);
            END IF;
        END LOOP;
    END IF;
    IF c ? 'owned' THEN
        FOR item IN SELECT jsonb_array_elements(c->'owned') LOOP
            IF NOT EXISTS (SELECT FROM claims WHERE scope = item->'claim'->>'scope' AND key = item->'claim'->>'key'
                           AND owner_id = item->>'owner_id') THEN
                RETURN jsonb_build_object('refused', 'released') || item;
            END IF;
        END LOOP;
    END IF;
    IF c ? 'no_original' THEN
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
    END IF;
    IF c ? 'stored' THEN
        FOR hit IN SELECT jsonb_array_elements_text(c->'stored') LOOP
            IF NOT EXISTS (SELECT FROM uploads WHERE upload_id = hit AND status = 'COMPLETED' AND keeps_bytes
                           AND changed_etag IS NULL) THEN
                RETURN jsonb_build_object('refused', 'original_gone', 'upload_id', hit);
            END IF;
        END LOOP;
    END IF;
    IF c ? 'held' THEN
        FOR item IN SELECT jsonb_array_elements(c->'held') LOOP
            IF NOT EXISTS (SELECT FROM holds
                           WHERE upload_id = item->>'upload_id' AND object_id = item->>'object_id') THEN
                RETURN jsonb_build_object('refused', 'released_by_object') || item;
            END IF;
        END LOOP;
    END IF;
    IF c ? 'unheld' THEN
        FOR item IN SELECT jsonb_array_elements(c->'unheld') LOOP
            SELECT object_id INTO hit FROM holds
            WHERE upload_id = item->>'upload_id' AND object_id IS DISTINCT FROM item->>'besides'
            ORDER BY object_id LIMIT 1;
            IF FOUND THEN
                RETURN jsonb_build_object('refused', 'held_by_object', 'object_id', hit, 'upload_id', item->'upload_id');
            END IF;
        END LOOP;
    END IF;
    IF c ? 'heirless' THEN
        FOR hit IN SELECT jsonb_array_elements_text(c->'heirless') LOOP
            SELECT upload_id INTO heir FROM uploads
            WHERE duplicate_of = hit AND status = 'COMPLETED' ORDER BY position LIMIT 1;
            IF FOUND THEN
                RETURN jsonb_build_object('refused', 'heir_exists', 'upload_id', hit, 'heir_id', heir);
            END IF;
        END LOOP;
    END IF;
    RETURN NULL;
END $$;
