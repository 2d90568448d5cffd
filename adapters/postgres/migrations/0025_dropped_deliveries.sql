-- Deliveries are removed when they are old. Up to which position that has happened is kept for each webhook, so that
-- what is still kept can be compared with the log: above it, every event that a webhook wanted has a row or a batch.

SET LOCAL search_path = upwell, pg_temp;

CREATE TABLE webhook_dropped (
    webhook_id      text PRIMARY KEY,
    organization_id text NOT NULL,
    position        bigint NOT NULL
);

SELECT guard('webhook_dropped');
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_dropped TO upwell_service;

-- Nothing of the last 30 days has been removed so far; a day is left for clocks that differ.
INSERT INTO webhook_dropped
SELECT w.webhook_id, w.organization_id, old.position
FROM webhooks w, LATERAL (
    SELECT max(notification_id) AS position FROM upwell_events e
    WHERE e.organization_id = w.organization_id
        AND (convert_from(state, 'UTF8')::jsonb->'origin'->>'at')::timestamptz < now() - interval '29 days'
) old
WHERE old.position IS NOT NULL;
