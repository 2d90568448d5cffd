"""Uploads: what is admitted, the states of an upload and the steps between them, and how arrived bytes are judged.

Reads nothing but its arguments. Objects are in `domain.objects`, upload tokens in `domain.keys`.
"""
