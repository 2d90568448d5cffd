"""The REST API: parse, call, render; nothing is decided here."""
