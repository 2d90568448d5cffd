"""The format of responses: JSON, and every error in one envelope.

Refusals are raised elsewhere; here they get their HTTP status. Shapes are next to the routes, in `wire` modules.
"""
