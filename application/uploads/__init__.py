"""The use cases of uploads, from the request for a URL to the erasure of the record.

Storage's notifications come from `application.storage`; `application.objects` puts bytes into objects.
"""
