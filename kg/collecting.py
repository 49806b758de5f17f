"""The collector of cycles, and when it may run."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS, _YOUNG, _MIDDLE = 100_000, 20, 100


@contextmanager
def rarely() -> Iterator[None]:
    """Let the collector run a hundred times less often while millions of small objects come and go.

    They hold no cycles; walking them, and all that a store holds open, took a quarter of the time of ingest.
    """
    before = gc.get_threshold()
    if before[0]:
        gc.set_threshold(_OBJECTS, _YOUNG, _MIDDLE)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def never() -> Iterator[None]:
    """Let no collector of cycles walk the many small dictionaries of a check, which hold none."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
