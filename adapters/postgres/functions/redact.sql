-- Set the personal fields of a stream's stored events to null, or remove those that may be absent, and remove the
-- stream's text from search. Position, version and tag stay. A text that is being written at this moment is not waited
-- for: `index_search` removes it at this event.
-- Called by: append, forget_avoided, schedule_object.
-- Also in Python: adapters.memory.events.event_log.MemoryEventLog._redact.

CREATE OR REPLACE FUNCTION upwell.redact(p_id text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE upwell_events SET state = convert_to(
        (s.e || CASE WHEN jsonb_typeof(s.e->'request') = 'object' THEN jsonb_build_object('request', (
                    SELECT jsonb_object_agg(key, CASE WHEN key NOT IN (
                        'filename', 'storage_key', 'metadata', 'object_metadata') THEN value END)
                    FROM jsonb_each(s.e->'request'))) ELSE '{}' END
             || CASE WHEN s.e ? 'blobs' THEN jsonb_build_object('metadata', NULL, 'blobs', (
                    SELECT coalesce(jsonb_agg(b - '{data,metadata,key_prefix}'::text[]
                        || '{"filename": null, "storage_key": null}' ORDER BY n), '[]')
                    FROM jsonb_array_elements(s.e->'blobs') WITH ORDINALITY x(b, n))) ELSE '{}' END
             || CASE WHEN s.e ? 'storage_key' THEN '{"storage_key": null}'::jsonb ELSE '{}' END)::text, 'UTF8')
    FROM (SELECT originator_version v, convert_from(state, 'UTF8')::jsonb - 'key_prefix' e FROM upwell_events
          WHERE originator_id = p_id) s
    WHERE originator_id = p_id AND originator_version = s.v AND s.e ?| '{request,blobs,storage_key}';
    DELETE FROM search_texts
    WHERE id IN (SELECT t.id FROM search_texts t WHERE t.id = p_id FOR UPDATE SKIP LOCKED);
END $$;
