"""The page about the state machine shows the machine that runs."""

from domain.uploads.upload import Status
from scripts.draw_state_machine import BEGIN, END, PAGE, TRANSITIONS, draw, redrawn


def test_the_diagram_in_the_page_is_the_one_that_the_machine_gives() -> None:
    page = PAGE.read_text()

    assert page.count(BEGIN) == page.count(END) == 1
    assert page == redrawn(page), "run: python -m scripts.draw_state_machine"


def test_every_line_of_the_table_is_drawn() -> None:
    drawn = draw()

    arrows = [line for line in drawn.splitlines() if "-->" in line]
    rows = [line for line in drawn.splitlines() if line.startswith("| ") and "`" in line]
    steps = [step for steps in TRANSITIONS.values() for step in steps]
    assert len(arrows) == sum(bool(step.events) for step in steps)
    assert len(rows) == sum(not step.events for step in steps)
    assert "    [*] --> Pending: RequestUpload<br/>upload.requested" in arrows
    assert "    Processing --> Completed: AcceptContent<br/>upload.verified, upload.completed" in arrows


def test_every_status_is_explained() -> None:
    page = PAGE.read_text()

    for status in Status:
        assert f"| {status} |" in page


def test_a_drawing_that_is_wrong_is_replaced_and_the_rest_stays() -> None:
    page = PAGE.read_text()
    spoiled = page.replace("RequestUpload", "Nonsense")

    assert spoiled != page
    assert redrawn(spoiled) == page
