"""Uploads as they stand, for the use cases.

The states that decide are in `domain.uploads.upload`; URLs and bytes are in `application.ports.storage`.
"""
