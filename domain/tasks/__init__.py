"""Work that continues after the response: the jobs that the events of uploads and objects require.

Leasing and running jobs is in `application.tasks`; the work of a job is in the package of its subject.
"""
