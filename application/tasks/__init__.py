"""Work that goes on after its answer: tasks and their items, and the worker that leases due jobs."""
