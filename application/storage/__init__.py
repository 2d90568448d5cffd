"""Comparing the storage bucket with the log, and taking in storage's notifications of new objects.

Deciding what became of an upload is left to `application.uploads`; calls to S3 are in `adapters.s3`.
"""
