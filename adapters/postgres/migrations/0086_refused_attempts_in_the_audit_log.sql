-- The audit log tells of refused attempts to administer, too: the newest of an organization are found at once.

SET LOCAL search_path = upwell, pg_temp;

CREATE INDEX request_records_refused ON request_records (organization_id, at DESC) WHERE status >= 400;
