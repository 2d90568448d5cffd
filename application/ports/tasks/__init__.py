"""Jobs that are due later, and tasks that clients can follow.

Which jobs an event calls for is decided in `domain.tasks.agenda`.
"""
