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
-- The key that a secret's hash belongs to.
SELECT * FROM upwell.api_keys WHERE key_hash = $1;

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

-- name: namespace
-- A namespace of an organization by id or name.
SELECT * FROM upwell.namespaces WHERE organization_id = $1 AND (namespace_id = $2 OR name = $2);

-- name: bucket
-- A bucket of a namespace by id or name.
SELECT * FROM upwell.buckets WHERE namespace_id = $1 AND (bucket_id = $2 OR name = $2);

-- name: upload
-- An upload of a namespace.
SELECT * FROM upwell.uploads WHERE upload_id = $1 AND namespace_id = $2;

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
