"""The log on PostgreSQL: the writer, the probe whether it could write, and the positions of readers.

What an append does under the lock is SQL, in `functions/`.
"""
