"""NATS JetStream: publishes the feed for readers without access to the database.

Which process publishes is decided in `entrypoints.processes.relaying`; the feed is read by `application.events`.
"""
