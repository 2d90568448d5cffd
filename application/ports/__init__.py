"""The roles that the use cases need, each with its promises. Adapters implement them.

One package per subject. The path of a port is the path of its adapters and of its contract test:
`ports/events/event_log.py`, `adapters/postgres/events/event_log.py`, `adapters/memory/events/event_log.py`,
`tests/contract/events/test_event_log.py`. Roles of no single subject are at the top. Only protocols and their records,
no implementation.
"""
