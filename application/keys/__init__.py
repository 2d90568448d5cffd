"""Authentication and permissions, and the use cases of API keys and tokens.

The states and scopes of a key are in `domain.keys`; the HTTP headers are read in `entrypoints.http.admission`.
"""
