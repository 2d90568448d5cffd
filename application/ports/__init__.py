"""The roles that the use cases need; adapters play them."""
