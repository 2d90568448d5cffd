"""Posting to webhooks over HTTP, and the check that their addresses are public.

What is posted and when is decided in `application.webhooks`; secrets and queues are in `adapters.postgres`.
"""
