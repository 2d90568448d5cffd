"""Chooses the adapters and connects them with the use cases, for every process that serves or works.

`use_cases` builds the use cases, `running` opens the parts of a service, `operations` those of a command, `worker`
runs. A command of the operator that needs one adapter and one use case connects the two itself.

The modules follow what opens and closes together, not the streets: one pool serves all streets, and their use cases
share each other, so a module for each street would only hand these through.
"""
