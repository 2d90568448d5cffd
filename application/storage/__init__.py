"""Comparing the S3 bucket with the log, and processing storage's notifications of new objects.

The outcome of uploads is decided in `application.uploads`; the port for bytes is in `application.ports.storage`; calls
to S3 are in `adapters.s3`.
"""
