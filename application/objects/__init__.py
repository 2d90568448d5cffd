"""The use cases of objects: composing, creating, changing and deleting them, and putting uploads into them.

The rules are in `domain.objects`; uploads are requested and verified in `application.uploads`.
"""
