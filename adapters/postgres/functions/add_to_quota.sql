-- Add to the storage use of an organization. Called once for many events, because each further update of the same row
-- in a transaction is slower.
-- Called by: append, project_after.
-- Also in Python: domain.organizations.ledger.Usage.plus.

CREATE OR REPLACE FUNCTION upwell.add_to_quota(p_organization_id text, p_reserved bigint, p_accepted bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE quotas SET reserved_bytes = reserved_bytes + p_reserved, accepted_bytes = accepted_bytes + p_accepted
    WHERE organization_id = p_organization_id;
END $$;
