"""The use cases of webhooks: managing them, delivering events to them, and replaying a range of the feed.

The signature and the delays are in `domain.webhooks`; HTTP is in `adapters.webhooks`.
"""
