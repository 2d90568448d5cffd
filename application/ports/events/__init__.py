"""The log, and the positions of its readers.

What an event says is in `domain`; readers are in `application.events`.
"""
