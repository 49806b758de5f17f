"""A node of the tree: VEN upwards, VTN downwards. What is asked from above is split over who is below."""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from kg.errors import FlexKGError, UsageError
from kg.items import scale_factor
from kg.literals import segment
from kg.namespaces import ID, UNIT
from kg.openadr.delivered import Delivered
from kg.openadr.event_request import EventRequest, zulu
from kg.openadr.issuing import Operator
from kg.openadr.restated import restated
from kg.openadr.splitting import Rule, Share, merge, split
from kg.openadr.told import Message
from kg.openadr.ven import Event
from kg.openadr.vtn import Vtn
from kg.operator_tables import number, read_table
from kg.times import seconds

_log = logging.getLogger("flexkg.openadr")
#: How far back reports of those below are looked for.
_KEPT = timedelta(days=1)
_WATTS = {"W": Decimal(1), "KiloW": Decimal(1000), "MegaW": Decimal(10**6)}


def read_shares(path: Path) -> list[Share]:
    """Read who is below: a CSV file with the columns ``ven``, ``limit_w`` and ``priority``.

    Raises:
        AssetError: the file is missing, or a line is wrong or names a VEN again; names it.
    """
    seen: set[str] = set()

    def share(cells: dict[str, str]) -> Share:
        made = Share(cells["ven"], number(cells["limit_w"]), int(number(cells.get("priority") or "0")))
        if not made.ven or made.limit_w < 0:
            raise ValueError("a VEN and a limit of 0 or more are needed")
        if made.ven in seen:
            raise ValueError(f"the VEN {made.ven!r} is there before")
        seen.add(made.ven)
        return made

    return read_table(path, "ven,limit_w,priority", share)


