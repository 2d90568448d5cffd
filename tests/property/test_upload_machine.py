"""The use cases over adapters in memory do what the model says, whatever is done to them."""

import pytest

from tests.harness.machine import run
from tests.harness.memory_system import MemorySystem


@pytest.mark.parametrize("versioned", [True, False], ids=["versions", "no-versions"])
def test_uploads_in_memory_behave_as_the_model_says(versioned: bool) -> None:
    tally = run(lambda: MemorySystem(versioned=versioned), examples=100, steps=40)
    print(tally)
