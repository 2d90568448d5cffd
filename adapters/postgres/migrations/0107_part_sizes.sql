-- The usual size of parts that a bucket names.

SET LOCAL search_path = upwell, pg_temp;

ALTER TABLE buckets ADD COLUMN part_size bigint;
