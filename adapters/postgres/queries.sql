-- The queries of the read side, the feed and the jobs. Each begins with its name; the line below says what it is for.

-- name: stream
-- All events of one stream, in order.
SELECT originator_id, originator_version, topic, state FROM upwell.upwell_events
WHERE originator_id = $1 ORDER BY originator_version;

-- name: feed
-- The next notifications after a position.
SELECT originator_id, originator_version, topic, state, notification_id AS id FROM upwell.upwell_events
WHERE notification_id > $1 ORDER BY notification_id LIMIT $2;

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
-- What gave an upload token out.
SELECT state FROM upwell.upwell_events WHERE originator_id = $1 AND originator_version = 1;

-- name: keys
-- A user's keys, and when each was used last.
SELECT k.*, u.last_used_at FROM upwell.api_keys k LEFT JOIN upwell.key_uses u USING (key_id)
WHERE k.organization_id = $1 AND k.user_id = $2 ORDER BY k.created_at DESC, k.key_id DESC;

-- name: users
-- Who has live keys, and how many.
SELECT user_id, count(*) AS keys FROM upwell.api_keys
WHERE organization_id = $1 AND revoked_at IS NULL GROUP BY user_id ORDER BY user_id;

-- name: note_key_uses
-- When keys were used last.
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

-- name: quota
-- What an organization's storage holds.
SELECT o.quota_bytes AS limit_bytes, q.reserved_bytes, q.accepted_bytes
FROM upwell.organizations o JOIN upwell.quotas q USING (organization_id) WHERE organization_id = $1;

-- name: usage_things
-- What an organization has.
SELECT count(*) AS namespaces, coalesce(sum(bucket_count), 0)::bigint AS buckets,
    coalesce(sum(object_count), 0)::bigint AS objects
FROM upwell.namespaces WHERE organization_id = $1;

-- name: usage_uploads
-- The uploads that an organization requested in some time, by status.
SELECT u.status, count(*) AS uploads,
    coalesce(sum(u.size_bytes) FILTER (WHERE u.status = 'COMPLETED' AND u.duplicate_of IS NULL), 0)::bigint
        AS completed_bytes,
    coalesce(sum(u.size_bytes) FILTER (WHERE u.duplicate_of IS NOT NULL), 0)::bigint AS duplicate_bytes
FROM upwell.namespaces n
    JOIN upwell.buckets b ON b.namespace_id = n.namespace_id
    JOIN upwell.uploads u ON u.bucket_id = b.bucket_id
WHERE n.organization_id = $1
    AND ($2::timestamptz IS NULL OR u.created_at >= $2) AND ($3::timestamptz IS NULL OR u.created_at < $3)
GROUP BY u.status ORDER BY u.status;

-- name: usage_avoided
-- The bytes that an organization did not have to send in some time.
SELECT count(*) AS avoided, coalesce(sum((convert_from(state, 'UTF8')::jsonb->>'saved_bytes')::bigint), 0)::bigint
    AS saved_bytes
FROM upwell.upwell_events
WHERE organization_id = $1 AND topic = 'upload.duplicate_avoided.v1'
    AND ($2::timestamptz IS NULL OR (convert_from(state, 'UTF8')::jsonb->'origin'->>'at')::timestamptz >= $2)
    AND ($3::timestamptz IS NULL OR (convert_from(state, 'UTF8')::jsonb->'origin'->>'at')::timestamptz < $3);

-- name: audit
-- A page of an organization's audit log, newest first.
SELECT originator_id, originator_version, topic, state, notification_id AS id FROM upwell.upwell_events
WHERE organization_id = $1 AND topic NOT LIKE 'upload.%' AND topic NOT LIKE 'object.%' AND topic = ANY ($2)
    AND ($3::text IS NULL OR originator_id = $3)
    AND ($4::text IS NULL OR convert_from(state, 'UTF8')::jsonb->'origin'->>'actor_id' = $4)
    AND ($5::timestamptz IS NULL OR (convert_from(state, 'UTF8')::jsonb->'origin'->>'at')::timestamptz >= $5)
    AND ($6::timestamptz IS NULL OR (convert_from(state, 'UTF8')::jsonb->'origin'->>'at')::timestamptz < $6)
ORDER BY notification_id DESC LIMIT $7 OFFSET $8;

-- name: audit_total
-- How many events of an audit log match.
SELECT count(*) FROM upwell.upwell_events
WHERE organization_id = $1 AND topic NOT LIKE 'upload.%' AND topic NOT LIKE 'object.%' AND topic = ANY ($2)
    AND ($3::text IS NULL OR originator_id = $3)
    AND ($4::text IS NULL OR convert_from(state, 'UTF8')::jsonb->'origin'->>'actor_id' = $4)
    AND ($5::timestamptz IS NULL OR (convert_from(state, 'UTF8')::jsonb->'origin'->>'at')::timestamptz >= $5)
    AND ($6::timestamptz IS NULL OR (convert_from(state, 'UTF8')::jsonb->'origin'->>'at')::timestamptz < $6);

-- name: namespace
-- A namespace of an organization by id or name.
SELECT * FROM upwell.namespaces WHERE organization_id = $1 AND (namespace_id = $2 OR name = $2);

