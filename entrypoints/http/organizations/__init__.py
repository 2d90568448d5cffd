"""The routes of organizations and their audit log, and their shapes on the wire.

The use cases are in `application.organizations`; creating one is a command, in `entrypoints.cli`.
"""
