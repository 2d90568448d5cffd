"""Pages of lists, and the role that makes search quick.

Each list is asked for at the reads of its subject.
"""
