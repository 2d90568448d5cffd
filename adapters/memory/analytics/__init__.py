"""Analytics in memory, computed from the log for each query.

`application.analytics` fills gaps.
"""
