"""Figures in memory, counted from the log for each question.

Gaps are filled in `application.analytics`.
"""
