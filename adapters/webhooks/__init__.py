"""Posting to webhooks over HTTP, and the check that their addresses are public.

`application.webhooks` decides what is posted and when; secrets and queues are in `adapters.postgres`.
"""
