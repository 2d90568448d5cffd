"""How requests are read: bodies, queries, pages, times."""
