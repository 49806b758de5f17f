"""Calendar functions of a time, and what in SQL keeps apart the times for which they differ."""

import re

from kg.graphs import lexical
from kg.namespaces import XSD
from kg.sparql.observations.tree import Expression
from kg.sparql.observations.vocabulary import SQL, Slot

_FUNCTIONS = {
    "YEAR": "year({})",
    "MONTH": "month({})",
    "DAY": "day({})",
    "HOURS": "hour({})",
    "MINUTES": "minute({})",
    "SECONDS": "epoch_us({}) % 60000000",
}
#: Those that give a whole number.
WHOLE_NUMBERS = frozenset(("YEAR", "MONTH", "DAY", "HOURS", "MINUTES"))
_CUTS = {4: "year", 7: "month", 10: "day", 13: "hour", 16: "minute"}
_FORMS = {4: "%Y", 7: "%Y-%m", 10: "%Y-%m-%d", 13: "%Y-%m-%dT%H", 16: "%Y-%m-%dT%H:%M"}
_SHIFT = re.compile(r"(-?)P(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?)?", re.ASCII)
_DURATIONS = (f"^^<{XSD}dayTimeDuration>", f"^^<{XSD}duration>")


def calendar(found: Expression, slot: Slot) -> list[str] | None:
    """Give the SQL of what a calendar function of a slot's time depends on; None where it is none.

    Understood are YEAR, MONTH, DAY, HOURS, MINUTES, SECONDS, TZ, TIMEZONE, ``xsd:date``, also of a time plus
    or minus a constant duration, ``SUBSTR(STR(?t), 1, n)`` and ``STRBEFORE(STR(?t), "T")``.
    """
    if found.kind != "call" or not found.of:
        return None
    first = found.of[0]
    if found.text in _FUNCTIONS:
        time = _time(first, slot)
        return None if time is None else [_FUNCTIONS[found.text].format(time)]
    if found.text in ("TZ", "TIMEZONE"):
        return [] if _time(first, slot) is not None else None
    if found.text == f"<{XSD}date>":
        time = _time(first, slot)
        return None if time is None else [f"date_trunc('day', {time})"]
    if first.kind == "call" and first.text == "STR" and len(first.of) == 1:
        time = _time(first.of[0], slot)
        arguments = [part.text for part in found.of[1:] if part.kind == "term"]
        if time is not None and found.text == "STRBEFORE" and arguments == ['"T"']:
            return [f"date_trunc('day', {time})"]
        if time is not None and found.text == "SUBSTR" and len(arguments) == 2 and arguments[0] == "1":
            cut = _CUTS.get(int(arguments[1])) if arguments[1].isdecimal() else None
            return None if cut is None else [f"date_trunc('{cut}', {time})"]
    return None


def beginning(found: Expression) -> str:
    """Give the ``strftime`` form of the text that such a function gives; empty where it gives none."""
    if found.text == "STRBEFORE":
        return _FORMS[10]
    return _FORMS[int(found.of[2].text)] if found.text == "SUBSTR" else ""


def _time(found: Expression, slot: Slot) -> str | None:
    """Write a time, perhaps with a constant duration added, in SQL."""
    if found.kind == "term":
        return f"({SQL[slot.column]})" if found.text == slot.variable else None
    if found.kind != "op" or found.text not in ("+", "-") or found.of[1].kind != "term":
        return None
    time, term = _time(found.of[0], slot), found.of[1].text
    text = next(
        (lexical(term[: -len(end)]) for end in _DURATIONS if term[0] == '"' and term.endswith(end)), ""
    )
    match = _SHIFT.fullmatch(text)
    if time is None or match is None or not any(match.groups()[1:]):
        return None
    minutes = (int(match[2] or 0) * 24 + int(match[3] or 0)) * 60 + int(match[4] or 0)
    minus = (match[1] == "-") != (found.text == "-")
    return f"({time} {'-' if minus else '+'} to_minutes({minutes}))"
