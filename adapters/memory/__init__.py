"""Adapters in memory: for tests and for harnesses; they keep every promise of the ports."""
