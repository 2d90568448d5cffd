-- How far named readers of the feed have come. The rows are no part of the log: who forgets one reads from the beginning.

SET LOCAL search_path = upwell, pg_temp;

CREATE TABLE subscriptions (
    name         text PRIMARY KEY,
    position     bigint NOT NULL,
    lease        text,
    leased_until timestamptz,
    updated_at   timestamptz NOT NULL
);

GRANT SELECT, INSERT, UPDATE, DELETE ON subscriptions TO upwell_service;
