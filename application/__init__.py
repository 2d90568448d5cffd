"""The use cases, one module each, and their ports. Depends only on the domain.

A use case loads a state, calls the domain, and appends the resulting events. Rules are in `domain`; technology is in
`adapters`.
"""
