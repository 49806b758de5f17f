"""Commands as JSON: what the command line and the service are asked, read into a command and a situation."""

import math
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from kg.devices.commands import Command, Past, Situation
from kg.errors import UsageError
from kg.operator_tables import number
from kg.times import moment

_MEMBERS: Final = frozenset(
    {
        *("resource", "signal", "type", "value", "point", "device", "market", "now", "readings", "past"),
        *("opted_out", "out_of_service"),
    }
)


def read_request(body: Any) -> tuple[str, Command, float, Situation]:
    """Read a request for a check.

    Args:
        body: a JSON object with ``resource``, ``value``, and either ``signal`` and ``type`` or ``point``;
            ``device``, ``market``, ``now``, ``readings`` (device -> point -> number), ``past`` (device ->
            point -> ``value``, ``at``, ``times``, ``count``), ``opted_out`` and ``out_of_service`` are
            optional.

    Returns:
        Name of the resource, command, time in seconds since 1970, and situation.

    Raises:
        kg.errors.UsageError: a member is missing, unknown or of the wrong kind; names it by JSON pointer.

    >>> read_request({"resource": "HP-3", "signal": "SIMPLE", "type": "level", "value": 2, "now": 0})[1].value
    Decimal('2')
    """
    if not isinstance(body, dict):
        raise _wrong("", "a command is a JSON object", "send one")
    unknown = sorted(set(body) - _MEMBERS)
    if unknown:
        raise _wrong(f"/{unknown[0]}", f"{unknown[0]!r} is no member of a command", "correct its spelling")
    resource = _text(body, "resource")
    if not resource:
        raise _wrong("/resource", "the resource is not named", "name it as the site file does")
    signal, point = _text(body, "signal"), _text(body, "point")
    if bool(signal) == bool(point):
        raise _wrong("/signal", "either a signal or a point is asked for", "give one of the two")
    command = Command(
        signal,
        _text(body, "type"),
        _number(body.get("value"), "/value"),
        point,
        _text(body, "device"),
        _text(body, "market"),
    )
    situation = Situation(
        past=_past(body.get("past", {})),
        readings=_readings(body.get("readings", {})),
        opted_out=_names(body, "opted_out"),
        out_of_service=_names(body, "out_of_service"),
    )
    return resource, command, _time(body.get("now"), "/now"), situation


def _wrong(where: str, what: str, cure: str) -> UsageError:
    return UsageError(what, where=where or "/", cure=cure, code="command")


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise _wrong(f"/{name}", f"{name} is no text", "write it in quotes")
    return value


def _number(value: Any, where: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise _wrong(where, "a number is asked for", "give a number")
    if isinstance(value, str):
        try:
            made = number(value.strip())
        except ValueError as error:
            raise _wrong(where, str(error), "give a number in digits 0 to 9, such as -4000 or 2.5") from error
    else:
        made = Decimal(str(value))
    if not made.is_finite() or abs(made.adjusted()) > 40:
        raise _wrong(where, "the number is not finite, or beyond all measure", "give another one")
    return made


def _time(value: Any, where: str) -> float:
    if value is None:
        return time.time()
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    found = moment(value) if isinstance(value, str) else None
    if found is None or found.tzinfo is None:
        raise _wrong(where, "it is no time with a zone", "write it like 2026-11-23T17:00:00Z")
    return found.timestamp()


def _names(body: Mapping[str, Any], name: str) -> frozenset[str]:
    value = body.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _wrong(f"/{name}", f"{name} is no list of names", "write a list of texts")
    return frozenset(value)


def _by_point(value: Any, where: str) -> dict[tuple[str, str], Any]:
    if not isinstance(value, dict) or not all(isinstance(points, dict) for points in value.values()):
        raise _wrong(where, "devices with their points are asked for", 'write {"device": {"point": ...}}')
    return {(device, point): one for device, points in value.items() for point, one in points.items()}


def _readings(value: Any) -> dict[tuple[str, str], Decimal]:
    found = _by_point(value, "/readings")
    return {key: _number(one, f"/readings/{key[0]}/{key[1]}") for key, one in found.items()}


def _past(value: Any) -> dict[tuple[str, str], Past]:
    made = {}
    for key, one in _by_point(value, "/past").items():
        where = f"/past/{key[0]}/{key[1]}"
        if not isinstance(one, dict) or set(one) - {"value", "at", "times", "count"}:
            raise _wrong(where, "a past has value, at, times and count", "leave out the rest")
        times = one.get("times", [])
        count = one.get("count", 0)
        if not isinstance(times, list) or isinstance(count, bool) or not isinstance(count, int):
            raise _wrong(where, "times is no list, or count no whole number", "correct them")
        stamps = tuple(sorted(_time(stamp, f"{where}/times") for stamp in times))
        last = None if one.get("value") is None else _number(one["value"], f"{where}/value")
        at = _time(one["at"], f"{where}/at") if "at" in one else (stamps[-1] if stamps else 0.0)
        made[key] = Past(last, at, stamps, max(count, len(stamps)))
    return made
