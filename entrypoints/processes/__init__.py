"""The long-running processes: `serve`, `worker`, `dev` and `relay nats`.

Other commands are in `entrypoints.cli`.
"""