-- name: namespaces
-- A page of an organization's namespaces, newest first.
SELECT * FROM upwell.namespaces
WHERE organization_id = $1 AND ($2::bigint IS NULL OR position < $2) AND ($3::text IS NULL OR name ILIKE $3)
ORDER BY position DESC LIMIT $4 OFFSET $5;

-- name: namespaces_total
-- How many namespaces match.
SELECT count(*) FROM upwell.namespaces WHERE organization_id = $1 AND ($2::text IS NULL OR name ILIKE $2);

-- name: bucket
-- A bucket of a namespace by id or name.
SELECT * FROM upwell.buckets WHERE namespace_id = $1 AND (bucket_id = $2 OR name = $2);

-- name: buckets
-- A page of a namespace's buckets, newest first.
SELECT * FROM upwell.buckets
WHERE namespace_id = $1 AND ($2::bigint IS NULL OR position < $2) AND ($3::text IS NULL OR name ILIKE $3)
ORDER BY position DESC LIMIT $4 OFFSET $5;

-- name: buckets_total
-- How many buckets match.
SELECT count(*) FROM upwell.buckets WHERE namespace_id = $1 AND ($2::text IS NULL OR name ILIKE $2);

-- name: upload
-- An upload of a namespace.
SELECT * FROM upwell.uploads WHERE upload_id = $1 AND namespace_id = $2;

-- name: uploads
-- A page of a bucket's uploads, newest first.
SELECT * FROM upwell.uploads
WHERE bucket_id = $1 AND namespace_id = $2 AND ($3::bigint IS NULL OR position < $3)
    AND ($4::text IS NULL OR filename ILIKE $4) AND ($5::text IS NULL OR status = $5)
ORDER BY position DESC LIMIT $6 OFFSET $7;

-- name: uploads_total
-- How many uploads match.
SELECT count(*) FROM upwell.uploads
WHERE bucket_id = $1 AND namespace_id = $2
    AND ($3::text IS NULL OR filename ILIKE $3) AND ($4::text IS NULL OR status = $4);

-- name: object
-- An object of a namespace.
SELECT * FROM upwell.objects WHERE object_id = $1 AND namespace_id = $2;

-- name: claim_owner
-- Who holds a claim.
SELECT owner_id FROM upwell.claims WHERE scope = $1 AND key = $2;

-- name: lease_jobs
-- Take due jobs that nobody works on, the longest due first.
UPDATE upwell.jobs j SET lease = $3, leased_until = $2, attempts = attempts + 1
FROM (
    SELECT upload_id, kind FROM upwell.jobs
    WHERE due_at <= $1 AND (leased_until IS NULL OR leased_until <= $1)
    ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED
) due
WHERE j.upload_id = due.upload_id AND j.kind = due.kind
RETURNING j.kind, j.upload_id, j.due_at, j.attempts, j.lease, j.storage_key, j.again_at;

-- name: finish_job
-- Remove a job that is still ours.
DELETE FROM upwell.jobs WHERE upload_id = $1 AND kind = $2 AND lease = $3;

-- name: put_off_job
-- Give a lease back, for later.
UPDATE upwell.jobs SET lease = NULL, leased_until = NULL, due_at = $4, last_error = $5
WHERE upload_id = $1 AND kind = $2 AND lease = $3;

-- name: extend_job
-- Keep a lease.
UPDATE upwell.jobs SET leased_until = $4 WHERE upload_id = $1 AND kind = $2 AND lease = $3 RETURNING upload_id;

-- name: next_due
-- When the next job wants a worker.
SELECT min(greatest(due_at, leased_until)) FROM upwell.jobs;

-- name: take_slice
-- Take some of a window's budget of requests, and forget the windows before the last one.
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
    seed = CASE WHEN k.expires_at <= $8 THEN excluded.seed ELSE k.seed END,
    attempt = CASE WHEN k.expires_at <= $8 THEN 1 ELSE k.attempt + 1 END,
    expires_at = CASE WHEN k.expires_at <= $8 THEN excluded.expires_at ELSE k.expires_at END,
    lease = excluded.lease,
    leased_until = excluded.leased_until,
    made = NULL
WHERE k.expires_at <= $8
    OR (k.made IS NULL AND k.fingerprint = excluded.fingerprint AND k.leased_until <= $8)
RETURNING seed, attempt;

-- name: idempotency_key
-- An idempotency key that could not be reserved.
SELECT fingerprint, seed, made FROM upwell.idempotency_keys WHERE name = $1;

-- name: finish_key
-- Keep what the request under an idempotency key has made.
UPDATE upwell.idempotency_keys SET made = $3, lease = NULL WHERE name = $1 AND lease = $2;

-- name: release_key
-- Free an idempotency key whose request was refused.
DELETE FROM upwell.idempotency_keys WHERE name = $1 AND lease = $2;

-- name: give_key_back
-- Let the same request be tried again at once.
UPDATE upwell.idempotency_keys SET lease = NULL, leased_until = '-infinity' WHERE name = $1 AND lease = $2;

-- name: drop_keys
-- Remove some of the idempotency keys that have expired.
DELETE FROM upwell.idempotency_keys
WHERE name IN (SELECT name FROM upwell.idempotency_keys WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2);
