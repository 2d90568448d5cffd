-- What webhooks are to be told is written down in batches, and made into rows of `webhook_deliveries` when their turn
-- comes: who makes events pays for few rows, however far behind a webhook is.

SET LOCAL search_path = upwell, pg_temp;

-- `deliveries`: [{"position", "stream_id", "topic"}], by position. Batches of a webhook are taken in the order of their
-- numbers, so that what happened first is told first.
CREATE TABLE webhook_batches (
    webhook_id      text NOT NULL,
    number          bigint GENERATED ALWAYS AS IDENTITY,
    organization_id text NOT NULL,
    size            integer NOT NULL,
    first_position  bigint NOT NULL,
    deliveries      jsonb NOT NULL,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (webhook_id, number)
);

SELECT guard('webhook_batches');
GRANT SELECT, INSERT, DELETE ON webhook_batches TO upwell_service;

-- It is asked for what is old once in a while, and written several times for each delivery.
DROP INDEX webhook_deliveries_by_age;
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries USING brin (created_at);

-- A lease takes what is due in the order of an index alone.
DROP INDEX webhook_deliveries_due;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, next_at, position) WHERE status = 'pending';
