"""The roles that the use cases need, each with its promises. Adapters play them.

Protocols and their records only: no implementation. One contract suite per port is in `tests/contract`.
"""
