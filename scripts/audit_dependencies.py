"""Ask OSV (https://osv.dev) for known vulnerabilities of the versions that are pinned; exit code 1 if there are any.

Where the service cannot be reached, that is said, and nothing fails.
"""

import sys
import tomllib
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent
SERVICE = "https://api.osv.dev/v1/querybatch"
# Ids of vulnerabilities that do not affect Upwell, each with its reason.
IGNORED: dict[str, str] = {}


def pins(pyproject: str) -> list[tuple[str, str]]:
    """Return the names and versions of all pinned packages."""
    constraints = tomllib.loads(pyproject)["tool"]["uv"]["constraint-dependencies"]
    found = (each.partition(";")[0].strip().partition("==") for each in constraints)
    return [(name, version) for name, _, version in found]


def audit(client: httpx.Client, packages: list[tuple[str, str]]) -> int:
    """Print the known vulnerabilities of these packages, and return the exit code."""
    queries = [{"package": {"name": name, "ecosystem": "PyPI"}, "version": version} for name, version in packages]
    try:
        results = client.post(SERVICE, json={"queries": queries}).raise_for_status().json()["results"]
    except httpx.HTTPError as error:
        print(f"The dependency audit was skipped: {SERVICE} could not be reached ({type(error).__name__}).")
        return 0
    known = [
        (name, version, vulnerability["id"])
        for (name, version), result in zip(packages, results, strict=True)
        for vulnerability in result.get("vulns", ())
        if vulnerability["id"] not in IGNORED
    ]
    for name, version, identifier in known:
        print(f"{name} {version}: https://osv.dev/vulnerability/{identifier}")
    print(f"{len(packages)} pinned packages were looked up; {len(known)} vulnerabilities are known.")
    return 1 if known else 0


if __name__ == "__main__":
    with httpx.Client(timeout=30) as client:
        sys.exit(audit(client, pins((ROOT / "pyproject.toml").read_text(encoding="utf-8"))))
