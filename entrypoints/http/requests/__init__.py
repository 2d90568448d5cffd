"""Parses requests: bodies, queries, pages, times.

The meaning of the values is left to the routes and the domain.
"""
