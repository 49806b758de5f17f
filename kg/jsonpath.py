"""The subset of JSONPath (RFC 9535) in which mapping files name members of JSON documents.

Iterators: ``$.name`` for a message, ``$..a[*].b[*]`` for what lies in it, at whatever depth it begins.
References: ``a.b``, ``a[*]`` for each item, ``@`` for the value itself, and ``^.`` in front for each step to
what is around: JSONPath has no way up, the caret is that of JSONPath-Plus.
"""

import re

_NAME = re.compile(r"[A-Za-z_]\w*(?:\[\*\])?", re.ASCII)
_LISTS = re.compile(r"([A-Za-z_]\w*)\[\*\]", re.ASCII)


def iterator(text: str) -> tuple[str, ...] | None:
    """Read an iterator; None where it is outside the subset.

    >>> iterator("$..intervals[*].payloads[*]")
    ('intervals', 'payloads')
    """
    if not text.startswith("$."):
        return None
    return _names(text[2:].removeprefix("."))


def reference(text: str) -> tuple[int, tuple[str, ...]] | None:
    """Read a reference as steps up and names down; None where it is outside the subset.

    >>> reference("^.intervalPeriod.start")
    (1, ('intervalPeriod', 'start'))
    """
    up = 0
    while text.startswith("^"):
        up, text = up + 1, text[1:].removeprefix(".")
    if text in ("", "@"):
        return (up, ()) if text or up else None
    names = _names(text)
    return None if names is None else (up, names)


def _names(text: str) -> tuple[str, ...] | None:
    steps = text.split(".")
    if not all(_NAME.fullmatch(step) for step in steps):
        return None
    return tuple(step.removesuffix("[*]") for step in steps)


def lists(text: str) -> frozenset[str]:
    """List the names that paths in a text take for lists.

    >>> sorted(lists("$..intervals[*].payloads[*] id"))
    ['intervals', 'payloads']
    """
    return frozenset(_LISTS.findall(text))
