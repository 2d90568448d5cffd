"""Pages of lists, and the role of the search index.

The lists themselves are in the reads of their subject.
"""
