"""The database itself: connections, errors, migrations, LISTEN/NOTIFY, and tables rebuilt from the log.

No port is implemented here; the packages of ports use these modules.
"""
