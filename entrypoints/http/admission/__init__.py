"""The checks before a body is read: authentication, permissions, limits, namespace and bucket.

Their order is `STEPS`, in `admission`. What a body announces is checked in `domain.uploads.admission`.
"""
