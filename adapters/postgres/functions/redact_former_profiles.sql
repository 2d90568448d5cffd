-- The trigger of `upwell_events`: after an organization has changed its profile, its former billing address is no
-- longer in the log.
-- Called by: 0100_tables.sql.
-- Also in Python: adapters.memory.events.event_log.MemoryEventLog._redact_former_profiles.

CREATE OR REPLACE FUNCTION upwell.redact_former_profiles() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE upwell.upwell_events
    SET state = convert_to((convert_from(state, 'UTF8')::jsonb || '{"billing_email": null}')::text, 'UTF8')
    WHERE originator_id = NEW.originator_id AND originator_version < NEW.originator_version AND topic = NEW.topic;
    RETURN NULL;
END $$;
