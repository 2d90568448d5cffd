"""The OpenAPI document and the pages for people.

The pages of the documentation are in `docs`, and are not served.
"""
