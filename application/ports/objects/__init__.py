"""The records of objects, and the conditions on claims and bytes.

The bytes are in `application.ports.storage`.
"""
