-- The trigger of `jobs`: set the lane of a job that was written without one, by its subject. The jobs of requested
-- uploads, which are by far the most, are written with their lanes.
-- Called by: 0100_tables.sql.

CREATE OR REPLACE FUNCTION upwell.find_lane() RETURNS trigger LANGUAGE plpgsql SET search_path = upwell, pg_temp AS $$
BEGIN
    SELECT lane_of(organization_id) INTO NEW.lane FROM uploads WHERE upload_id = NEW.upload_id;
    IF NEW.lane IS NULL THEN
        SELECT lane_of(organization_id) INTO NEW.lane FROM objects WHERE object_id = NEW.upload_id;
    END IF;
    NEW.lane := coalesce(NEW.lane, 0);
    RETURN NEW;
END $$;
