"""Objects, and claims, originals and holds, on PostgreSQL.

`upwell.refusal`, in `functions/`, checks the conditions of commands.
"""
