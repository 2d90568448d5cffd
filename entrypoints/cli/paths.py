"""Paths as arguments. An empty one is refused: it comes from an unset variable, and would be the current folder."""

import os
from typing import Any

import click


class NamedPath(click.Path):
    """A path that is not empty; otherwise like `click.Path`."""

    def convert(self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401  # click's
        """Return the path."""
        if value == "":
            self.fail("the path is empty. Is a variable not set? The current folder is '.'.", param, ctx)
        return super().convert(value, param, ctx)
