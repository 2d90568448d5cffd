"""The arithmetic of rate limits: classes of requests, windows and slices.

Counting is in `application.limits`; storage quotas belong to organizations, in `domain.organizations`.
"""
