-- Add to the storage use of organizations: the arrays have one item for each. Called once for many events, because each
-- further update of the same row in a transaction is slower.
-- Called by: append, project_after.
-- Also in Python: domain.organizations.ledger.Usage.plus.

CREATE OR REPLACE FUNCTION upwell.add_to_quota(p_organization_ids text[], p_reserved bigint[], p_accepted bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE quotas q SET reserved_bytes = reserved_bytes + c.reserved, accepted_bytes = accepted_bytes + c.accepted
    FROM unnest(p_organization_ids, p_reserved, p_accepted) c(id, reserved, accepted)
    WHERE q.organization_id = c.id AND (c.reserved <> 0 OR c.accepted <> 0);
END $$;
