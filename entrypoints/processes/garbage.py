"""When Python's garbage collector runs."""

import gc


def collect_seldom() -> None:
    """Leave what is loaded by now alone for ever, and look through the rest less often.

    Requests and events make little that only a collection finds, but so many objects that one is soon due.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
