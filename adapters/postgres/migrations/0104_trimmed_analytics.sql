-- Analytics may be kept for some days only.

SET LOCAL search_path = upwell, pg_temp;

-- Figures of hours before this one are no longer kept. What these hours changed in a bucket is summed up in one row for
-- each combination of labels, at the hour '-infinity'. Whoever writes figures holds the row, and whoever trims them.
CREATE TABLE analytics_kept (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    kept_from timestamptz NOT NULL
);
INSERT INTO analytics_kept (kept_from) VALUES ('-infinity');
GRANT SELECT, UPDATE ON analytics_kept TO upwell_service;

-- The oldest hours, for trimming.
CREATE INDEX analytics_figures_hour ON analytics_figures (hour);
