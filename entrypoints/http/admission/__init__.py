"""The checks before a body is read: authentication, permissions, limits, namespace and bucket.

The order is in `order`. What a body announces is checked in `domain.uploads.admission`.
"""
