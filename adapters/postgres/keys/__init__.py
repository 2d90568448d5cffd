"""When keys were used last, on PostgreSQL.

The questions about keys are answered by `adapters.postgres.read_side`.
"""
