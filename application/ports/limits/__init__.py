"""The role that counts requests for all processes.

The arithmetic is in `domain.limits`.
"""
