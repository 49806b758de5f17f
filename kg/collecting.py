"""The collector of cycles, and when it may run."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS, _YOUNG, _MIDDLE = 100_000, 20, 100
#: The same for a service: seldom, but often enough for the cycles that connections leave.
_SERVED = 10_000, 10, 20


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


def settle() -> None:
    """Take all that is there for what stays: no collection of a service walks it again.

    A walk through the objects of a service holds up everybody for a fifth of a second and more.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_SERVED)


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
