"""Who asks and what they may do, and the use cases of API keys and tokens."""
