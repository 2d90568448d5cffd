-- What lists need beside the order of creation: the uploads of one status, in that order.

SET LOCAL search_path = upwell, pg_temp;

CREATE INDEX uploads_status ON upwell.uploads (bucket_id, status, position);
