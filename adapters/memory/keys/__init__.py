"""When keys were used last, in memory.

The questions about keys are answered by `adapters.memory.read_side`.
"""
