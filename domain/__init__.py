"""What Upwell decides, as pure functions over values: no clock, no randomness, no I/O.

One package for each subject: commands, events, states, `decide`, `evolve`, and the rules beside them. Loading and
appending are in `application`; SQL and HTTP are in `adapters` and `entrypoints`.
"""
