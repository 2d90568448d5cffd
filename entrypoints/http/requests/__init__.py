"""How requests are read: bodies, queries, pages, times.

What the values mean is left to the routes and the domain.
"""
