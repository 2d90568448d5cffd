"""The log, and the positions of its readers.

The content of events is in `domain`; readers are in `application.events`.
"""
