-- The audit log tells of tokens that were given out, too.

SET LOCAL search_path = upwell, pg_temp;

CREATE INDEX upwell_events_audited ON upwell.upwell_events (organization_id, notification_id)
    WHERE topic NOT LIKE 'upload.%' AND topic NOT LIKE 'object.%' OR topic = 'upload.token_issued.v1';
DROP INDEX upwell.upwell_events_audit;
