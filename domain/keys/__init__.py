"""API keys and what they issue: upload tokens, event tokens, and the server's secrets behind them.

Finding the key of a request is in `application.keys.callers`; the routes are in `entrypoints.http.keys`.
"""
