"""Figures on PostgreSQL: two tables that follow the feed, and the questions to them.

Gaps are filled in `application.analytics`.
"""
