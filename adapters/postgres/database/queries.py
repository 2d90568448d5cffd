"""The queries of `queries.sql`, by name. What runs under the writer's lock is in `functions/`."""

import re
from importlib.resources import files

_SOURCE = files("adapters.postgres").joinpath("queries.sql").read_text(encoding="utf-8")
QUERIES: dict[str, str] = {
    match["name"]: match["sql"].strip()
    for match in re.finditer(r"^-- name: (?P<name>\w+)\n(?P<sql>.*?;)$", _SOURCE, re.MULTILINE | re.DOTALL)
}
