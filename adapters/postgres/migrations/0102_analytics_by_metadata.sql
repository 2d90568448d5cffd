-- Analytics by metadata: fields that a bucket names, and figures for each combination of their values.

SET LOCAL search_path = upwell, pg_temp;

ALTER TABLE buckets ADD COLUMN analytics_fields jsonb NOT NULL DEFAULT '[]';

-- `labels`: {}: all uploads; otherwise the uploads with these labels (see `labels.py`). The primary key is made anew.
ALTER TABLE analytics_figures ADD COLUMN labels jsonb NOT NULL DEFAULT '{}', DROP CONSTRAINT analytics_figures_pkey;
ALTER TABLE analytics_figures ADD PRIMARY KEY (bucket_id, hour, labels);

-- The fields of buckets that name some, at the position of the figures.
CREATE TABLE analytics_fields (
    bucket_id       text PRIMARY KEY,
    organization_id text NOT NULL,
    fields          jsonb NOT NULL
);
SELECT guard('analytics_fields');
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics_fields TO upwell_service;

-- The combinations of labels that a bucket's uploads of a month (UTC) have: so many and no more.
CREATE TABLE analytics_groups (
    bucket_id       text NOT NULL,
    month           date NOT NULL,
    labels          jsonb NOT NULL,
    organization_id text NOT NULL,
    PRIMARY KEY (bucket_id, month, labels)
);
SELECT guard('analytics_groups');
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics_groups TO upwell_service;

-- The labels of the uploads of buckets with fields, until they are forgotten or deleted.
CREATE TABLE analytics_labels (
    upload_id       text PRIMARY KEY,
    organization_id text NOT NULL,
    labels          jsonb NOT NULL
);
SELECT guard('analytics_labels');
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics_labels TO upwell_service;
