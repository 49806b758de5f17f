"""Payloads of OpenADR 3 in any size, with new identifiers and values each time."""

import json
from collections.abc import Callable
from random import Random
from typing import Any, Final


def report(size: int, random: Random) -> dict[str, Any]:
    """Make a report of so many intervals of one resource.

    >>> len(report(3, Random(0))["resources"][0]["intervals"])
    3
    """
    intervals = [_interval(n, "USAGE", random.randint(0, 99_999) / 1000) for n in range(size)]
    descriptor = {"payloadType": "USAGE", "readingType": "DIRECT_READ", "units": "KWH"}
    return {
        "objectType": "REPORT",
        "programID": _name(random, "program"),
        "eventID": _name(random, "event"),
        "clientName": _name(random, "ven"),
        "payloadDescriptors": [{"objectType": "REPORT_PAYLOAD_DESCRIPTOR", **descriptor}],
        "resources": [
            {
                "resourceName": _name(random, "meter"),
                "intervalPeriod": {"start": "2026-01-01T00:00:00Z", "duration": "PT15M"},
                "intervals": intervals,
            }
        ],
    }


def event(size: int, random: Random) -> dict[str, Any]:
    """Make an event of so many intervals, each with a price."""
    descriptor = {"payloadType": "PRICE", "units": "KWH", "currency": "EUR"}
    return {
        "objectType": "EVENT",
        "programID": _name(random, "program"),
        "eventName": _name(random, "event"),
        "priority": 1,
        "payloadDescriptors": [{"objectType": "EVENT_PAYLOAD_DESCRIPTOR", **descriptor}],
        "intervalPeriod": {"start": "2026-01-01T00:00:00Z", "duration": "PT15M"},
        "intervals": [_interval(n, "PRICE", random.randint(0, 9999) / 10_000) for n in range(size)],
    }


#: What writes each kind; those of lines have one value on each, the others no white space at all.
KINDS: Final[dict[str, tuple[Callable[[int, Random], dict[str, Any]], bool]]] = {
    "report": (report, False),
    "report, in lines": (report, True),
    "event": (event, False),
    "event, in lines": (event, True),
}


def fresh(kind: str, size: int, random: Random) -> bytes:
    """Write a payload.

    Args:
        kind: one of ``KINDS``.
        size: its intervals.
        random: the source of what is new.
    """
    make, lines = KINDS[kind]
    return json.dumps(
        make(size, random), indent=2 if lines else None, separators=None if lines else (",", ":")
    ).encode()


def _interval(number: int, kind: str, value: float) -> dict[str, Any]:
    return {"id": number, "payloads": [{"type": kind, "values": [value]}]}


def _name(random: Random, stem: str) -> str:
    return f"{stem}-{random.getrandbits(48):012x}"
