-- Pages of one organization's feed are read in the order of positions, however many other organizations write.

SET LOCAL search_path = upwell, pg_temp;

CREATE INDEX upwell_events_of_organization ON upwell_events (organization_id, notification_id);
