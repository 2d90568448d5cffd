"""Amazon SQS and what speaks its protocol: the queue in which storage tells of its objects."""
