"""What the storage holds and what it reports: checks of the bucket, and notifications of new objects."""
