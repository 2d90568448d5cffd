"""API keys, the tokens that they issue, and the server's secrets behind them.

The authentication of requests is in `application.keys.callers`; the routes are in `entrypoints.http.keys`.
"""
