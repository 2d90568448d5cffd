"""Where adapters are chosen and put together with the use cases. Nothing else knows both.

`use_cases` puts together, `running` opens what a service needs, `operations` what a command needs, `worker` runs.
"""
