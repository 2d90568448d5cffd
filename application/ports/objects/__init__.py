"""Objects as they stand, and the conditions under which claims and bytes are taken.

The bytes are in `application.ports.storage`.
"""
