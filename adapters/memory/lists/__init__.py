"""Filters, orders and searches on records in memory.

The language of filters is in `domain.lists`; the fields of each list are in `application.lists`.
"""
