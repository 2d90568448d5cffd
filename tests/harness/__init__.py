"""A harness that drives any Upwell with a state machine and holds it against a model of the design.

`system` is the role to implement, `model` what must come out, `machine` what is done, `watching` what is compared;
`wishes` are what clients want, `records` what the model knows. `memory_system` and `http_system` are two systems. How
to bring one of your own: docs/how-to/use-the-harness.md.
"""
