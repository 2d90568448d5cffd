"""The client's side of the command line: it reaches the service over HTTP, as any client does."""