class Node:
    """Carries out events from above by events below.

    Args:
        vtn: the VTN's side.
        operator: issues events below.
        shares: who is below, and how much of a power each can take.
        rule: how powers are split.
        kept: file that keeps what was delivered above over a restart; None: nothing does.
    """

    def __init__(
        self, vtn: Vtn, operator: Operator, shares: list[Share], rule: Rule, kept: Path | None = None
    ) -> None:
        self._vtn, self._operator, self._shares, self._rule = vtn, operator, shares, rule
        #: eventID above -> its version and the message that told it
        self._taken: dict[str, tuple[Event, Message, str]] = {}
        self._delivered = Delivered(_KEPT, kept)

    def carry_out(self, message: Message) -> dict[str, str]:
        """Split the events of an oadrDistributeEvent; gives an optType for each."""
        opts, now = {}, datetime.now(UTC)
        for version in message.nodes("conveys"):
            event = message.event(version)
            self._taken[event.event_id] = (event, message, version)
            if event.ends_at is not None and event.ends_at <= now and not event.cancelled:
                below = self._below(event, message)  # told again when it is over: what became of it stays
                in_part = any(not one.cancelled and one.answer != "optOut" for one in below)
                opts[event.event_id] = "optIn" if in_part else "optOut"
                continue
            try:
                self._split(event, message, version)
                opts[event.event_id] = "optIn"
            except FlexKGError as error:
                _log.warning("opted out of %s: %s", event.event_id, error)
                self._call_off(event, message)
                opts[event.event_id] = "optOut"
        return opts

    def withdrawn(self) -> dict[str, int]:
        """Split again without the VENs that opted out; give the events of which too little is left."""
        found: dict[str, int] = {}
        now = datetime.now(UTC)
        for event, message, version in list(self._taken.values()):
            below = self._below(event, message)
            if event.over(now) or event.cancelled or not any(one.answer == "optOut" for one in below):
                continue
            try:
                self._split(event, message, version)
            except FlexKGError:
                self._call_off(event, message)
                found[event.event_id] = event.number
        return found

    @property
    def opt_reason(self) -> str:
        """Those below do not take part."""
        return "notParticipating"

    def _below(self, event: Event, message: Message) -> list[Event]:
        names = (self._name(event, message, share.ven) for share in self._shares)
        return [one for name in names if (one := self._vtn.roster.event(name)) is not None]

    @staticmethod
    def _name(event: Event, message: Message, ven: str) -> str:
        return f"{message.one('vtnID')}:{event.event_id}~{ven}"

    def _split(self, event: Event, message: Message, version: str) -> None:
        """Issue, change or cancel the events below, as far as they are not as they should be."""
        if event.cancelled:
            self._call_off(event, message)
            return
        out = {one.ven for one in self._below(event, message) if one.answer == "optOut"}
        shares = [s for s in self._shares if s.ven not in out and self._vtn.roster.ven(s.ven) is not None]
        if not shares:
            raise UsageError("no VEN below is registered and takes part", code="capability")
        asked = {share.ven: self._request(message, version, share.ven) for share in shares}
        for position, signal in enumerate(message.nodes("signal", version)):
            self._values(message, signal, position, shares, asked)
        for ven, one in asked.items():
            one.event_id = self._name(event, message, ven)
            known = self._vtn.roster.event(one.event_id)
            if known is None:
                self._operator.issue(one)
            elif not known.cancelled and not self._same(known, one):
                self._operator.change(one.event_id, one)

    @staticmethod
    def _request(message: Message, version: str, ven: str) -> EventRequest:
        """Make the request for one VEN below, with the values of above; its resources are others."""
        asked = restated(message, version, [ven])
        asked.resources, asked.comment, asked.response_required = [], "", "always"
        return asked

    def _same(self, known: Event, asked: EventRequest) -> bool:
        told = [[Decimal(step[2]) for step in steps] for steps in known.steps]
        wanted = [[Decimal(f"{one.value:.10g}") for one in signal.intervals] for signal in asked.signals]
        return told == wanted and known.starts_at == asked.starts_at

    def _values(
        self,
        message: Message,
        signal: str,
        position: int,
        shares: list[Share],
        asked: dict[str, EventRequest],
    ) -> None:
        """Put the values of one signal into the requests: powers are split, all else is passed on."""
        item = next(iter(message.nodes("item", signal)), "")
        scale = message.text(item, "siScaleCode") if item else ""
        power = message.text(item, "itemBase").startswith("power") if item else False
        for place, interval in enumerate(message.nodes("interval", signal)):
            value = Decimal(message.text(interval, "value"))
            if not power:
                continue
            factor = scale_factor(scale)
            for ven, part in split(value * factor, shares, self._rule).items():
                asked[ven].signals[position].intervals[place].value = float(part / factor)

    def _call_off(self, event: Event, message: Message) -> None:
        for one in self._below(event, message):
            if not one.cancelled and not one.over(datetime.now(UTC)):
                self._operator.cancel(one.event_id)

    def readings(self, request: str, length: str) -> dict[str, Decimal]:
        """Add up the mean powers that the VENs below reported and that were not delivered yet, in watts."""
        merged = merge([self._reported(share.ven, seconds(length) or 0) for share in self._shares])
        told = self._delivered.of(request)
        return {start: value for start, value in merged.items() if start not in told}

    def reported(self, request: str, starts: Iterable[str]) -> None:
        """Note what was delivered under a request of above."""
        self._delivered.note(request, starts)

    def _reported(self, ven: str, size: int) -> dict[str, Decimal]:
        """Give start -> watts of what a VEN reported for intervals of a length; its data points added up."""
        self._vtn.ingest.follower.settle()
        store, found = self._vtn.ingest.readings, dict[str, Decimal]()
        since = datetime.now(UTC) - _KEPT
        prefix = f"{ID}series/{segment(ven)}/"
        for series in store.series():
            if not series.startswith(prefix):
                continue
            for one in store.scan(series, since):
                factor = _WATTS.get((one.unit or "").removeprefix(UNIT))
                whole = one.ends_at is not None and (one.ends_at - one.starts_at).total_seconds() == size
                if factor is not None and whole:
                    start = zulu(one.starts_at)
                    found[start] = found.get(start, Decimal()) + one.value * factor
        return found
