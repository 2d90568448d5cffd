"""The log on PostgreSQL: the writer, the probe of its health, and the positions of readers.

The work of an append under the lock is SQL, in `functions/`.
"""
