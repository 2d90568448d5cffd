"""The use cases of organizations: an operator opens them, their own admins change them."""
