"""Namespaces on PostgreSQL.

The tables are written by `upwell.project`, in `functions/`.
"""
