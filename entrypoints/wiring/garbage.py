"""The schedule of Python's garbage collector."""

import gc


def collect_seldom() -> None:
    """Freeze all loaded objects, and collect the rest less often.

    Requests and events create few reference cycles, but so many objects that collections are frequent.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
