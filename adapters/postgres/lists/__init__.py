"""Lists on PostgreSQL: filters and orders as SQL, the columns of each list, pages, and the index of search.

The language of filters is in `domain.lists`; the fields of each list are in `application.lists`.
"""
