"""Organizations: their life, their tier, their quota and their rate limits."""
