-- Indexes that no query needs any more.

SET LOCAL search_path = upwell, pg_temp;

-- What an object holds is found by the uploads in its events.
DROP INDEX holds_object;

-- The id of a verification's task names its upload; only those given out before are looked up.
DROP INDEX uploads_task;
CREATE INDEX uploads_task ON uploads (task_id) WHERE task_id <> 'task_' || substr(upload_id, 5);
