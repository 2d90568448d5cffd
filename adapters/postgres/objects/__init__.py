"""Objects as they stand, and claims, originals and holds, on PostgreSQL.

What a command demands of them is decided by `upwell.refusal`, in `functions/`.
"""
