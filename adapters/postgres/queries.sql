-- The queries of the read side, the feed and the jobs. Each begins with its name, followed by its purpose.

-- name: stream
-- All events of one stream, in order.
SELECT originator_id, originator_version, topic, state, notification_id AS id FROM upwell.upwell_events
WHERE originator_id = $1 ORDER BY originator_version;

-- name: streams
-- All events of several streams, each in order.
SELECT originator_id, originator_version, topic, state, notification_id AS id FROM upwell.upwell_events
WHERE originator_id = ANY ($1::text[]) ORDER BY originator_id, originator_version;

-- name: feed
-- The next notifications after a position.
SELECT originator_id, originator_version, topic, state, notification_id AS id FROM upwell.upwell_events
WHERE notification_id > $1 ORDER BY notification_id LIMIT $2;

-- name: packed_feed
-- The next events after a position, by the hundred: the states of those with some topics as a JSON array (NULL: of none),
-- the last position, and how many events there are. A hundred of the largest events stay far below 1 GB, the limit.
SELECT '[' || string_agg(state, ',' ORDER BY notification_id) FILTER (WHERE topic = ANY ($3)) || ']' AS states,
    max(notification_id) AS position, count(*) AS events
FROM (
    SELECT topic, state, notification_id FROM upwell.upwell_events
    WHERE notification_id > $1 ORDER BY notification_id LIMIT $2
) page
GROUP BY notification_id / 100 ORDER BY position;

-- name: feed_of_organization
-- The next notifications of an organization after a position.
SELECT originator_id, originator_version, topic, state, notification_id AS id FROM upwell.upwell_events
WHERE organization_id = $3 AND notification_id > $1 ORDER BY notification_id LIMIT $2;

-- name: feed_at
-- The notifications at some positions.
SELECT originator_id, originator_version, topic, state, notification_id AS id FROM upwell.upwell_events
WHERE notification_id = ANY ($1) ORDER BY notification_id;

-- name: head
-- The last position.
SELECT position FROM upwell.log_head;

-- name: key
-- The key that a secret's hash belongs to, or belonged to before the last rotation.
SELECT * FROM upwell.api_keys WHERE key_hash = $1 OR previous_key_hash = $1;

-- name: key_by_id
-- A key by its id.
SELECT * FROM upwell.api_keys WHERE key_id = $1;

-- name: upload_token
-- An upload token by its id.
SELECT * FROM upwell.upload_tokens WHERE token_id = $1;

-- name: upload_tokens
-- A page of a namespace's upload tokens, newest first.
SELECT * FROM upwell.upload_tokens
WHERE namespace_id = $1 AND position < $2
    AND ($3::text[] IS NULL OR bucket_id = ANY ($3))
    AND ($4::text IS NULL OR key_id = $4)
    AND ($5::text IS NULL OR subject = $5)
    AND ($6::timestamptz IS NULL OR revoked_at IS NULL AND expires_at > $6)
    AND ($7::timestamptz IS NULL OR revoked_at IS NULL
        AND expires_at + make_interval(secs => upload_lifetime_seconds) > $7)
ORDER BY position DESC LIMIT $8;

-- name: tokens_of_owner
-- The tokens for a subject in a bucket, of one key or of all; or one token.
SELECT token_id FROM upwell.upload_tokens
WHERE bucket_id = $1 AND subject = $2 AND ($3::text IS NULL OR key_id = $3)
UNION ALL
SELECT token_id FROM upwell.upload_tokens WHERE $2::text IS NULL AND bucket_id = $1 AND token_id = $4;

-- name: uploads_of_tokens
-- The uploads that were requested with some tokens.
SELECT convert_from(state, 'UTF8')::jsonb->>'upload_id' AS upload_id FROM upwell.upwell_events
WHERE originator_id = ANY ($1::text[]) AND topic = 'upload.token_used.v1';

-- name: events_of_owner
-- The next events of the uploads of an owner (see `tokens_of_owner`), found by its tokens and not by their positions.
WITH tokens AS (
    SELECT token_id FROM upwell.upload_tokens
    WHERE bucket_id = $1 AND subject = $2 AND ($3::text IS NULL OR key_id = $3)
    UNION ALL
    SELECT token_id FROM upwell.upload_tokens WHERE $2::text IS NULL AND bucket_id = $1 AND token_id = $4
), uploads AS MATERIALIZED (
    SELECT convert_from(u.state, 'UTF8')::jsonb->>'upload_id' AS upload_id
    FROM tokens JOIN upwell.upwell_events u ON u.originator_id = tokens.token_id AND u.topic = 'upload.token_used.v1'
)
SELECT e.originator_id, e.originator_version, e.topic, e.state, e.notification_id AS id
FROM uploads, LATERAL (
    -- with an offset, so that each upload is looked up by its id, whatever the planner believes of the position
    SELECT * FROM upwell.upwell_events v WHERE v.originator_id = uploads.upload_id OFFSET 0) e
WHERE e.notification_id > $5 ORDER BY e.notification_id LIMIT $6;

-- name: keys
-- A user's keys, with the last use of each.
SELECT k.*, u.last_used_at FROM upwell.api_keys k LEFT JOIN upwell.key_uses u USING (key_id)
WHERE k.organization_id = $1 AND k.user_id = $2 ORDER BY k.created_at DESC, k.key_id DESC;

-- name: users
-- The users with live keys, and their number of keys.
SELECT user_id, count(*) AS keys FROM upwell.api_keys
WHERE organization_id = $1 AND revoked_at IS NULL GROUP BY user_id ORDER BY user_id;

-- name: note_key_uses
-- Record the last use of keys.
INSERT INTO upwell.key_uses (key_id, organization_id, last_used_at)
SELECT key_id, k.organization_id, n.at
FROM unnest($1::text[], $2::timestamptz[]) n(key_id, at) JOIN upwell.api_keys k USING (key_id)
ON CONFLICT (key_id) DO UPDATE SET last_used_at = greatest(key_uses.last_used_at, excluded.last_used_at);

-- name: key_by_name
-- A user's live key by name.
SELECT * FROM upwell.api_keys
WHERE organization_id = $1 AND user_id = $2 AND name = $3 AND revoked_at IS NULL;

-- name: organization
-- An organization by id.
SELECT * FROM upwell.organizations WHERE organization_id = $1;

-- name: organization_by_name
-- Organizations by id or name; two rows mean that the name is not unique.
SELECT * FROM upwell.organizations WHERE organization_id = $1 OR name = $1 LIMIT 2;

-- name: organizations
-- All organizations, or those of one name, the oldest first.
SELECT * FROM upwell.organizations WHERE $1::text IS NULL OR name = $1 ORDER BY created_at, organization_id COLLATE "C";

-- name: quota
-- The storage use of an organization.
SELECT o.quota_bytes AS limit_bytes, q.reserved_bytes, q.accepted_bytes
FROM upwell.organizations o JOIN upwell.quotas q USING (organization_id) WHERE organization_id = $1;

-- name: usage_things
-- The resources of an organization.
SELECT count(*) AS namespaces, coalesce(sum(bucket_count), 0)::bigint AS buckets,
    coalesce(sum(object_count), 0)::bigint AS objects
FROM upwell.namespaces WHERE organization_id = $1;

-- name: usage_uploads
-- The uploads that an organization requested in a period, by status.
SELECT u.status, count(*) AS uploads,
    coalesce(sum(u.size_bytes) FILTER (WHERE u.status = 'COMPLETED' AND u.duplicate_of IS NULL), 0)::bigint
        AS completed_bytes,
    count(*) FILTER (WHERE u.duplicate_of IS NOT NULL) AS duplicates,
    coalesce(sum(u.size_bytes) FILTER (WHERE u.duplicate_of IS NOT NULL), 0)::bigint AS duplicate_bytes
