"""How answers are written: JSON, and every error in one envelope.

Refusals are raised elsewhere; here they get their HTTP status. Shapes stand beside the routes, in `wire` modules.
"""
