-- What processes share about requests: how many there were, and which must not count twice. Operational: not rebuilt.

-- How much of each window's budget of requests has been taken. Not logged: a lost count costs nothing but one window.
CREATE UNLOGGED TABLE upwell.rate_slices (
    organization_id text   NOT NULL,
    -- a class of requests, or the id of an API key
    limited         text   NOT NULL,
    window_number   bigint NOT NULL,
    taken           bigint NOT NULL,
    PRIMARY KEY (organization_id, limited, window_number)
) WITH (fillfactor = 50);

-- One row for each idempotency key of the last 24 hours. `name` is a digest of the API key's id and the client's key.
CREATE TABLE upwell.idempotency_keys (
    name            text PRIMARY KEY,
    organization_id text NOT NULL,
    -- a digest of the request
    fingerprint     text NOT NULL,
    -- what the ids of this request are drawn from, in every attempt the same
    seed            text NOT NULL,
    attempt         integer NOT NULL,
    -- ids of what was made, once that is known
    made            text[],
    lease           text,
    leased_until    timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX idempotency_keys_expires_at ON upwell.idempotency_keys (expires_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON upwell.rate_slices, upwell.idempotency_keys TO upwell_service;