FROM upwell.namespaces n
    JOIN upwell.buckets b ON b.namespace_id = n.namespace_id
    JOIN upwell.uploads u ON u.bucket_id = b.bucket_id
WHERE n.organization_id = $1
    AND ($2::timestamptz IS NULL OR u.created_at >= $2) AND ($3::timestamptz IS NULL OR u.created_at < $3)
GROUP BY u.status ORDER BY u.status;

-- name: usage_avoided
-- The bytes that an organization did not have to send in a period.
SELECT count(*) AS avoided, coalesce(sum((convert_from(state, 'UTF8')::jsonb->>'saved_bytes')::bigint), 0)::bigint
    AS saved_bytes
FROM upwell.upwell_events
WHERE organization_id = $1 AND topic = 'upload.duplicate_avoided.v1'
    AND ($2::timestamptz IS NULL OR (convert_from(state, 'UTF8')::jsonb->'origin'->>'at')::timestamptz >= $2)
    AND ($3::timestamptz IS NULL OR (convert_from(state, 'UTF8')::jsonb->'origin'->>'at')::timestamptz < $3);

-- name: audit
-- A page of an organization's audit log, newest first.
SELECT originator_id, originator_version, topic, state, notification_id AS id FROM upwell.upwell_events
WHERE organization_id = $1 AND (topic NOT LIKE 'upload.%' AND topic NOT LIKE 'object.%' OR topic IN (
        'upload.token_issued.v1', 'upload.token_renewed.v1', 'upload.token_revoked.v1'))
    AND topic = ANY ($2)
    AND ($3::text IS NULL OR originator_id = $3)
    AND ($4::text IS NULL OR convert_from(state, 'UTF8')::jsonb->'origin'->>'actor_id' = $4)
    AND ($5::timestamptz IS NULL OR (convert_from(state, 'UTF8')::jsonb->'origin'->>'at')::timestamptz >= $5)
    AND ($6::timestamptz IS NULL OR (convert_from(state, 'UTF8')::jsonb->'origin'->>'at')::timestamptz < $6)
    AND ($7::text[] IS NULL OR convert_from(state, 'UTF8')::jsonb->'origin'->>'command_id' = ANY ($7))
ORDER BY notification_id DESC LIMIT $8 OFFSET $9;

-- name: audit_total
-- The number of matching events of an audit log.
SELECT count(*) FROM upwell.upwell_events
WHERE organization_id = $1 AND (topic NOT LIKE 'upload.%' AND topic NOT LIKE 'object.%' OR topic IN (
        'upload.token_issued.v1', 'upload.token_renewed.v1', 'upload.token_revoked.v1'))
    AND topic = ANY ($2)
    AND ($3::text IS NULL OR originator_id = $3)
    AND ($4::text IS NULL OR convert_from(state, 'UTF8')::jsonb->'origin'->>'actor_id' = $4)
    AND ($5::timestamptz IS NULL OR (convert_from(state, 'UTF8')::jsonb->'origin'->>'at')::timestamptz >= $5)
    AND ($6::timestamptz IS NULL OR (convert_from(state, 'UTF8')::jsonb->'origin'->>'at')::timestamptz < $6)
    AND ($7::text[] IS NULL OR convert_from(state, 'UTF8')::jsonb->'origin'->>'command_id' = ANY ($7));

-- name: namespace
-- A namespace of an organization by id or name.
SELECT * FROM upwell.namespaces WHERE organization_id = $1 AND (namespace_id = $2 OR name = $2);

-- name: bucket
-- A bucket of a namespace by id or name.
SELECT * FROM upwell.buckets WHERE namespace_id = $1 AND (bucket_id = $2 OR name = $2);

-- name: uploads_in
-- The next uploads of a bucket.
SELECT upload_id AS id, position FROM upwell.uploads
WHERE bucket_id = $1 AND position > $2 ORDER BY position LIMIT $3;

-- name: objects_in
-- The next objects of a bucket.
SELECT object_id AS id, position FROM upwell.objects
WHERE bucket_id = $1 AND position > $2 ORDER BY position LIMIT $3;

-- name: buckets_in
-- The next buckets of a namespace.
SELECT bucket_id AS id, position FROM upwell.buckets
WHERE namespace_id = $1 AND position > $2 ORDER BY position LIMIT $3;

-- name: bytes_at
-- What the log knows about keys in storage: those whose organization exists, and whose namespace it once created.
SELECT p.upload_id, u.status, u.storage_key, u.multipart_id, u.etag, u.size_bytes, u.version_id,
    EXISTS (SELECT FROM upwell.upwell_events e WHERE e.originator_id = p.upload_id) AS known,
    CASE WHEN u.upload_id IS NOT NULL
        THEN (u.keeps_bytes AND u.status <> 'SKIPPED')
            OR EXISTS (SELECT FROM upwell.holds h WHERE h.upload_id = u.upload_id)
        ELSE (SELECT e.topic NOT IN ('upload.deleted.v1', 'upload.forgotten.v1') FROM upwell.upwell_events e
            WHERE e.originator_id = p.upload_id ORDER BY e.originator_version DESC LIMIT 1) IS TRUE
    END AS needed
FROM unnest($1::text[], $2::text[], $3::text[]) p(internal_id, namespace_id, upload_id)
    JOIN upwell.organizations o ON o.internal_id = p.internal_id
    JOIN upwell.upwell_events n ON n.originator_id = p.namespace_id AND n.originator_version = 1
        AND n.organization_id = o.organization_id
    LEFT JOIN LATERAL (
        SELECT * FROM upwell.uploads u WHERE u.upload_id = p.upload_id OR u.inherited_from = p.upload_id
        ORDER BY u.inherited_from IS NOT DISTINCT FROM p.upload_id DESC LIMIT 1) u ON true;

-- name: verified_uploads
-- The next completed uploads whose bytes are kept.
SELECT upload_id, true AS known, status, true AS needed, storage_key, multipart_id, etag, size_bytes, version_id
FROM upwell.uploads
WHERE upload_id > $1 AND status = 'COMPLETED' AND keeps_bytes ORDER BY upload_id LIMIT $2;

-- name: stored_sizes
-- Sizes of a bucket's stored uploads, from the index alone.
SELECT coalesce(sum(size_bytes), 0)::bigint AS total_bytes,
    coalesce(div(sum(size_bytes), count(*)), 0)::bigint AS average_bytes,
    coalesce(max(size_bytes), 0) AS largest_bytes, coalesce(min(size_bytes), 0) AS smallest_bytes
FROM upwell.uploads
WHERE bucket_id = (SELECT bucket_id FROM upwell.buckets WHERE namespace_id = $1 AND bucket_id = $2)
    AND status = 'COMPLETED' AND keeps_bytes HAVING count(*) > 0;

-- name: upload
-- An upload of a namespace.
SELECT * FROM upwell.uploads WHERE upload_id = $1 AND namespace_id = $2;

-- name: uploads_by_id
-- Some of a namespace's uploads.
SELECT * FROM upwell.uploads WHERE upload_id = ANY ($1::text[]) AND namespace_id = $2;

-- name: open_uploads_of
-- The open uploads that a key or its tokens requested, or an upload token.
SELECT u.upload_id
FROM upwell.uploads u
    JOIN upwell.upwell_events r ON r.originator_id = u.upload_id AND r.originator_version = 1
    JOIN LATERAL (SELECT convert_from(r.state, 'UTF8')::jsonb->'origin'->>'actor_id' AS id) a ON true
    LEFT JOIN upwell.upload_tokens t ON t.token_id = a.id
WHERE u.organization_id = $1 AND u.status IN ('PENDING', 'IN_PROGRESS', 'PROCESSING') AND u.upload_id > $3
    AND $2 IN (a.id, t.key_id)
ORDER BY u.upload_id LIMIT $4;

