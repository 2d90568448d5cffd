"""Work that continues after the response: tasks and their items, and the worker that leases due jobs.

The work of items is in the package of their subject, as in `application.uploads`. Processes are in `entrypoints`.
"""
