"""The use cases of webhooks: managing them, delivering events to them, and replaying a range of the feed."""
