"""Analytics on PostgreSQL: two tables that follow the feed, and their queries.

`application.analytics` fills gaps.
"""
