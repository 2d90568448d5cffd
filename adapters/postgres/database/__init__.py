"""The database itself: connections, errors, migrations, announcements, and tables made anew from the log.

No port is implemented here: the streets are built on it.
"""
