"""Intervals of a JSON message that cannot be told apart: of one id, or of one payload type in one interval.

OpenADR 3 numbers intervals by their own ids, which are no places in an order, so nothing else shows that one
comes twice. Worked out with the lift: the graph keeps no node for the interval that several payloads share.
"""

from collections.abc import Iterator
from typing import Any

from kg.lifted import Lifted
from kg.namespaces import FLEX
from kg.plan import Plan

#: Derived: the earlier interval with the same id, and the earlier payload of the same type in the interval.
SAME_ID = f"<{FLEX}sameIdAs>"
SAME_TYPE = f"<{FLEX}sameTypeAs>"
_UID = f"<{FLEX}uid>"


def twins(lifted: Lifted) -> Iterator[tuple[str, str, str]]:
    """Find what comes again.

    Args:
        lifted: the graph of a JSON message with its ties to the tree.

    Yields:
        Subject, ``flex:sameIdAs`` or ``flex:sameTypeAs``, and the subject that was there before.

    Source:
        OpenADR 3.1.0, openadr3.yaml, interval.
    """
    first: dict[tuple[int, str], tuple[int, str]] = {}
    types: dict[tuple[int, str], str] = {}
    series: dict[str, str] = {}
    told: set[int] = set()
    for subject, about in lifted.facts.items():
        if _UID not in about or subject not in lifted.nodes:
            continue
        element, plan = lifted.nodes[subject]
        up = _steps_up(plan)
        interval: Any = element
        for _ in range(up):
            interval = interval.getparent()
        within, here = interval.getparent(), id(interval.value)  # elements come and go, values stay
        if up:
            name = subject.rpartition("/interval/")[0]
            of = (here, series.setdefault(name, name))
            before = types.setdefault(of, subject)
            if before != subject:
                yield subject, SAME_TYPE, before
        place, other = first.setdefault((id(within.value), about[_UID][0]), (here, subject))
        if place != here and here not in told:
            told.add(here)
            yield subject, SAME_ID, other


def _steps_up(plan: Plan) -> int:
    """Count the steps from the element of a node to the object that has its id."""
    terms = (rule.term for rule in plan.mapping.rules if rule.predicate == _UID[1:-1])
    return next((term.refs[0].up for term in terms if term is not None and term.refs), 0)
