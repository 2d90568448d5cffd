"""The decisions of Upwell, as pure functions over values: no clock, no randomness, no I/O.

One package per subject: commands, events, states, `decide`, `evolve`, and further rules. Loading and appending are in
`application`; SQL and HTTP are in `adapters` and `entrypoints`.
"""
