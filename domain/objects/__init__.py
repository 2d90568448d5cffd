"""Objects: the records in a bucket that uploads become, and what may be put together into one."""
