"""Figures of uploads and buckets over time."""
