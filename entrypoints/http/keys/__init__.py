"""The routes of API keys, upload tokens and event tokens, and their shapes on the wire.

The use cases are in `application.keys`; the key of a request is checked in `admission`.
"""
