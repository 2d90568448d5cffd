"""The arithmetic of rate limits on requests: classes of requests, windows and slices.

Counting is in `application.limits`; storage quotas belong to organizations, in `domain.organizations`.
"""
