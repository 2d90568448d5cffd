"""Reading the feed: pages, live readers, durable subscriptions, and the check for missed events.

Nothing is appended here; only positions of subscriptions are stored. Webhooks are in `application.webhooks`.
"""
