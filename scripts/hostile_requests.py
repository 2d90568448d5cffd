"""Send tens of thousands of hostile requests to a running service: each gets a response, and none a 5xx.

Run: `uv run python scripts/hostile_requests.py [--requests 30000] [--seed N] [--first N]`. It starts a PostgreSQL, an
S3 and `upwell serve` of its own. Each request has a connection of its own; some are cut short. A request that is
answered with 5xx, that is not answered though it came whole, or that takes longer than 20 seconds is printed with its
number: `--seed SEED --first NUMBER --requests 1` sends it again.
"""

import argparse
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import uvloop

from tests.hostile import Tally, attack
from tests.stack import Stack, stack

ROUND = 500
SECRET = "what-the-storage-knows"  # noqa: S105  # of a storage that is gone afterwards


def main() -> int:
    """Attack, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--first", type=int, default=0)
    arguments = parser.parse_args()
    with stack({"UPWELL_STORAGE_EVENTS_SECRET": SECRET}) as servers:
        servers.begin("serve")
        return uvloop.run(_attack(servers, arguments))


async def _attack(servers: Stack, arguments: argparse.Namespace) -> int:
    tally = Tally()
    began = time.monotonic()
    numbers = range(arguments.first, arguments.first + arguments.requests)
    for start in range(0, len(numbers), ROUND):
        tenant = await servers.make_tenant()  # of each round: some requests take its keys and buckets away
        await attack(tenant, numbers[start : start + ROUND], seed=arguments.seed, storage_secret=SECRET, tally=tally)
    statuses = ", ".join(f"{count} x {status}" for status, count in tally.statuses.most_common())
    seconds = time.monotonic() - began
    print(f"seed {arguments.seed}: {sum(tally.statuses.values())} requests in {seconds:.0f} s: {statuses}")
    print("\n".join(tally.bad))
    return 1 if tally.bad else 0


if __name__ == "__main__":
    sys.exit(main())
