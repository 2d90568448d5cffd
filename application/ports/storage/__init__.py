"""The storage: its bytes, its signed URLs, and its notifications.

Records of uploads and objects are in `application.ports.uploads` and `application.ports.objects`.
"""
