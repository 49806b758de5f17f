"""Carries events out on a plant: strategy, check, write, record; and says when the plant cannot."""

import logging
import math
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from kg.devices.reasons import Refusal
from kg.devices.resources import Plan
from kg.devices.writes import Write
from kg.gateway.driver import DeviceUnreachable, Driver
from kg.gateway.duty import Duty, duties
from kg.gateway.hands import Hands
from kg.gateway.limits import Limit, precedence
from kg.gateway.memory import Memory
from kg.gateway.meter import Meter
from kg.gateway.points import find_point
from kg.gateway.records import Record
from kg.gateway.scribe import Scribe
from kg.gateway.wanting import Wanted, kinds, words
from kg.openadr.told import Message

_log = logging.getLogger("flexkg.gateway")


class Carrier:
    """One resource behind one VEN; what a `kg.openadr.upstream.Upstream` needs below it.

    It opts in only to what the mappings allow and the plant is ready for, checks again before it writes, and
    records each command, answer and deviation.

    Args:
        plans: plans of the site, as `kg.devices.sites.Site.plans` has them.
        resource: name of the resource.
        driver: the protocol's way to the plant.
        ven: venID.
        records: where entries go.
        memory: what outlives a restart.
        ready: name of the point that says whether the plant takes commands; empty: it always does.
        ready_when: says which of its values mean that it does; any but 0 without it.
        silent: says that a device is known not to be there, empty where none is.
        meter: turns readings into reports; None: nothing is reported.
        on_behalf_of: party in whose name it acts.
        shared: whether the VEN has other resources, too: then who holds them gives it events (``take``), and
            entries name the resource.
    """

    def __init__(
        self,
        plans: dict[str, Plan],
        resource: str,
        driver: Driver,
        *,
        ven: str,
        records: Sequence[Record] = (),
        memory: Memory | None = None,
        ready: str = "",
        ready_when: Callable[[Decimal], bool] = bool,
        silent: Callable[[], str] = str,
        meter: Meter | None = None,
        on_behalf_of: str = "",
        shared: bool = False,
    ) -> None:
        self._plans, self._resource, self._driver = plans, resource, driver
        self._scribe = Scribe(ven, on_behalf_of, records, resource if shared else "")
        self.meter = meter
        self._ready_when, self._silent, self._unread = ready_when, silent, False
        self.plan = plans[resource]
        self._ready = find_point(self.plan, ready) if ready else None
        self._memory = memory or Memory()
        self._hands = Hands(plans, resource, driver, self._memory, self._scribe)
        self._lock = threading.RLock()
        self._duties: dict[str, Duty] = {}
        for message in self._memory.messages if not shared else ():
            for duty in duties(message):
                self.recall(duty)

    @property
    def stopped(self) -> bool:
        """Whether an emergency stop is in force."""
        return self._memory.stopped

    def carry_out(self, message: Message) -> dict[str, str]:
        """Keep the events; opt in where every value of them may be written, and the plant is ready.

        An opt-out counts until the event is changed: a plant that comes back takes no part again unasked.
        """
        return self.take(duties(message))

    def take(self, found: list[Duty]) -> dict[str, str]:
        """Keep events; gives an optType for each eventID, see ``carry_out``."""
        with self._lock:
            opts = {}
            for duty in found:
                self._note(duty)
                if duty.opt == "optOut" and not duty.event.cancelled:  # of this version, once and for all
                    opts[duty.event.event_id] = duty.opt
                    continue
                why = "" if duty.event.cancelled else self.objection(duty)
                duty.opt = "optOut" if why else "optIn"
                if why:
                    _log.warning("%s: opted out of %s: %s", self._resource, duty.event.event_id, why)
                opts[duty.event.event_id] = duty.opt
            return opts

    def objection(self, duty: Duty) -> str:
        """Say why an event cannot be carried out; empty where it can."""
        return self.hindrance() or self.unfit(duty)

    def unfit(self, duty: Duty) -> str:
        """Say why the mapping does not allow an event, whether the plant is there or not."""
        return duty.misfit or self._refused(duty)

    def recall(self, duty: Duty) -> None:
        """Take up an event again after a restart, with the opt that was told."""
        self._note(duty)
        duty.opt = self._memory.opts.get((duty.event.event_id, str(duty.event.number)), "")

    def knows(self, event_id: str) -> bool:
        """Whether it was given an event."""
        return event_id in self._duties

    def leave(self, event_id: str) -> None:
        """Take no part in an event any more: the resources of the VEN do not suffice."""
        with self._lock:
            if event_id in self._duties:
                self._duties[event_id].opt = "optOut"

    def _note(self, duty: Duty) -> None:
        known = self._duties.get(duty.event.event_id)
        if known is not None and known.event.number == duty.event.number:
            duty.opt, duty.done, duty.told = known.opt, known.done, known.told
            duty.wanted = known.wanted
        self._duties[duty.event.event_id] = duty

    def hindrance(self) -> str:
        """Say why the plant takes no commands now; empty where it does."""
        if self.stopped:
            return "an emergency stop is in force"
        if self._ready is None:
            return self._silent()
        try:
            value = self._driver.read(self._ready)
        except DeviceUnreachable as error:
            return f"the plant does not answer: {error.what}"
        if value is None:
            return f"the plant does not say whether it is ready ({self._ready.name})"
        why = f"the plant is not ready for remote control ({self._ready.name})"
        return "" if self._ready_when(value) else why

    def _refused(self, duty: Duty) -> str:
        """Say why an event cannot be carried out at all; what passes with time is not looked at."""
        for command in duty.every_command():
            refusals = self._hands.judge([command])[1]
            if refusals:
                return words(refusals)
        return ""

    def withdrawn(self) -> dict[str, int]:
        """Give the events that can no longer be carried out: eventID -> modificationNumber."""
        with self._lock:
            now, why, found = datetime.now(UTC), self.hindrance(), {}
            for duty in self._duties.values() if why else ():
                if not duty.event.over(now) and not duty.event.cancelled:
                    if duty.opt != "optOut" and duty.event.status(now) == "active":
                        self._scribe.note(duty, "deviation", answer=why)
                    duty.opt = "optOut"
                    found[duty.event.event_id] = duty.event.number
            return found

    @property
    def opt_reason(self) -> str:
        """The optReason of an opt-out now."""
        return "emergency" if self.stopped else "outageRunStatus"

    def readings(self, request: str, length: str) -> dict[str, Decimal]:
        """Give the mean powers that were not reported yet under a request, in watts."""
        return self.meter.readings(request, length) if self.meter is not None else {}

    def reported(self, request: str, starts: Iterable[str]) -> None:
        """Note what was delivered under a request."""
        if self.meter is not None:
            self.meter.reported(request, starts)

    def sample(self) -> None:
        """Read the meter once; what is not reached leaves a gap."""
        if self.meter is not None:
            try:
                value = self._driver.read(self.meter.point)
            except DeviceUnreachable as error:
                if not self._unread:
                    _log.warning("not read: %s", error)
                self._unread = True
                return
            self._unread = False
            if value is not None:
                self.meter.add(datetime.now(UTC), value)

    def dispatch(self) -> list[Write]:
        """Write what running intervals ask for, bring back what none does; gives the confirmed writes.

        An emergency stop goes before a limit, a limit before events, of events the one of higher priority.
        """
        with self._lock:
            if self.stopped:
                return []
            now = datetime.now(UTC)
            limit = self._memory.limit
            if limit is not None and not limit.in_force(now):
                self._memory.set_limit(limit := None)
            caps, unsure = self._hands.caps(limit) if limit is not None else ({}, [])
            if unsure and not caps:
                _log.warning(
                    "nothing is written: how far the limit lets points go is not known: %s", unsure[0]
                )
                return []
            running = sorted((duty for duty in self._duties.values() if duty.runs(now)), key=precedence)
            wanted = Wanted(self._hands, self._scribe, caps)
            hindered = self.hindrance() if running or caps else ""
            for duty in running if not hindered else ():
                wanted.add(duty, now)
            wanted.let_go(self._memory.held, running, self._duties, limited=limit is not None)
            if not hindered:
                wanted.keep()
            made, refused = self._hands.fulfil(wanted.wishes, now)
            for wish, reasons in refused:
                if wish.duty is not None and not wish.back:
                    wanted.tell(wish.duty, words(reasons), kinds(reasons))
            return made

    def unkept(self, watts: Decimal) -> list[Refusal]:
        """Say why a limit in watts cannot be kept; empty where it can."""
        return self._hands.caps(Limit(watts))[1]

    def forget_stops(self) -> None:
        """Forget stops of resources that the store knows from before, once all are let go."""
        try:
            self._memory.clear_stops()
        except OSError as error:
            _log.error("after a restart a stop is in force again: %s", error.strerror)

    def limit(self, watts: Decimal | None, *, until: float = math.inf, by: str = "") -> list[Refusal]:
        """Set a limit to the power of the resource, past every event, or end it.

        Args:
            watts: the most that may be drawn, positive, or fed in, negative; None: no limit any more.
            until: when it ends, seconds since 1970.
            by: party that sets it.

        Returns:
            Why it cannot be kept; it is not in force then. Empty: it counts from the next `dispatch` on.
        """
        with self._lock:
            made = Limit(watts, until, by) if watts is not None else None
            refusals = self._hands.caps(made)[1] if made is not None else []
            if not refusals:
                self._memory.set_limit(made)
                ends = (
                    ""
                    if math.isinf(until)
                    else f" until {datetime.fromtimestamp(until, UTC):%Y-%m-%dT%H:%M:%SZ}"
                )
                words = f"in force{ends}" if made is not None else "ended"
                stated = {"value": f"{watts:f}", "unit": "W"} if watts is not None else {}
                self._scribe.intervene("limit", by, resource=self._resource, **stated, answer=words)
            return refusals

    def emergency(self, why: str, *, on: bool = True, by: str = "") -> list[Write]:
        """Shut the plant down at once, or let it go again; nothing is checked, everything is recorded.

        What runs is opted out of in the next round, and nothing is written until it is let go. ``by`` is the
        party that asks for it.

        Raises:
            DeviceUnreachable: the plant does not answer. It counts as stopped, and is to be sent this again.
            UsageError: it has no point for that. It counts as stopped: nothing is written until it is let go.
        """
        with self._lock:
            if on:
                self._memory.stop(True)
            made = self._hands.stop(why, list(self._duties.values()), on=on, by=by)
            if not on:
                self._memory.stop(False)
            return made
