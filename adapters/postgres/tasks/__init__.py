"""Jobs and tasks on PostgreSQL, leased with `FOR UPDATE SKIP LOCKED`.

Which jobs an event calls for is decided in `domain.tasks.agenda`; `functions/schedule.sql` is its twin.
"""