-- name: originals
-- The earliest original of each content: uploads that later ones with the same bytes and lifetime would duplicate. The
-- same definition as in `upwell.refusal`.
SELECT DISTINCT ON (w.n) w.n, u.*
FROM unnest($1::text[], $2::text[], $3::timestamptz[]) WITH ORDINALITY w (bucket_id, sha256, ends_at, n)
JOIN upwell.uploads u ON u.bucket_id = w.bucket_id AND u.sha256 = w.sha256
WHERE u.status = 'COMPLETED' AND u.skip_duplicates AND u.keeps_bytes AND u.changed_etag IS NULL
    AND (u.own_end IS NULL OR u.own_end >= w.ends_at) AND (u.deletes_at IS NULL OR u.deletes_at >= w.ends_at)
ORDER BY w.n, u.position;

-- name: object
-- An object of a namespace.
SELECT * FROM upwell.objects WHERE object_id = $1 AND namespace_id = $2;

-- name: claim_owner
-- The holder of a claim.
SELECT owner_id FROM upwell.claims WHERE scope = $1 AND key = $2;

-- name: claim_owners
-- The holders of some claims.
SELECT scope, key, owner_id FROM upwell.claims WHERE (scope, key) IN (SELECT * FROM unnest($1::text[], $2::text[]));

-- name: lease_jobs
-- Lease due jobs without a lease, the longest due first, from the next lane that has any and the lanes after it.
-- MATERIALIZED: otherwise the choice would be repeated for every row that it is compared with, and exceed the limit.
WITH due AS MATERIALIZED (
    SELECT job.upload_id, job.kind FROM generate_series(0, 63) n, LATERAL (
        SELECT upload_id, kind FROM upwell.jobs
        WHERE lane = ($5 + n) % 64 AND due_at <= upwell.agreed_time($1)
            AND (leased_until IS NULL OR leased_until <= upwell.agreed_time($1))
        ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED
    ) job
    LIMIT $4
)
UPDATE upwell.jobs j SET lease = $3, leased_until = $2, attempts = attempts + 1
FROM due
WHERE j.upload_id = due.upload_id AND j.kind = due.kind
RETURNING j.kind, j.upload_id, j.due_at, j.attempts, j.lease, j.storage_key, j.multipart_id, j.again_at, j.lane;

-- name: finish_jobs
-- Delete the jobs whose leases we still hold; `follow_job` keeps the other job of a row.
DELETE FROM upwell.jobs j USING unnest($1::text[], $2::text[], $3::text[]) done(upload_id, kind, lease)
WHERE j.upload_id = done.upload_id AND j.kind = done.kind AND j.lease = done.lease;

-- name: put_off_job
-- Release a lease, and retry later: after the other job of the row, if that is due before.
UPDATE upwell.jobs SET lease = NULL, leased_until = NULL, last_error = $5,
    kind = CASE WHEN then_at < $4 THEN then_kind ELSE kind END,
    due_at = CASE WHEN then_at < $4 THEN then_at ELSE $4 END,
    then_kind = CASE WHEN then_at < $4 THEN kind ELSE then_kind END,
    then_at = CASE WHEN then_at < $4 THEN $4 ELSE then_at END
WHERE upload_id = $1 AND kind = $2 AND lease = $3;

-- name: extend_job
-- Extend a lease.
UPDATE upwell.jobs SET leased_until = $4 WHERE upload_id = $1 AND kind = $2 AND lease = $3 RETURNING upload_id;

-- name: next_due
-- The time when the next job is due. Reads the first job without a lease of each lane, and the leased jobs before it,
-- not the many jobs that wait behind it.
WITH free AS (
    SELECT coalesce(min(job.due_at), 'infinity') AS due_at FROM generate_series(0, 63) n, LATERAL (
        SELECT due_at FROM upwell.jobs WHERE lane = n AND leased_until IS NULL ORDER BY due_at LIMIT 1
    ) job
), leased AS (
    SELECT min(greatest(job.due_at, job.leased_until)) AS due_at FROM free, generate_series(0, 63) n, LATERAL (
        SELECT due_at, leased_until FROM upwell.jobs
        WHERE lane = n AND due_at <= free.due_at AND leased_until IS NOT NULL OFFSET 0
    ) job
)
SELECT nullif(least(free.due_at, leased.due_at), 'infinity') FROM free, leased;

-- name: count_uploads
-- The number of uploads in each state.
SELECT status, count FROM upwell.count_uploads();

-- name: stored_bytes
-- The sum of all quotas.
SELECT coalesce(sum(reserved_bytes), 0)::bigint AS reserved, coalesce(sum(accepted_bytes), 0)::bigint AS accepted
FROM upwell.quotas;

-- name: backlog
-- The jobs that are waiting for a worker, up to a limit, by kind.
SELECT kind, count(*) AS count, min(due_at) AS oldest_due_at
FROM (
    SELECT job.kind, job.due_at FROM generate_series(0, 63) n, LATERAL (
        SELECT kind, due_at FROM upwell.jobs
        WHERE lane = n AND due_at <= $1 AND (leased_until IS NULL OR leased_until <= $1) ORDER BY due_at LIMIT $2
    ) job
    LIMIT $2
) waiting
GROUP BY kind;

