-- A read table of upload tokens, so that they can be listed, renewed and revoked.

SET LOCAL search_path = upwell, pg_temp;

-- The renewals and revocations of tokens are in the audit log, as their issues are. From here on nothing is appended until
-- the table is complete.
DROP INDEX upwell_events_audited;
CREATE INDEX upwell_events_audited ON upwell_events (organization_id, notification_id)
    WHERE topic NOT LIKE 'upload.%' AND topic NOT LIKE 'object.%'
        OR topic IN ('upload.token_issued.v1', 'upload.token_renewed.v1', 'upload.token_revoked.v1');

-- `token_hash`: of the secret, which opens until `expires_at`; NULL: the id was derived from it. `previous_token_hash`: of
-- the secret before the last renewal, which opens until `previous_until`. `lets_open_finish`: as in `api_keys`.
-- `used_bytes`: the sum of the declared sizes of its `used_count` uploads. `position`: of its issue.
CREATE TABLE upload_tokens (
    token_id                text PRIMARY KEY,
    organization_id         text NOT NULL,
    namespace_id            text NOT NULL,
    bucket_id               text NOT NULL,
    key_id                  text NOT NULL,
    subject                 text,
    content_types           jsonb NOT NULL,
    max_size_bytes          bigint,
    max_total_bytes         bigint,
    max_count               integer NOT NULL,
    upload_lifetime_seconds integer NOT NULL,
    policy                  text,
    part_size               bigint,
    blob_property           text,
    token_hash              text,
    expires_at              timestamptz NOT NULL,
    previous_token_hash     text,
    previous_until          timestamptz,
    created_at              timestamptz NOT NULL,
    renewed_at              timestamptz,
    revoked_at              timestamptz,
    revoked_by              text,
    lets_open_finish        boolean NOT NULL DEFAULT false,
    used_count              integer NOT NULL DEFAULT 0,
    used_bytes              bigint NOT NULL DEFAULT 0,
    last_used_at            timestamptz,
    version                 bigint NOT NULL,
    position                bigint NOT NULL
) WITH (fillfactor = 70);                 -- each upload through a token updates its row
CREATE INDEX upload_tokens_order ON upload_tokens (namespace_id, position);
-- The tokens of one subject, whose uploads its other tokens reach.
CREATE INDEX upload_tokens_subject ON upload_tokens (bucket_id, subject, position) WHERE subject IS NOT NULL;
SELECT guard('upload_tokens');
GRANT SELECT ON upload_tokens TO upwell_service;

DO $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT e.* FROM upwell_events i JOIN upwell_events e USING (originator_id)
        WHERE i.topic = 'upload.token_issued.v1' AND i.originator_version = 1
        ORDER BY i.notification_id, e.originator_version
    LOOP
        PERFORM project_upload_token(
            r.originator_id, r.originator_version, r.topic, r.notification_id, convert_from(r.state, 'UTF8')::jsonb);
    END LOOP;
END $$;
