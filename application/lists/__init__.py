"""The fields by which each list can be filtered, sorted and searched.

The language of filters is in `domain.lists`; the queries are in the adapters of the read side.
"""
