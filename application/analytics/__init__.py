"""Figures of uploads and buckets over time.

Counting is done by the adapters of `application.ports.analytics`; this package fills gaps and checks the question.
"""
