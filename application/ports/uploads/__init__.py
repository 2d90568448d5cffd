"""The records of uploads, for the use cases.

The states for decisions are in `domain.uploads.upload`; URLs and bytes are in `application.ports.storage`.
"""
