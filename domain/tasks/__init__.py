"""Work that continues after the answer: which jobs the events of uploads and objects call for.

Leasing and working jobs is in `application.tasks`; what a job does is in the package of its subject.
"""
