"""API keys and what they give out: upload tokens, event tokens, and the server's secrets behind them."""
