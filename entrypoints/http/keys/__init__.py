"""The routes of API keys and upload tokens, and their shapes on the wire."""
