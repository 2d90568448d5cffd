"""Uploads: admission, the states of an upload and its transitions, and the verification of the stored bytes.

Reads nothing but its arguments. Objects are in `domain.objects`, upload tokens in `domain.keys`.
"""
