"""The use cases, one module each, and the ports they need. Knows the domain only.

A use case loads a state, asks the domain, and appends its events. Rules are in `domain`; technology is in `adapters`.
"""
