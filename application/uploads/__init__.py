"""The use cases of uploads, from the request for a URL to the day when the record is forgotten.

Takes storage's notifications from `application.storage`; puts bytes into objects with `application.objects`.
"""
