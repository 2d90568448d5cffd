"""NATS JetStream: the feed for readers that the database is not for."""
