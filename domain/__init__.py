"""What Upwell decides, as pure functions over values: no clock, no chance, no I/O."""