-- name: create_task
-- Create a task, unless it exists.
INSERT INTO upwell.tasks (
    task_id, organization_id, namespace_id, task_type, actor_id, inputs, additional_data, upload_id, created_at,
    updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
ON CONFLICT (task_id) DO NOTHING RETURNING task_id;

-- name: create_task_items
-- Create the items of a task, in order.
INSERT INTO upwell.task_items (task_id, organization_id, index, subject, input)
SELECT $1, $2, n - 1, i->>'subject', i->'input' FROM jsonb_array_elements($3::jsonb) WITH ORDINALITY x(i, n);

-- name: create_jobs
-- Create jobs of an organization that are not caused by an event.
INSERT INTO upwell.jobs (kind, upload_id, due_at, lane) SELECT $1, s, $3, upwell.lane_of($4) FROM unnest($2::text[]) s
ON CONFLICT (upload_id, kind) DO NOTHING;

-- name: set_job
-- Set a job that is not caused by an event, in place of an existing one, whose lease becomes invalid.
SELECT upwell.put_job($1, $2, $3);

-- name: remove_jobs
-- Delete jobs that are no longer needed.
DELETE FROM upwell.jobs WHERE kind = $1 AND upload_id = ANY ($2::text[]);

-- name: announce_jobs
-- Wake the workers.
NOTIFY upwell_jobs;

-- name: task
-- A task, or an upload's verification as a task; its progress is shown only while it runs. The id of a verification names
-- its upload; those of before do not, and have an index.
SELECT * FROM upwell.tasks WHERE task_id = $1 AND organization_id = $2 AND upload_id IS NULL
UNION ALL
SELECT
    u.task_id, u.organization_id, u.namespace_id, 'api_buckets_uploads_confirm',
    CASE WHEN u.status IN ('PENDING', 'IN_PROGRESS') THEN 'PROCESSING' ELSE u.status END, coalesce(t.actor_id, ''),
    jsonb_build_array(u.upload_id),
    CASE u.status WHEN 'COMPLETED' THEN jsonb_build_array(jsonb_build_object(
        'upload_id', u.upload_id, 'object_id', u.object_id, 'duplicate_of_upload_id', u.duplicate_of,
        'existing_object_id', u.existing_object_id)) ELSE '[]' END,
    CASE WHEN u.status IN ('PENDING', 'IN_PROGRESS', 'PROCESSING') THEN coalesce(t.additional_data, '{}') ELSE '{}' END
        || jsonb_build_object('bucket_id', u.bucket_id, 'failure_reason', u.failure_reason),
    CASE u.status WHEN 'FAILED' THEN u.message END, u.upload_id, coalesce(t.created_at, u.created_at),
    coalesce(u.completed_at, t.created_at, u.created_at), coalesce(t.position, 0)
FROM (
    SELECT * FROM upwell.uploads WHERE upload_id = 'upl_' || substr($1, 6) AND task_id = $1
    UNION ALL
    SELECT * FROM upwell.uploads WHERE task_id = $1 AND task_id <> 'task_' || substr(upload_id, 5)
) u LEFT JOIN upwell.tasks t USING (task_id)
WHERE u.organization_id = $2;

-- name: all_tasks
-- All tasks; the verification of an upload has the state of the upload.
SELECT
    t.task_id, t.organization_id, t.namespace_id, t.task_type, coalesce(v.status, t.status) AS status, t.actor_id,
    t.inputs, coalesce(v.outputs, t.outputs) AS outputs, coalesce(v.additional_data, t.additional_data) AS additional_data,
    coalesce(v.error, t.error) AS error, t.upload_id, t.created_at, coalesce(v.completed_at, t.updated_at) AS updated_at,
    t.position
FROM upwell.tasks t LEFT JOIN LATERAL (
    SELECT
        CASE WHEN u.status IN ('PENDING', 'IN_PROGRESS') THEN 'PROCESSING' ELSE u.status END AS status,
        CASE u.status WHEN 'COMPLETED' THEN jsonb_build_array(jsonb_build_object(
            'upload_id', u.upload_id, 'object_id', u.object_id, 'duplicate_of_upload_id', u.duplicate_of,
            'existing_object_id', u.existing_object_id)) END AS outputs,
        CASE WHEN u.status IN ('PENDING', 'IN_PROGRESS', 'PROCESSING') THEN t.additional_data ELSE '{}' END
            || jsonb_build_object('bucket_id', u.bucket_id, 'failure_reason', u.failure_reason) AS additional_data,
        CASE u.status WHEN 'FAILED' THEN u.message END AS error, u.completed_at
    FROM upwell.uploads u WHERE t.upload_id IS NOT NULL AND u.upload_id = t.upload_id AND u.task_id = t.task_id
) v ON true
WHERE t.upload_id IS NULL OR v.status IS NOT NULL;

-- name: lock_task
-- Lock a task whose items are about to change: one change at a time, so that the last one sees all of them.
SELECT * FROM upwell.tasks WHERE task_id = $1 FOR UPDATE;

-- name: begin_task_item
-- Begin an item, or continue it.
UPDATE upwell.task_items SET status = 'PROCESSING'
WHERE task_id = $1 AND index = $2 AND status IN ('PENDING', 'PROCESSING') RETURNING *;

-- name: begin_task
-- Mark a task as begun.
UPDATE upwell.tasks SET status = 'PROCESSING', updated_at = $2 WHERE task_id = $1 AND status = 'PENDING';

-- name: tell_task
-- Record the progress of a task.
UPDATE upwell.tasks SET additional_data = additional_data || $2, updated_at = $3 WHERE task_id = $1;

-- name: finish_task_item
-- Finish an item.
UPDATE upwell.task_items SET status = $3, output = $4, error = $5
WHERE task_id = $1 AND index = $2 AND status IN ('PENDING', 'PROCESSING') RETURNING task_id;

-- name: settle_task
-- Count a task's items, and finish the task with the last item.
UPDATE upwell.tasks t SET
    status = CASE WHEN t.status = 'CANCELED' OR c.left_ > 0 THEN t.status
                  WHEN c.failed = 0 THEN 'COMPLETED' WHEN c.completed = 0 THEN 'FAILED'
                  ELSE 'COMPLETED_WITH_ERRORS' END,
    outputs = c.outputs,
    additional_data = t.additional_data
        || jsonb_build_object('total', c.total, 'completed', c.completed, 'failed', c.failed),
    error = CASE WHEN c.left_ = 0 THEN c.error END,
    updated_at = $2
FROM (
    SELECT
        count(*) AS total, count(*) FILTER (WHERE status = 'COMPLETED') AS completed,
        count(*) FILTER (WHERE status = 'FAILED') AS failed,
        count(*) FILTER (WHERE status IN ('PENDING', 'PROCESSING')) AS left_,
        coalesce(jsonb_agg(output ORDER BY index) FILTER (WHERE output IS NOT NULL), '[]') AS outputs,
        (array_agg(error ORDER BY index) FILTER (WHERE error IS NOT NULL))[1] AS error
    FROM upwell.task_items WHERE task_id = $1
) c
WHERE t.task_id = $1;

-- name: cancel_task
-- Cancel a task.
UPDATE upwell.tasks SET status = 'CANCELED', updated_at = $2
WHERE task_id = $1 AND status IN ('PENDING', 'PROCESSING') RETURNING task_id;

-- name: cancel_task_items
-- Cancel the items that have not begun.
UPDATE upwell.task_items SET status = 'CANCELED' WHERE task_id = $1 AND status = 'PENDING' RETURNING index;

-- name: drop_task
-- Delete a task that has ended, or whose upload is no longer being verified.
DELETE FROM upwell.tasks t WHERE t.task_id = $1 AND CASE
    WHEN t.upload_id IS NULL THEN t.status NOT IN ('PENDING', 'PROCESSING') AND t.updated_at <= $2
    ELSE NOT EXISTS (
        SELECT FROM upwell.uploads u
        WHERE u.upload_id = t.upload_id AND u.task_id = t.task_id
            AND u.status NOT IN ('COMPLETED', 'FAILED', 'CANCELED'))
    END;

-- name: task_exists
-- Whether the row of a task exists.
SELECT EXISTS (SELECT FROM upwell.tasks WHERE task_id = $1);

-- name: take_slice
-- Take a part of a window's budget of requests, and delete the windows before the last one.
WITH gone AS (
    DELETE FROM upwell.rate_slices WHERE organization_id = $1 AND limited = $2 AND window_number < $3 - 1
)
INSERT INTO upwell.rate_slices AS s (organization_id, limited, window_number, taken) VALUES ($1, $2, $3, $4)
ON CONFLICT (organization_id, limited, window_number) DO UPDATE SET taken = s.taken + excluded.taken
RETURNING taken;

-- name: reserve_key
-- Reserve an idempotency key that is new or expired, or take over one whose request has no outcome and no lease.
INSERT INTO upwell.idempotency_keys AS k
    (name, organization_id, fingerprint, seed, attempt, lease, leased_until, expires_at)
VALUES ($1, $2, $3, $4, 1, $5, $6, $7)
ON CONFLICT (name) DO UPDATE SET
    fingerprint = excluded.fingerprint,
    seed = CASE WHEN k.expires_at <= upwell.agreed_time($8) THEN excluded.seed ELSE k.seed END,
    attempt = CASE WHEN k.expires_at <= upwell.agreed_time($8) THEN 1 ELSE k.attempt + 1 END,
    expires_at = CASE WHEN k.expires_at <= upwell.agreed_time($8) THEN excluded.expires_at ELSE k.expires_at END,
    lease = excluded.lease,
    leased_until = excluded.leased_until,
    made = NULL
WHERE k.expires_at <= upwell.agreed_time($8)
    OR (k.made IS NULL AND k.fingerprint = excluded.fingerprint AND k.leased_until <= upwell.agreed_time($8))
RETURNING seed, attempt;

-- name: idempotency_key
-- An existing idempotency key.
SELECT fingerprint, seed, made FROM upwell.idempotency_keys WHERE name = $1;

-- name: finish_key
-- Store the ids that the request with an idempotency key has created.
UPDATE upwell.idempotency_keys SET made = $3, lease = NULL WHERE name = $1 AND lease = $2;

-- name: release_key
-- Free an idempotency key whose request was refused.
DELETE FROM upwell.idempotency_keys WHERE name = $1 AND lease = $2;

-- name: give_key_back
-- Allow the same request to be retried immediately.
UPDATE upwell.idempotency_keys SET lease = NULL, leased_until = '-infinity' WHERE name = $1 AND lease = $2;

-- name: drop_keys
-- Delete some expired idempotency keys.
DELETE FROM upwell.idempotency_keys WHERE name IN (
    SELECT name FROM upwell.idempotency_keys WHERE expires_at <= upwell.agreed_time($1) ORDER BY expires_at LIMIT $2);

-- name: search_candidates
-- The uploads or objects of a bucket that a search can find, or NULL if there is no fast answer.
SELECT upwell.search_candidates($1, $2, $3, $4) AS ids;

-- name: index_search
-- Update the search index, and return the number of events.
SELECT upwell.index_search($1);

-- name: acquire_subscription
-- Lease a named reader that no other process has leased; return its position, or nothing.
INSERT INTO upwell.subscriptions AS s (name, position, lease, leased_until, updated_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (name) DO UPDATE SET lease = excluded.lease, leased_until = excluded.leased_until
WHERE s.leased_until IS NULL OR s.leased_until <= upwell.agreed_time($5) OR s.lease = excluded.lease
RETURNING s.position;

-- name: renew_subscription
-- Extend the lease of a named reader.
UPDATE upwell.subscriptions SET leased_until = $3 WHERE name = $1 AND lease = $2 RETURNING position;

-- name: release_subscription
-- Release the lease of a named reader.
UPDATE upwell.subscriptions SET lease = NULL, leased_until = NULL WHERE name = $1 AND lease = $2;

-- name: record_subscription
-- Record the position of a named reader, if it still has its lease and the previous position is the stored one.
UPDATE upwell.subscriptions SET position = $4, updated_at = $5 WHERE name = $1 AND lease = $2 AND position = $3
RETURNING position;

-- name: subscriptions
-- All named readers.
SELECT name, position, leased_until, updated_at FROM upwell.subscriptions ORDER BY name COLLATE "C";

-- name: forget_subscription
-- Delete a named reader.
DELETE FROM upwell.subscriptions WHERE name = $1;

-- name: analytics_streams
-- The states of the events of some uploads up to a position: those with some topics, as a JSON array for each upload.
SELECT originator_id, '[' || string_agg(state, ',' ORDER BY originator_version) || ']' AS states
FROM upwell.upwell_events WHERE originator_id = ANY ($1) AND notification_id <= $2 AND topic = ANY ($3)
GROUP BY originator_id;

-- name: analytics_labels
-- The labels of uploads that have some.
SELECT upload_id, labels FROM upwell.analytics_labels WHERE upload_id = ANY ($1);

-- name: add_analytics_labels
-- Keep the labels of uploads.
INSERT INTO upwell.analytics_labels (upload_id, organization_id, labels)
SELECT n->>0, n->>1, (n->2)::jsonb FROM json_array_elements($1::json) AS n;

-- name: remove_analytics_labels
-- Remove the labels of uploads that have gone.
DELETE FROM upwell.analytics_labels WHERE upload_id = ANY ($1);

-- name: analytics_fields
-- The metadata fields of buckets that name some.
SELECT bucket_id, fields FROM upwell.analytics_fields WHERE bucket_id = ANY ($1);

-- name: add_analytics_fields
-- Keep the metadata fields of buckets.
INSERT INTO upwell.analytics_fields (bucket_id, organization_id, fields)
SELECT n->>0, n->>1, (n->2)::jsonb FROM json_array_elements($1::json) AS n;

-- name: remove_analytics_fields
-- Remove the metadata fields of buckets.
DELETE FROM upwell.analytics_fields WHERE bucket_id = ANY ($1);

-- name: analytics_groups
-- The combinations of labels in a month of a bucket.
SELECT labels FROM upwell.analytics_groups WHERE bucket_id = $1 AND month = $2;

-- name: add_analytics_group
-- Keep a combination of labels.
INSERT INTO upwell.analytics_groups (bucket_id, month, labels, organization_id)
VALUES ($1, $2, $3::text::jsonb, $4) ON CONFLICT DO NOTHING;

-- name: remove_empty_analytics_figures
-- Remove rows that no longer count anything.
DELETE FROM upwell.analytics_figures f
USING json_to_recordset($1::json) AS n(bucket_id text, hour timestamptz, labels jsonb)
WHERE f.bucket_id = n.bucket_id AND f.hour = n.hour AND f.labels = n.labels AND f.requested = 0 AND f.stored_bytes = 0
    AND f.objects = 0 AND f.avoided = 0;

-- name: analytics_areas
-- All buckets, and former ones with figures.
SELECT organization_id, namespace_id, bucket_id FROM upwell.buckets
UNION SELECT organization_id, namespace_id, bucket_id FROM upwell.analytics_figures
ORDER BY organization_id, namespace_id, bucket_id;

-- name: analytics_keeps
-- Whether a bucket names a metadata field.
SELECT EXISTS (
    SELECT FROM upwell.buckets
    WHERE organization_id = $1 AND ($2::text IS NULL OR namespace_id = $2)
        AND ($3::text[] IS NULL OR bucket_id = ANY ($3)) AND analytics_fields ? $4) AS kept;

-- name: add_analytics_figures
-- Add changes to the hours of buckets.
INSERT INTO upwell.analytics_figures AS f (
    organization_id, namespace_id, bucket_id, hour, labels,
    stored_bytes, objects, avoided, avoided_bytes, requested, started, pending, in_progress, processing, completed,
    failed, canceled, skipped, completed_bytes, duplicates, duplicate_bytes, took_us, timed, bits_per_second,
    durations, failures)
SELECT n.organization_id, n.namespace_id, n.bucket_id, n.hour, n.labels,
    coalesce(c.stored_bytes, 0), coalesce(c.objects, 0), coalesce(c.avoided, 0), coalesce(c.avoided_bytes, 0),
    coalesce(c.requested, 0), coalesce(c.started, 0), coalesce(c.pending, 0), coalesce(c.in_progress, 0),
    coalesce(c.processing, 0), coalesce(c.completed, 0), coalesce(c.failed, 0), coalesce(c.canceled, 0),
    coalesce(c.skipped, 0), coalesce(c.completed_bytes, 0), coalesce(c.duplicates, 0), coalesce(c.duplicate_bytes, 0),
    coalesce(c.took_us, 0), coalesce(c.timed, 0), coalesce(c.bits_per_second, 0),
    n.durations, n.failures
FROM json_to_recordset($1::json) AS n(organization_id text, namespace_id text, bucket_id text, hour timestamptz,
        labels jsonb, counts json, durations jsonb, failures jsonb),
    json_to_record(n.counts) AS c(
        stored_bytes bigint, objects bigint, avoided bigint, avoided_bytes bigint, requested bigint, started bigint,
        pending bigint, in_progress bigint, processing bigint, completed bigint, failed bigint, canceled bigint,
        skipped bigint, completed_bytes bigint, duplicates bigint, duplicate_bytes bigint, took_us bigint, timed
        bigint, bits_per_second bigint)
ON CONFLICT (bucket_id, hour, labels) DO UPDATE SET
    stored_bytes = f.stored_bytes + excluded.stored_bytes,
    objects = f.objects + excluded.objects,
    avoided = f.avoided + excluded.avoided,
    avoided_bytes = f.avoided_bytes + excluded.avoided_bytes,
    requested = f.requested + excluded.requested,
    started = f.started + excluded.started,
    pending = f.pending + excluded.pending,
    in_progress = f.in_progress + excluded.in_progress,
    processing = f.processing + excluded.processing,
    completed = f.completed + excluded.completed,
    failed = f.failed + excluded.failed,
    canceled = f.canceled + excluded.canceled,
    skipped = f.skipped + excluded.skipped,
    completed_bytes = f.completed_bytes + excluded.completed_bytes,
    duplicates = f.duplicates + excluded.duplicates,
    duplicate_bytes = f.duplicate_bytes + excluded.duplicate_bytes,
    took_us = f.took_us + excluded.took_us,
    timed = f.timed + excluded.timed,
    bits_per_second = f.bits_per_second + excluded.bits_per_second,
    durations = upwell.add_counts(f.durations, excluded.durations),
    failures = upwell.add_counts(f.failures, excluded.failures);

-- name: analytics_uploads
-- The outcomes of the uploads requested in a period, per interval; the row without an interval is the total. With a
-- metadata field ($8), for each label of it.
WITH hours AS MATERIALIZED (
    SELECT f.*, labels->>$8 AS label, date_trunc($7, hour, 'UTC') AS step FROM upwell.analytics_figures f
    WHERE organization_id = $1 AND ($2::text IS NULL OR namespace_id = $2)
        AND ($3::text[] IS NULL OR bucket_id = ANY ($3)) AND hour >= $5 AND hour < $6 AND requested > 0
        AND CASE WHEN $4::text::jsonb = '{}' AND $8::text IS NULL THEN labels = '{}'
            ELSE labels @> $4::text::jsonb AND labels <> '{}' AND ($8 IS NULL OR labels ? $8) END
), slots AS (
    SELECT label, step, slot, sum(uploads::bigint) AS uploads FROM hours, jsonb_each_text(durations) AS d(slot, uploads)
    GROUP BY GROUPING SETS ((label, step, slot), (label, slot))
), totals AS (
    SELECT label, step AS at,
        sum(requested)::bigint AS requested,
        sum(started)::bigint AS started,
        sum(pending)::bigint AS pending,
        sum(in_progress)::bigint AS in_progress,
        sum(processing)::bigint AS processing,
        sum(completed)::bigint AS completed,
        sum(failed)::bigint AS failed,
        sum(canceled)::bigint AS canceled,
        sum(skipped)::bigint AS skipped,
        sum(completed_bytes)::bigint AS completed_bytes,
        sum(duplicates)::bigint AS duplicates,
        sum(duplicate_bytes)::bigint AS duplicate_bytes,
        sum(took_us)::bigint AS took_us,
        sum(timed)::bigint AS timed,
        sum(bits_per_second)::bigint AS bits_per_second
    FROM hours GROUP BY GROUPING SETS ((label, step), (label))
)
SELECT t.*, d.durations FROM totals t LEFT JOIN (
    SELECT label, step, jsonb_object_agg(slot, uploads) AS durations FROM slots GROUP BY label, step
) d ON d.label IS NOT DISTINCT FROM t.label AND d.step IS NOT DISTINCT FROM t.at
ORDER BY t.label, at;

-- name: analytics_failures
-- The failures of the uploads requested in a period, by reason.
SELECT f.reason, sum(f.uploads::bigint)::bigint AS uploads
FROM upwell.analytics_figures, jsonb_each_text(failures) AS f(reason, uploads)
WHERE organization_id = $1 AND ($2::text IS NULL OR namespace_id = $2)
    AND ($3::text[] IS NULL OR bucket_id = ANY ($3)) AND hour >= $5 AND hour < $6
    AND CASE WHEN $4::text::jsonb = '{}' THEN labels = '{}' ELSE labels @> $4::text::jsonb END
GROUP BY f.reason ORDER BY uploads DESC, f.reason;

-- name: analytics_changes
-- The changes of buckets in a period, per interval; the row without an interval is the state before. `late_byte_hours`:
-- the part of its interval for which the bytes did not yet exist. With a metadata field ($8), for each label of it.
SELECT label, step AS at, sum(stored_bytes)::bigint AS stored_bytes, sum(objects)::bigint AS objects,
    sum(avoided)::bigint AS avoided, sum(avoided_bytes)::bigint AS avoided_bytes,
    coalesce(sum(stored_bytes * extract(epoch FROM hour - step) / 3600), 0)::double precision AS late_byte_hours
FROM (
    SELECT h.*, labels->>$8 AS label, CASE WHEN hour >= $5 THEN date_trunc($7, hour, 'UTC') END AS step
    FROM upwell.analytics_figures h
    WHERE organization_id = $1 AND ($2::text IS NULL OR namespace_id = $2)
        AND ($3::text[] IS NULL OR bucket_id = ANY ($3)) AND hour < $6
        AND (stored_bytes <> 0 OR objects <> 0 OR avoided <> 0)
        AND CASE WHEN $4::text::jsonb = '{}' AND $8::text IS NULL THEN labels = '{}'
            ELSE labels @> $4::text::jsonb AND labels <> '{}' AND ($8 IS NULL OR labels ? $8) END
) h
GROUP BY label, step ORDER BY label, step NULLS FIRST;

-- name: analytics_buckets
-- The contents of buckets, and their changes in a period.
SELECT h.bucket_id, sum(stored_bytes)::bigint AS stored_bytes, sum(objects)::bigint AS objects,
    coalesce(sum(stored_bytes) FILTER (WHERE hour >= $5), 0)::bigint AS stored_bytes_change,
    coalesce(sum(objects) FILTER (WHERE hour >= $5), 0)::bigint AS objects_change
FROM upwell.analytics_figures h
WHERE organization_id = $1 AND ($2::text IS NULL OR namespace_id = $2)
    AND ($3::text[] IS NULL OR bucket_id = ANY ($3)) AND hour < $6
    AND (stored_bytes <> 0 OR objects <> 0 OR avoided <> 0)
    AND CASE WHEN $4::text::jsonb = '{}' THEN labels = '{}' ELSE labels @> $4::text::jsonb END
GROUP BY h.bucket_id ORDER BY stored_bytes DESC, h.bucket_id LIMIT $7;

-- name: analytics_position
-- The position of the analytics, and the end of the log.
SELECT coalesce((SELECT position FROM upwell.subscriptions WHERE name = $1), 0) AS position,
    (SELECT position FROM upwell.log_head) AS head,
    (SELECT nullif(kept_from, '-infinity') FROM upwell.analytics_kept) AS kept_from;

-- name: hold_analytics
-- The first hour whose figures are kept; it does not change until the transaction ends.
SELECT nullif(kept_from, '-infinity') FROM upwell.analytics_kept FOR SHARE;

-- name: keep_analytics_from
-- Set the first hour whose figures are kept, so many days ago; NULL: all are kept.
UPDATE upwell.analytics_kept SET kept_from = coalesce(date_trunc('hour', now() - $1::interval, 'UTC'), '-infinity');

-- name: trim_analytics
-- Drop old figures, and return whether more remain.
SELECT upwell.trim_analytics($1, $2);

-- name: webhook
-- A webhook of an organization by id or name, with the state of the key that it acts for.
SELECT w.*, to_jsonb(k) AS key
FROM upwell.webhooks w LEFT JOIN (
    SELECT key_id, permissions, scopes, expires_at, revoked_at FROM upwell.api_keys) k USING (key_id)
WHERE w.organization_id = $1 AND (w.webhook_id = $2 OR w.settings->>'name' = $2);

-- name: webhooks
-- An organization's webhooks, the newest first.
SELECT w.*, to_jsonb(k) AS key
FROM upwell.webhooks w LEFT JOIN (
    SELECT key_id, permissions, scopes, expires_at, revoked_at FROM upwell.api_keys) k USING (key_id)
WHERE w.organization_id = $1 ORDER BY w.position DESC;

-- name: listening_webhooks
-- The enabled webhooks of some organizations.
SELECT w.*, to_jsonb(k) AS key
FROM upwell.webhooks w LEFT JOIN (
    SELECT key_id, permissions, scopes, expires_at, revoked_at FROM upwell.api_keys) k USING (key_id)
WHERE w.organization_id = ANY ($1) AND (w.settings->>'is_active')::boolean ORDER BY w.position;

-- name: changed_webhooks
-- The webhooks of some organizations, or of all, with the position of each one's last event.
SELECT w.*, to_jsonb(k) AS key, (
    SELECT notification_id FROM upwell.upwell_events e WHERE e.originator_id = w.webhook_id
    ORDER BY originator_version DESC LIMIT 1) AS changed_at
FROM upwell.webhooks w LEFT JOIN (
    SELECT key_id, permissions, scopes, expires_at, revoked_at FROM upwell.api_keys) k USING (key_id)
WHERE $1::text[] IS NULL OR w.organization_id = ANY ($1) ORDER BY w.position;

-- name: webhook_endpoints
-- The secrets of webhooks, and the results of their last deliveries.
SELECT webhook_id, organization_id, sealed, secrets, headers, failures, failing_since, resting_until, created_at
FROM upwell.webhook_endpoints WHERE webhook_id = ANY ($1);

-- name: webhook_endpoints_to_seal
-- The secrets of webhooks that are not sealed with the server's newest secret.
SELECT webhook_id, sealed, secrets, headers FROM upwell.webhook_endpoints
WHERE webhook_id > $1 AND (secrets IS NOT NULL OR substring(sealed FROM 1 FOR length($2::bytea)) <> $2)
ORDER BY webhook_id LIMIT $3 FOR UPDATE;

-- name: seal_webhook_endpoint
-- Store the sealed secrets of a webhook.
UPDATE upwell.webhook_endpoints SET sealed = $2, secrets = NULL, headers = NULL WHERE webhook_id = $1;

-- name: keep_webhook_endpoint
-- Store the secrets of a webhook, and count it as responding.
INSERT INTO upwell.webhook_endpoints (webhook_id, organization_id, sealed, created_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (webhook_id) DO UPDATE SET sealed = excluded.sealed, secrets = NULL, headers = NULL, failures = 0,
    failing_since = NULL, resting_until = NULL;

-- name: webhook_answered
-- Record a successful delivery to a webhook.
UPDATE upwell.webhook_endpoints SET failures = 0, failing_since = NULL, resting_until = NULL
WHERE webhook_id = $1 AND failures > 0;

-- name: webhook_failed
-- Record a failed delivery to a webhook: send nothing until the given time.
UPDATE upwell.webhook_endpoints
SET failures = failures + 1, failing_since = coalesce(failing_since, $2), resting_until = greatest(resting_until, $3)
WHERE webhook_id = $1;

-- name: add_deliveries
-- Add deliveries, one batch per webhook. A crash of PostgreSQL also loses the position up to which they were added, so
-- that they are added again.
INSERT INTO upwell.webhook_batches (webhook_id, organization_id, size, first_position, deliveries, created_at)
SELECT n.webhook_id, n.organization_id, jsonb_array_length(n.deliveries), (n.deliveries->0->>'position')::bigint,
    n.deliveries, $2
FROM set_config('synchronous_commit', 'off', true),
    json_to_recordset($1::json) AS n(webhook_id text, organization_id text, deliveries jsonb);

-- name: take_batches
-- Turn the next batches into deliveries, for webhooks that may be notified and have less than a round of deliveries.
-- Existing deliveries stay. Only the session that has locked a webhook takes its batches, so that none is taken before
-- an earlier one.
WITH hungry AS (
    SELECT e.webhook_id
    FROM upwell.webhook_endpoints e JOIN upwell.webhooks w USING (webhook_id)
    WHERE EXISTS (SELECT FROM upwell.webhook_batches b WHERE b.webhook_id = e.webhook_id)
        AND (w.settings->>'is_active')::boolean AND (e.resting_until IS NULL OR e.resting_until <= upwell.agreed_time($1))
        AND (
            SELECT count(*) FROM (
                SELECT FROM upwell.webhook_deliveries p
                WHERE p.webhook_id = e.webhook_id AND p.status = 'pending' AND p.next_at <= upwell.agreed_time($1) AND p.lease IS NULL
                    AND p.position = (
                        SELECT first.position FROM upwell.webhook_deliveries first
                        WHERE first.webhook_id = p.webhook_id AND first.stream_id = p.stream_id
                            AND first.status = 'pending'
                        ORDER BY first.position LIMIT 1)
                LIMIT $2) due
        ) < $2
    FOR UPDATE OF e SKIP LOCKED
), next AS (
    SELECT b.webhook_id, b.number
    FROM hungry, LATERAL (
        SELECT oldest.*, sum(size) OVER (ORDER BY number) - size AS before FROM (
            SELECT * FROM upwell.webhook_batches b
            WHERE b.webhook_id = hungry.webhook_id ORDER BY number LIMIT $2) oldest
    ) b
    WHERE b.before < $2
), taken AS (
    DELETE FROM upwell.webhook_batches b USING next
    WHERE (b.webhook_id, b.number) = (next.webhook_id, next.number)
    RETURNING b.*
)
INSERT INTO upwell.webhook_deliveries
    (webhook_id, position, organization_id, stream_id, topic, status, created_at, next_at)
SELECT t.webhook_id, d.position, t.organization_id, d.stream_id, d.topic, 'pending', t.created_at, t.created_at
FROM taken t, set_config('synchronous_commit', 'off', true),
    jsonb_to_recordset(t.deliveries) AS d(position bigint, stream_id text, topic text)
ON CONFLICT DO NOTHING;

-- name: lease_deliveries
-- Lease due deliveries: in order for each webhook and stream, and at most as many per webhook as may be in progress. A
-- webhook whose last delivery failed gets one attempt at a time, and none while it rests. After a crash of PostgreSQL,
-- leases may repeat.
WITH due AS (
    SELECT d.webhook_id, d.position
    FROM upwell.webhooks w JOIN upwell.webhook_endpoints e USING (webhook_id), LATERAL (
        SELECT p.webhook_id, p.position, p.next_at
        FROM upwell.webhook_deliveries p
        WHERE p.webhook_id = w.webhook_id AND p.status = 'pending' AND p.next_at <= upwell.agreed_time($1)
            AND (p.leased_until IS NULL OR p.leased_until <= upwell.agreed_time($1))
            AND p.position = (
                SELECT first.position FROM upwell.webhook_deliveries first
                WHERE first.webhook_id = p.webhook_id AND first.stream_id = p.stream_id AND first.status = 'pending'
                ORDER BY first.position LIMIT 1)
        ORDER BY p.next_at, p.position
        LIMIT greatest(CASE e.failures WHEN 0 THEN $5::bigint ELSE 1 END - (
            SELECT count(*) FROM upwell.webhook_deliveries u
            WHERE u.webhook_id = w.webhook_id AND u.lease IS NOT NULL AND u.leased_until > upwell.agreed_time($1)), 0)
        FOR UPDATE SKIP LOCKED
    ) d
    WHERE (w.settings->>'is_active')::boolean AND (e.resting_until IS NULL OR e.resting_until <= upwell.agreed_time($1))
    ORDER BY d.next_at, d.position
    LIMIT $4
)
UPDATE upwell.webhook_deliveries d
SET lease = $3, leased_until = $2, attempts = d.attempts + 1, first_at = coalesce(d.first_at, $1)
FROM due, set_config('synchronous_commit', 'off', true) WHERE (d.webhook_id, d.position) = (due.webhook_id, due.position)
RETURNING d.*;

-- name: end_deliveries
-- Record finished attempts: the results of deliveries, and the time of their next attempts. After a crash of
-- PostgreSQL, deliveries may be repeated.
UPDATE upwell.webhook_deliveries d
SET status = n.status, history = n.history::jsonb, next_at = n.next_at, ended_at = n.ended_at, lease = NULL,
    leased_until = NULL
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[])
        n(webhook_id, position, lease, status, history, next_at, ended_at),
    set_config('synchronous_commit', 'off', true)
WHERE d.webhook_id = n.webhook_id AND d.position = n.position AND d.lease = n.lease;

-- name: give_back_delivery
-- Undo a lease.
UPDATE upwell.webhook_deliveries SET lease = NULL, leased_until = NULL, attempts = attempts - 1
WHERE webhook_id = $1 AND position = $2 AND lease = $3;

-- name: deliveries
-- The past and future deliveries of a webhook, the newest first. Opens only as many batches as needed.
SELECT * FROM (
    (SELECT webhook_id, position, organization_id, stream_id, topic, status, attempts, history, created_at, first_at,
        next_at, ended_at
    FROM upwell.webhook_deliveries
    WHERE organization_id = $1 AND webhook_id = $2 AND position < $3 AND ($4::text IS NULL OR status = $4)
    ORDER BY position DESC LIMIT $5)
    UNION ALL
    (SELECT b.webhook_id, d.position, b.organization_id, d.stream_id, d.topic, 'pending', 0, '[]', b.created_at, NULL,
        b.created_at, NULL
    FROM (
        SELECT *, sum(size) OVER newer - first_value(size) OVER newer AS whole_and_newer  -- the newest may lie half above
        FROM upwell.webhook_batches
        WHERE organization_id = $1 AND webhook_id = $2 AND first_position < $3 AND coalesce($4, 'pending') = 'pending'
        WINDOW newer AS (ORDER BY number DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ) b, jsonb_to_recordset(b.deliveries) AS d(position bigint, stream_id text, topic text)
    WHERE coalesce(b.whole_and_newer, 0) < $5 AND d.position < $3 AND NOT EXISTS (
        SELECT FROM upwell.webhook_deliveries t WHERE t.webhook_id = b.webhook_id AND t.position = d.position)
    ORDER BY d.position DESC LIMIT $5)
) d
ORDER BY position DESC LIMIT $5;

-- name: queued_deliveries
-- The past and future deliveries of webhooks for events between two positions.
SELECT webhook_id, position, status FROM upwell.webhook_deliveries
WHERE webhook_id = ANY ($1) AND position > $2 AND position <= $3
UNION
SELECT b.webhook_id, d.position, 'pending'
FROM upwell.webhook_batches b, jsonb_to_recordset(b.deliveries) AS d(position bigint)
WHERE b.webhook_id = ANY ($1) AND b.first_position <= $3 AND (b.deliveries->-1->>'position')::bigint > $2
    AND d.position > $2 AND d.position <= $3;

-- name: dropped_deliveries
-- The positions up to which deliveries may have been deleted.
SELECT webhook_id, position FROM upwell.webhook_dropped WHERE webhook_id = ANY ($1);

-- name: replay_deliveries
-- Create deliveries, or repeat them; pending ones stay unchanged.
INSERT INTO upwell.webhook_deliveries AS d
    (webhook_id, position, organization_id, stream_id, topic, status, created_at, next_at)
SELECT n.webhook_id, n.position, n.organization_id, n.stream_id, n.topic, 'pending', $6, $6
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[])
    n(webhook_id, position, organization_id, stream_id, topic)
ON CONFLICT (webhook_id, position) DO UPDATE
SET status = 'pending', attempts = 0, first_at = NULL, created_at = $6, next_at = $6, ended_at = NULL
WHERE d.status <> 'pending';

-- name: redeliver
-- Repeat a finished delivery. It counts as new, because it could otherwise be deleted before the attempt.
UPDATE upwell.webhook_deliveries
SET status = 'pending', attempts = 0, first_at = NULL, created_at = $4, next_at = $4, ended_at = NULL
WHERE organization_id = $1 AND webhook_id = $2 AND position = $3 AND status <> 'pending';

-- name: drop_deliveries
-- Delete some deliveries that are old, or whose webhook was deleted, and record the positions.
WITH dropped AS (
    DELETE FROM upwell.webhook_deliveries WHERE (webhook_id, position) IN (
        SELECT d.webhook_id, d.position FROM upwell.webhook_deliveries d
        WHERE d.created_at < upwell.agreed_time($1) - $3::interval
        UNION ALL
        SELECT d.webhook_id, d.position FROM upwell.webhook_deliveries d
        WHERE NOT EXISTS (SELECT FROM upwell.webhooks w WHERE w.webhook_id = d.webhook_id)
        LIMIT $2)
    RETURNING webhook_id, organization_id, position
), kept AS (
    INSERT INTO upwell.webhook_dropped AS k (webhook_id, organization_id, position)
    SELECT webhook_id, organization_id, max(position) FROM dropped GROUP BY webhook_id, organization_id
    ON CONFLICT (webhook_id) DO UPDATE SET position = greatest(k.position, excluded.position)
)
SELECT count(*) FROM dropped;

-- name: drop_batches
-- Delete some batches that are old, or whose webhook was deleted, and record the positions.
WITH dropped AS (
    DELETE FROM upwell.webhook_batches WHERE (webhook_id, number) IN (
        SELECT b.webhook_id, b.number FROM upwell.webhook_batches b
        WHERE b.created_at < upwell.agreed_time($1) - $3::interval
            OR NOT EXISTS (SELECT FROM upwell.webhooks w WHERE w.webhook_id = b.webhook_id)
        LIMIT $2)
    RETURNING webhook_id, organization_id, size, (deliveries->-1->>'position')::bigint AS position
), kept AS (
    INSERT INTO upwell.webhook_dropped AS k (webhook_id, organization_id, position)
    SELECT webhook_id, organization_id, max(position) FROM dropped GROUP BY webhook_id, organization_id
    ON CONFLICT (webhook_id) DO UPDATE SET position = greatest(k.position, excluded.position)
)
SELECT coalesce(sum(size), 0) FROM dropped;

-- name: drop_positions
-- Delete the recorded positions of deleted webhooks.
DELETE FROM upwell.webhook_dropped d
WHERE NOT EXISTS (SELECT FROM upwell.webhooks w WHERE w.webhook_id = d.webhook_id);

-- name: drop_webhook_endpoints
-- Delete the secrets of webhooks that were deleted or never created.
DELETE FROM upwell.webhook_endpoints e
WHERE e.created_at < upwell.agreed_time($1) - $2::interval
    AND NOT EXISTS (SELECT FROM upwell.webhooks w WHERE w.webhook_id = e.webhook_id);

-- name: record_request
-- Record the origin of an administrative request.
INSERT INTO upwell.request_records
    (request_id, organization_id, actor_id, address, user_agent, method, route, status, code, command_ids)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: requests_of_commands
-- The requests that appended some of these commands.
SELECT request_id, organization_id, actor_id, address, user_agent, method, route, status, code, command_ids
FROM upwell.request_records WHERE organization_id = $1 AND command_ids && $2::text[];

-- name: requests_of_id
-- The requests with this id.
SELECT request_id, organization_id, actor_id, address, user_agent, method, route, status, code, command_ids
FROM upwell.request_records WHERE organization_id = $1 AND request_id = $2 ORDER BY at;

-- name: refused_requests
-- The newest refused requests of an organization.
SELECT at, request_id, organization_id, actor_id, address, user_agent, method, route, status, code, command_ids
FROM upwell.request_records
WHERE organization_id = $1 AND status >= 400
    AND ($2::text IS NULL OR actor_id = $2)
    AND ($3::text IS NULL OR request_id = $3)
    AND ($4::timestamptz IS NULL OR at >= $4)
    AND ($5::timestamptz IS NULL OR at < $5)
ORDER BY at DESC LIMIT $6;

-- name: forget_requests
-- Delete older requests.
DELETE FROM upwell.request_records WHERE at < now() - $1::interval;
