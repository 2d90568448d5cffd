-- Tasks: work that goes on after its answer was sent. Operational: not rebuilt.

SET LOCAL search_path = upwell, pg_temp;

CREATE TABLE upwell.tasks (
    task_id         text PRIMARY KEY,
    organization_id text NOT NULL,
    namespace_id    text,
    task_type       text NOT NULL,
    status          text NOT NULL DEFAULT 'PENDING',
    actor_id        text NOT NULL,
    inputs          jsonb NOT NULL,
    outputs         jsonb NOT NULL DEFAULT '[]',
    additional_data jsonb NOT NULL,
    error           text,
    -- the upload whose verification it is: its row says what becomes of the task
    upload_id       text,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    position        bigint GENERATED ALWAYS AS IDENTITY
) WITH (fillfactor = 80);
CREATE INDEX tasks_order ON upwell.tasks (organization_id, position);

-- The parts of a task, each worked on its own by whoever leases its job.
CREATE TABLE upwell.task_items (
    task_id text NOT NULL REFERENCES upwell.tasks ON DELETE CASCADE,
    organization_id text NOT NULL,
    index   integer NOT NULL,
    subject text NOT NULL,
    input   jsonb NOT NULL,
    status  text NOT NULL DEFAULT 'PENDING',
    output  jsonb,
    error   text,
    PRIMARY KEY (task_id, index)
) WITH (fillfactor = 80);

-- The upload whose verification a task is.
CREATE INDEX uploads_task ON upwell.uploads (task_id) WHERE task_id IS NOT NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON upwell.tasks, upwell.task_items TO upwell_service;
GRANT INSERT ON upwell.jobs TO upwell_service;
