"""Which fields each list can be filtered, sorted and searched by.

The language of filters is in `domain.lists`; the queries are in the adapters of the read side.
"""
