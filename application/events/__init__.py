"""Reading the feed: pages, live readers, durable subscriptions, and the check that readers missed nothing."""
