"""Work that continues after the answer: tasks and their items, and the worker that leases due jobs.

What an item does is in the package of its subject, as in `application.uploads`. Processes are in `entrypoints`.
"""
