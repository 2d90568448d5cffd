"""The roles that the use cases need, each with its promises. Adapters play them.

One package for each street. The path of a port is the path of its adapters and of its contract test:
`ports/events/event_log.py`, `adapters/postgres/events/event_log.py`, `adapters/memory/events/event_log.py`,
`tests/contract/events/test_event_log.py`. At the top are the roles of no street. Protocols and their records only: no
implementation.
"""
