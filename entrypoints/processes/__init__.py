"""The processes that run until they are stopped: `serve`, `worker`, `dev` and `relay nats`.

Commands that end by themselves are in `entrypoints.cli`.
"""
