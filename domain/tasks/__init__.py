"""Jobs: the work that the events of uploads and objects require of a worker.

Tasks, which clients can follow, are in `application.tasks`, as is the leasing and running of jobs; the work of a job is
in the package of its subject.
"""
