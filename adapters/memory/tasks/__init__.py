"""Jobs and tasks in memory.

Which jobs an event calls for is decided in `domain.tasks.agenda`.
"""
