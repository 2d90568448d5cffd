-- Where requests that administer came from. It stands beside the log, because addresses are not for ever: rows are
-- deleted after some days, and no event knows of them.

SET LOCAL search_path = upwell, pg_temp;

CREATE TABLE request_records (
    request_id text NOT NULL,
    organization_id text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    actor_id text NOT NULL,
    address text NOT NULL,
    user_agent text,
    method text NOT NULL,
    route text NOT NULL,
    status integer NOT NULL,
    code text,
    command_ids text[] NOT NULL
);
CREATE INDEX request_records_commands ON request_records USING gin (command_ids);
CREATE INDEX request_records_request ON request_records (organization_id, request_id);
CREATE INDEX request_records_at ON request_records (at);
SELECT guard('request_records');
GRANT SELECT, INSERT, DELETE ON request_records TO upwell_service;
