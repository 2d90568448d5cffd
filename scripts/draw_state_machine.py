"""Draws the diagram of docs/explanation/state-machine.md from the domain's own table.

Run it after a change of `TRANSITIONS` in `domain.uploads.upload`: `python -m scripts.draw_state_machine`. A unit test
compares.
"""

from collections.abc import Iterator
from pathlib import Path

from domain.events.event import topic_of
from domain.uploads.upload import STATUS_OF, TRANSITIONS, Forgotten, NoUpload, Step, Upload, UploadCommand, Verified

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "state-machine.md"
BEGIN = "<!-- drawn by scripts/draw_state_machine.py: begin -->\n"
END = "<!-- drawn by scripts/draw_state_machine.py: end -->\n"


def draw() -> str:
    """Return the machine as a Mermaid diagram, and the commands that are accepted without being news as a table."""
    arrows = [
        f"    {_name(before)} --> {_name(step.to)}: {command.__name__}<br/>{_tags(step)}"
        for (before, command), step in _steps()
        if step.events
    ]
    states = [
        f"    {kind.__name__}: {status}"
        for kind, status in STATUS_OF.items()
        if status is not None and kind is not Verified
    ]
    diagram = "\n".join(["```mermaid", "stateDiagram-v2", *states, *arrows, "```"])
    rows = [
        f"| {_status(before)} | `{command.__name__}`{'' if len(steps) == 1 else ' of what is known already'} |"
        for (before, command), steps in TRANSITIONS.items()
        for step in steps
        if not step.events
    ]
    table = "\n".join(["| state | command |", "|---|---|", *rows])
    return f"{diagram}\n\nTold twice, these change nothing and append nothing:\n\n{table}\n"


def redrawn(page: str) -> str:
    """Return the page with the drawing of now in the place of the one it has."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{draw()}\n{END}{after}"


def _steps() -> Iterator[tuple[tuple[type[Upload], type[UploadCommand]], Step]]:
    for line, steps in TRANSITIONS.items():
        for step in steps:
            yield line, step


def _name(state: type[Upload]) -> str:
    return "[*]" if state in {NoUpload, Forgotten} else state.__name__


def _status(state: type[Upload]) -> str:
    return STATUS_OF[state] or state.__name__.lower()


def _tags(step: Step) -> str:
    return ", ".join(topic_of(event).rpartition(".")[0] for event in step.events)


if __name__ == "__main__":
    PAGE.write_text(redrawn(PAGE.read_text()))
    print(f"drew {len(TRANSITIONS)} lines of the table into {PAGE}")
