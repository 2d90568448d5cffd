"""Jobs that are due later, and tasks that clients can follow.

The jobs of events are decided in `domain.tasks.agenda`.
"""
