"""Lists: filters, orders, and the safe regular expressions in filters.

Which fields a list has is in `application.lists`; SQL made of filters is in `adapters.postgres.lists.filtering`.
"""
