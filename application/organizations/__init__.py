"""The use cases of organizations: operators create them, their own admins change them.

The rules are in `domain.organizations`; keys are managed in `application.keys`.
"""
