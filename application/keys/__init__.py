"""Authentication and permissions, and the use cases of API keys and tokens.

The states and scopes of a key are in `domain.keys`; HTTP headers are parsed in `entrypoints.http.admission`.
"""
