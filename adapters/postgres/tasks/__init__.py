"""Jobs and tasks on PostgreSQL, leased with `FOR UPDATE SKIP LOCKED`.

`domain.tasks.agenda` decides which jobs an event needs; `functions/schedule.sql` is its twin.
"""
