"""The command line. Operator commands use the database and the S3 bucket; the others use only the HTTP API.

A command loads its code when it runs. Long-running processes are in `entrypoints.processes`.
"""

import sys

# httpx would load its own command line, with rich and pygments: a third of the time until a client's command begins.
sys.modules["httpx._main"] = None  # type: ignore[assignment]  # httpx works without it
