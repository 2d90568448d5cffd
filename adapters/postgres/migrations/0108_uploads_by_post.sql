-- The sizes that storage accepts for a file that is sent by a form.

SET LOCAL search_path = upwell, pg_temp;

-- the least and the most bytes; null: the file is sent with PUT
ALTER TABLE uploads ADD COLUMN post_range bigint[];
