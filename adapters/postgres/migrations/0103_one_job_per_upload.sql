-- One row of `jobs` for each upload: the job that is due first, and the one after it.

SET LOCAL search_path = upwell, pg_temp;

-- The job after this one: `expire` after `verify`; `forget` before or after `discard` or `recheck`.
ALTER TABLE jobs ADD COLUMN then_kind text, ADD COLUMN then_at timestamptz;

-- Inherited bytes are checked again under the id of the upload that they were stored for, as they are deleted.
UPDATE jobs j SET upload_id = u.inherited_from FROM uploads u
WHERE j.kind = 'recheck' AND u.upload_id = j.upload_id AND u.inherited_from IS NOT NULL
    AND NOT EXISTS (SELECT FROM jobs o WHERE o.upload_id = u.inherited_from)
    AND (SELECT count(*) FROM uploads s WHERE s.inherited_from = u.inherited_from) = 1;

WITH numbered AS (
    SELECT upload_id, kind, due_at, storage_key, multipart_id, again_at,
        row_number() OVER (PARTITION BY upload_id ORDER BY due_at, kind) AS n
    FROM jobs
), second AS (
    DELETE FROM jobs j USING numbered n WHERE n.n = 2 AND j.upload_id = n.upload_id AND j.kind = n.kind RETURNING j.*
)
UPDATE jobs j SET then_kind = s.kind, then_at = s.due_at, storage_key = coalesce(j.storage_key, s.storage_key),
    multipart_id = coalesce(j.multipart_id, s.multipart_id), again_at = coalesce(j.again_at, s.again_at)
FROM second s, numbered f
WHERE f.n = 1 AND f.upload_id = s.upload_id AND j.upload_id = f.upload_id AND j.kind = f.kind;

CREATE TRIGGER follow_job AFTER DELETE ON jobs
    FOR EACH ROW WHEN (OLD.then_kind IS NOT NULL AND current_user = 'upwell_service')
    EXECUTE FUNCTION upwell.follow_job();
