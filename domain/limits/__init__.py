"""Rate limits: classes of requests, windows and slices, as plain arithmetic."""
