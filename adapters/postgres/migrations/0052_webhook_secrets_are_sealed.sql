-- What is secret about a webhook is encrypted under the server's secret, which the database does not know. `secrets` and
-- `headers` hold what was written before: whoever serves next encrypts it, and empties them.

SET LOCAL search_path = upwell, pg_temp;

ALTER TABLE upwell.webhook_endpoints
    ADD sealed bytea,
    ALTER secrets DROP NOT NULL,
    ALTER headers DROP NOT NULL,
    ADD CHECK (sealed IS NOT NULL OR (secrets IS NOT NULL AND headers IS NOT NULL));
