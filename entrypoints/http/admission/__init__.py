"""What is decided about a request before its body is read: who asks, what they may do, and within which limits."""
