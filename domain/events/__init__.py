"""What all events share: the base, the registry of tags, the form for subscribers, the names in the audit log.

The events themselves stand beside the states that they change, as in `domain.uploads.upload`.
"""
