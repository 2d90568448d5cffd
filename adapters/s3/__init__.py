"""Amazon S3 and what speaks its protocol: signing URLs, and the calls that the service itself makes."""
