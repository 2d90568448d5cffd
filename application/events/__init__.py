"""Reading the feed: pages, live readers, durable subscriptions, and the check that readers missed nothing.

Nothing is appended here, except a subscription's position. Webhooks are in `application.webhooks`.
"""
