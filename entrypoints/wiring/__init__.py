"""Chooses the adapters and connects them with the use cases. No other package knows both.

`use_cases` builds the use cases, `running` opens the parts of a service, `operations` those of a command, `worker`
runs.
"""
