"""The use cases, one module each, and the ports they need. Knows the domain only."""
