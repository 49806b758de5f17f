"""The station towards a grid operator's control centre: its set points and levels become events.

What the control centre may send is described as the points of a Thing Description, with ranges and lists; a
table says which signal a point becomes. A point for emergencies goes to the plant without a detour.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from kg.devices.commands import Command, Past, Situation, Verdict, check_command
from kg.devices.points import Point
from kg.devices.reasons import Refusal, refusal
from kg.devices.resources import Plan
from kg.errors import FlexKGError
from kg.gateway.kept import Asking
from kg.openadr.event_request import EventRequest, Interval, Item, Signal
from kg.openadr.graph import new_id
from kg.operator_tables import number, read_table
from kg.times import seconds

#: What a row says in the place of a signal, where the point sets a limit.
LIMIT: Final = "LIMIT"
#: Codes of a VTN that has nothing left to cancel.
_GONE: Final = frozenset(("event-over", "unknown-event"))


@dataclass(frozen=True, slots=True)
class Row:
    """What a point of the station becomes.

    Attributes:
        point: name of the point.
        signal: name of the signal, for example ``"LOAD_DISPATCH"``; ``"LIMIT"`` for a limit.
        type: its type, for example ``"setpoint"``.
        factor: what the value is multiplied with; watts for one unit of the point, where it is a power.
        lasts: how long it counts, an OpenADR duration, unless another value comes before.
        ends: the value that asks for nothing any more; None for none.
    """

    point: str
    signal: str
    type: str
    factor: Decimal
    lasts: str
    ends: Decimal | None


def read_rows(path: Path) -> dict[str, Row]:
    """Read the table: a CSV file with the columns ``point,signal,type,factor,lasts,ends``.

    Raises:
        AssetError: the file is missing, or a line is wrong or names a point again; names it.
    """
    found: dict[str, Row] = {}

    def row(cells: dict[str, str]) -> Row:
        ends = number(cells["ends"]) if cells["ends"] else None
        factor = number(cells["factor"] or "1")
        made = Row(cells["point"], cells["signal"], cells["type"], factor, cells["lasts"], ends)
        if not (made.point and made.signal and made.type and made.lasts):
            raise ValueError("point, signal, type and lasts are needed")
        if seconds(made.lasts) is None:
            raise ValueError(f"{made.lasts!r} is no length, such as PT1H")
        if made.point in found:
            raise ValueError(f"the point {made.point!r} is there before")
        found[made.point] = made
        return made

    read_table(path, "point,signal,type,factor,lasts,ends", row)
    return found


class Station:
    """Takes what a control centre sends.

    Args:
        plans: plans of the station's own site: one resource, whose points are those of the control centre.
        resource: name of that resource.
        rows: what its points become.
        vens: venIDs of those that carry it out.
        issue: issues an event with the VTN.
        cancel: cancels one, by its eventID; an error with the code ``event-over`` or ``unknown-event`` says
            that there is nothing left to cancel.
        stop: shuts the plants down at once, or lets them go: called with true or false.
        limit: sets a limit in watts until a time in seconds since 1970, or ends it (None); gives why it
            cannot be kept. None: the plant takes no limits.
        kept: file that keeps what was asked for over a restart; None: nothing does.
    """

    def __init__(
        self,
        plans: dict[str, Plan],
        resource: str,
        rows: dict[str, Row],
        vens: list[str],
        *,
        issue: Callable[[EventRequest], object],
        cancel: Callable[[str], object],
        stop: Callable[[bool], object],
        limit: Callable[[Decimal | None, float], Sequence[Refusal]] | None = None,
        kept: Path | None = None,
    ) -> None:
        self._plans, self._resource, self._rows, self._vens = plans, resource, rows, vens
        self._issue, self._cancel, self._stop, self._limit = issue, cancel, stop, limit
        self._points = {p.name: p for portion in plans[resource].portions for p in portion.points.values()}
        self._past: dict[tuple[str, str], Past] = {}
        self._asking = Asking(kept)
        self._lock = threading.Lock()

    @property
    def asked(self) -> dict[str, str]:
        """Point -> eventID of what it asks for."""
        return self._asking.events()

    def take(self, name: str, value: Decimal) -> Verdict:
        """Take a value; gives the verdict, by which the control centre gets its positive or negative answer.

        A new value takes the place of the one before of the same point: that event is cancelled. Nothing is
        raised for what a control centre sends, nor where VTN or plant do not answer.
        """
        point = self._points.get(name)
        if point is None:
            return _no("CMD-2", f"The station has no point {name!r}.", name)
        if point.emergency:
            try:
                self._stop(value != (point.safe or 0))
            except FlexKGError as error:
                return _no("CMD-11", f"The plant was not reached: {error}", name)
            return Verdict((), ())
        row = self._rows.get(name)
        if row is None:
            return _no("CMD-5", f"The table has no row for {name!r}.", name)
        with self._lock:
            return self._ask(point, row, value, time.time())

    def _ask(self, point: Point, row: Row, value: Decimal, now: float) -> Verdict:
        """Ask the VTN for what a value means."""
        name = point.name
        asked = Command(point=name, value=value)
        verdict = check_command(self._plans, self._resource, asked, now, Situation(self._past))
        if not verdict.allowed:
            return verdict
        if row.signal == LIMIT:
            if self._limit is None:
                return _no("CMD-5", "The plant takes no limits.", name)
            until = now + (seconds(row.lasts) or math.inf)
            refusals = self._limit(None if value == row.ends else value * row.factor, until)
            if refusals:
                return Verdict((), tuple(refusals))
            self._past[point.key] = self._past.get(point.key, Past()).after(value, now, point.span)
            return verdict
        try:
            self._call_off(name, now)
            if value != row.ends:
                event = self._event(row, value, now)
                self._asking.note(name, event.event_id, now + (seconds(row.lasts) or math.inf))
                self._issue(event)
        except (FlexKGError, OSError) as error:
            if isinstance(error, FlexKGError) and error.code != "unreachable":
                self._asking.drop(name)
            return _no("CMD-11", f"The VTN did not take it: {error}", name)
        self._past[point.key] = self._past.get(point.key, Past()).after(value, now, point.span)
        return verdict

    def _call_off(self, name: str, now: float) -> None:
        """Cancel what a point asked for before, unless that is over.

        That is also what the VTN did not say that it took: its answer may have been lost.
        """
        event = self._asking.of(name, now)
        if event:
            try:
                self._cancel(event)
            except FlexKGError as error:
                if error.code not in _GONE:
                    raise
        self._asking.drop(name)

    def _event(self, row: Row, value: Decimal, now: float) -> EventRequest:
        item = Item("powerReal", "W") if row.signal in ("LOAD_DISPATCH", "LOAD_CONTROL") else None
        signal = Signal(row.signal, row.type, [Interval(row.lasts, float(value * row.factor))], item)
        start = datetime.fromtimestamp(int(now), UTC)
        return EventRequest(list(self._vens), start, [signal], event_id=new_id(f"GRID-{row.point}"))


def _no(rule: str, message: str, point: str) -> Verdict:
    return Verdict((), (refusal(rule, message, "", point),))
