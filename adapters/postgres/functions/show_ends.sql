-- Set the end of uploads: with the last object that holds them, otherwise their own end.
-- Called by: hold_bytes, release_bytes.
-- Also in Python: domain.uploads.retention.later_end.

CREATE OR REPLACE FUNCTION upwell.show_ends(p_ids text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE uploads u SET deletes_at = e.at
    FROM (
        SELECT w.upload_id, CASE
            WHEN count(o.object_id) = 0 THEN w.own_end
            WHEN bool_and(o.deletes_at IS NOT NULL) THEN max(o.deletes_at)
        END AS at
        FROM uploads w LEFT JOIN holds h ON h.upload_id = w.upload_id LEFT JOIN objects o ON o.object_id = h.object_id
        WHERE w.upload_id = ANY (p_ids) GROUP BY w.upload_id, w.own_end
    ) e
    WHERE u.upload_id = e.upload_id AND u.deletes_at IS DISTINCT FROM e.at;
END $$;
