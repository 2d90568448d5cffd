"""The use cases of namespaces."""
