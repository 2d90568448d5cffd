"""Jobs and tasks in memory.

`domain.tasks.agenda` decides which jobs an event needs.
"""
