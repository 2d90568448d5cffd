-- Write the three events of a verification that begins and ends in one command (began, verified, completed), the jobs of
-- the last one, which replace those of the others, and the row. `p_version`, `p_position`: of the first event. Returns
-- whether workers should be woken, and the change of the organization's quota. It leaves what `schedule` and
-- `project_upload` leave after each of the events.
-- Called by: append.
-- Also in Python: domain.tasks.agenda.agenda_of, domain.organizations.ledger.change_of.

CREATE OR REPLACE FUNCTION upwell.write_verification(
    p_id text, p_version bigint, p_states bytea[], p_events jsonb[], p_position bigint,
    OUT wakes boolean, OUT reserved_ bigint, OUT accepted_ bigint
) LANGUAGE plpgsql AS $$
DECLARE
    began     jsonb := p_events[1];
    content   jsonb := p_events[2]->'content';
    completed jsonb := p_events[3];
    o         jsonb := completed->'origin';
BEGIN
    INSERT INTO upwell_events VALUES
        (p_id, p_version, 'upload.verification_began.v1', p_states[1], p_position, o->>'organization_id'),
        (p_id, p_version + 1, 'upload.verified.v1', p_states[2], p_position + 1, o->>'organization_id'),
        (p_id, p_version + 2, 'upload.completed.v1', p_states[3], p_position + 2, o->>'organization_id');
    -- of an upload that was only requested, the one job becomes the next one, with its lane
    IF p_version = 2 AND (completed->>'keeps_bytes')::boolean AND completed->>'deletes_at' IS NULL THEN
        UPDATE jobs SET kind = 'recheck', due_at = (completed->>'due_at')::timestamptz,
            attempts = 0, lease = NULL, leased_until = NULL, last_error = NULL
        WHERE upload_id = p_id AND kind = 'expire';
        IF FOUND THEN
            wakes := false;
        ELSE
            wakes := schedule(p_id, 'upload.completed.v1', completed);
        END IF;
    ELSE
        wakes := schedule(p_id, 'upload.completed.v1', completed);
    END IF;
    UPDATE uploads SET status = 'COMPLETED', task_id = began->>'task_id',
        size_bytes = (content->>'size_bytes')::bigint, sha256 = content->>'sha256', etag = content->>'etag',
        version_id = content->>'version_id', message = content->>'note',
        verified_at = (p_events[2]->'origin'->>'at')::timestamptz, completed_at = (o->>'at')::timestamptz,
        object_id = completed->>'object_id', duplicate_of = completed->>'duplicate_of',
        existing_object_id = completed->>'existing_object_id', keeps_bytes = (completed->>'keeps_bytes')::boolean,
        own_end = (completed->>'deletes_at')::timestamptz, deletes_at = (completed->>'deletes_at')::timestamptz,
        version = p_version + 2
    WHERE upload_id = p_id AND version = p_version - 1;
    reserved_ := -(completed->>'released_bytes')::bigint;
    accepted_ := (completed->>'accepted_bytes')::bigint;
    UPDATE buckets SET total_size_bytes = total_size_bytes + accepted_, last_upload_at = (o->>'at')::timestamptz
    WHERE bucket_id = o->>'bucket_id';
END $$;
