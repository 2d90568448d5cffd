"""The language of lists: filters, orders, and the safe regular expressions in filters.

The fields of lists are in `application.lists`; the SQL of filters is in `adapters.postgres.lists.filtering`.
"""
