"""The common parts of events: the base, the registry of tags, the form for subscribers, the names in the audit log.

The events themselves are next to the states that they change, as in `domain.uploads.upload`.
"""
