"""Comparisons of decimals with doubles, as comparisons of whole numbers.

SPARQL makes a double of the decimal first, so several decimals may be equal to one double. That is monotone:
of the millionths that values are kept in, those from some number on compare one way.
"""

import math
from decimal import Decimal

from kg.graphs import lexical
from kg.namespaces import XSD

_DOUBLE = f"^^<{XSD}double>"
#: Beyond it millionths are no whole numbers that a double holds.
_MOST = 4e9


def double(term: str) -> float | None:
    """Read a term that is a double; None where it is none, or one that no value is compared with here.

    >>> double("2.5e0"), double('"-1"^^<http://www.w3.org/2001/XMLSchema#double>'), double("2.5")
    (2.5, -1.0, None)
    """
    if term[:1] == '"':
        text = lexical(term[: -len(_DOUBLE)]) if term.endswith(_DOUBLE) else ""
    else:
        text = term if "e" in term.lower() else ""
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) and abs(found) < _MOST else None


def span(value: float) -> tuple[int, int]:
    """Give the first number of millionths that is not less than a double, and the first that is more.

    >>> span(2.5), span(0.1)
    ((2500000, 2500001), (100000, 100001))
    """
    near = math.floor(Decimal(value) * 1_000_000)
    first = near - _STEPS
    while _as_double(first) < value:
        first += 1
    after = first
    while _as_double(after) <= value:
        after += 1
    return first, after


#: More millionths than may be one double below the bound.
_STEPS = 2


def _as_double(millionths: int) -> float:
    return millionths / 1_000_000
