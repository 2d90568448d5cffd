"""Work that continues after an answer was sent: the jobs that events call for.

Doing them is in `application.tasks`; keeping them is in the adapters of `application.ports.jobs`.
"""
