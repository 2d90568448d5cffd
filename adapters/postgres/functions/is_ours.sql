-- Return whether a topic is of a kind that `project` or `schedule` may know. The state of any other topic is not read:
-- it need not be JSON.
-- Called by: append, project_after, trim_analytics.
-- Also in Python: domain.events.registry.BY_TAG.

CREATE OR REPLACE FUNCTION upwell.is_ours(p_topic text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT split_part(p_topic, '.', 1)
        IN ('upload', 'object', 'bucket', 'namespace', 'api_key', 'organization', 'webhook')
$$;
