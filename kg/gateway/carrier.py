"""Carries events out on a plant: strategy, check, write, record; and says when the plant cannot."""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from kg.devices.commands import Command, Past, Situation, check_command
from kg.devices.emergency import stop_writes
from kg.devices.reasons import Refusal
from kg.devices.resources import Plan
from kg.devices.writes import Write
from kg.gateway.driver import DeviceUnreachable, Driver
from kg.gateway.duty import Duty, duties
from kg.gateway.memory import Memory
from kg.gateway.meter import Meter
from kg.gateway.points import bases, find_point, points_of
from kg.gateway.records import Record
from kg.gateway.scribe import Scribe
from kg.openadr.told import Message
from kg.registry_entry import Step

_log = logging.getLogger("flexkg.gateway")
#: Reasons that pass with time; a write that only repeats what the point holds is left out instead.
_PASSING = frozenset({"CMD-8", "CMD-9", "CMD-10"})


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
        meter: turns readings into reports; None: nothing is reported.
        on_behalf_of: party in whose name it acts.
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
        meter: Meter | None = None,
        on_behalf_of: str = "",
    ) -> None:
        self._plans, self._resource, self._driver = plans, resource, driver
        self._scribe, self.meter = Scribe(ven, on_behalf_of, records), meter
        self._ready_when = ready_when
        self.plan = plans[resource]
        self._points = points_of(self.plan)
        self._bases = bases(self.plan)
        self._ready = find_point(self.plan, ready) if ready else None
        self._memory = memory or Memory()
        self._lock = threading.RLock()
        self._duties: dict[str, Duty] = {}
        for message in self._memory.messages:
            for duty in self._note(message):
                duty.opt = self._memory.opts.get((duty.event.event_id, str(duty.event.number)), "")

    @property
    def stopped(self) -> bool:
        """Whether an emergency stop is in force."""
        return self._memory.stopped

    def carry_out(self, message: Message) -> dict[str, str]:
        """Keep the events; opt in where every value of them may be written, and the plant is ready.

        An opt-out counts until the event is changed: a plant that comes back takes no part again unasked.
        """
        with self._lock:
            opts = {}
            for duty in self._note(message):
                if duty.opt == "optOut" and not duty.event.cancelled:  # of this version, once and for all
                    opts[duty.event.event_id] = duty.opt
                    continue
                why = "" if duty.event.cancelled else self.hindrance() or self._refused(duty)
                duty.opt = "optOut" if why else "optIn"
                if why:
                    _log.warning("opted out of %s: %s", duty.event.event_id, why)
                opts[duty.event.event_id] = duty.opt
            return opts

    def _note(self, message: Message) -> list[Duty]:
        found = duties(message)
        for duty in found:
            known = self._duties.get(duty.event.event_id)
            if known is not None and known.event.number == duty.event.number:
                duty.opt, duty.done, duty.told = known.opt, known.done, known.told
            self._duties[duty.event.event_id] = duty
        return found

    def hindrance(self) -> str:
        """Say why the plant takes no commands now; empty where it does."""
        if self.stopped:
            return "an emergency stop is in force"
        if self._ready is None:
            return ""
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
        situation = Situation(readings=self._present())
        for command in duty.every_command():
            verdict = check_command(self._plans, self._resource, command, 0.0, situation)
            if not verdict.allowed:
                return "; ".join(reason.message for reason in verdict.refusals)
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

    def readings(self, length: str) -> dict[str, Decimal]:
        """Give the mean powers that were not reported yet, in watts."""
        return self.meter.readings(length) if self.meter is not None else {}

    def sample(self) -> None:
        """Read the meter once; what is not reached leaves a gap."""
        if self.meter is not None:
            try:
                value = self._driver.read(self.meter.point)
            except DeviceUnreachable as error:
                _log.warning("not read: %s", error)
                return
            if value is not None:
                self.meter.add(datetime.now(UTC), value)

    def dispatch(self) -> list[Write]:
        """Write what running intervals ask for, bring back what none does; gives the confirmed writes."""
        with self._lock:
            if self.stopped:
                return []
            now = datetime.now(UTC)
            running = [duty for duty in self._duties.values() if duty.runs(now)]
            made = self._release({duty.event.event_id for duty in running}, now)
            hindered = self.hindrance() if running else ""
            for duty in running if not hindered else ():
                values = tuple(duty.event.current(now))
                if duty.done != values:
                    made += self._dispatch(duty, values, now)
            return made

    def _dispatch(self, duty: Duty, values: tuple[str, ...], now: datetime) -> list[Write]:
        writes: list[Write] = []
        refusals: list[Refusal] = []
        for command in duty.commands(list(values)):
            allowed, refused = self._checked(command, now.timestamp())
            writes += allowed
            refusals += refused
        if refusals:
            why = "; ".join(reason.message for reason in refusals)
            key = " ".join(sorted(f"{r.rule}{r.point}" for r in refusals))
            if key not in duty.told:
                duty.told.add(key)
                self._scribe.note(duty, "deviation", answer=why)
            return []
        made = [write for write in writes if self._send(duty, "command", write, now)]
        if len(made) == len(writes):
            duty.done = values
        return made

    def _checked(self, command: Command, now: float) -> tuple[list[Write], list[Refusal]]:
        """Check a command; what a point holds already is not written again where a limit forbids it."""
        readings = self._present()
        situation = Situation(self._memory.past, readings)
        verdict = check_command(self._plans, self._resource, command, now, situation)
        if verdict.allowed or any(reason.rule not in _PASSING for reason in verdict.refusals):
            return list(verdict.writes), list(verdict.refusals)
        writes: list[Write] = []
        refusals: list[Refusal] = []
        bare = check_command(self._plans, self._resource, command, now, Situation(readings=readings))
        for write in bare.writes:
            if self._memory.past.get((write.device, write.point), Past()).value == write.value:
                continue
            asked = Command(point=write.point, device=write.device, value=write.value)
            one = check_command(self._plans, self._resource, asked, now, situation)
            writes += one.writes
            refusals += one.refusals
        return ([], refusals) if refusals else (writes, [])

    def _present(self) -> dict[tuple[str, str], Decimal]:
        """Read what values are worked out from; what is not reached is left out."""
        found = {}
        for point in self._bases:
            try:
                value = self._driver.read(point)
            except DeviceUnreachable:
                continue
            if value is not None:
                found[point.key] = value
        return found

    def _release(self, running: set[str], now: datetime) -> list[Write]:
        """Bring points to their safe values where the event that set them does not run any more."""
        made = []
        for key, name in list(self._memory.held.items()):
            point, duty = self._points.get(key), self._duties.get(name)
            if name in running or point is None or point.safe is None or duty is None:
                continue
            asked = Command(point=point.name, device=point.device, value=point.safe)
            writes, refusals = self._checked(asked, now.timestamp())
            late = duty.event.cancelled or duty.opt == "optOut"
            if not refusals and not writes:
                self._memory.held.pop(key, None)
            made += [w for w in writes if self._send(duty, "deviation" if late else "command", w, now)]
        return made

    def emergency(self, why: str, *, on: bool = True, by: str = "") -> list[Write]:
        """Shut the plant down at once, or let it go again; nothing is checked, everything is recorded.

        What runs is opted out of in the next round, and nothing is written until it is let go. ``by`` is the
        party that asks for it.

        Raises:
            DeviceUnreachable: the plant does not answer. It counts as stopped, and is to be sent this again.
        """
        with self._lock:
            if on:
                self._memory.stop(True)
            now, made = datetime.now(UTC), []
            for write in stop_writes(self.plan, on=on):
                try:
                    said = self._driver.write(write)
                except DeviceUnreachable as error:
                    self._note_stop(write, f"{why}: no answer: {error.what}", on, by)
                    raise
                made.append(write)
                self._note_stop(write, f"{why}: {said}", on, by)
                for duty in self._duties.values():
                    if duty.event.status(now) == "active" and not duty.event.test:
                        more = {"device": write.device, "point": write.point}
                        self._scribe.note(duty, "deviation", answer=f"{why}: {said}", **more)
            if not on:
                self._memory.stop(False)
            return made

    def _note_stop(self, write: Write, words: str, on: bool, by: str) -> None:
        """Note what became of an emergency write."""
        _log.warning("%s of %s: %s", write.point, write.device, words)
        what = {"device": write.device, "point": write.point, "value": str(int(on)), "answer": words}
        self._scribe.intervene("emergency", by, resource=self._resource, **what)

    def _send(self, duty: Duty, step: Step, write: Write, now: datetime) -> bool:
        """Record a write, send it, and record what the device says."""
        what = {
            "device": write.device,
            "point": write.point,
            "value": f"{write.value:f}",
            "unit": write.unit.rpartition("/")[2],
        }
        self._scribe.note(duty, step, **what, answer="brought back" if step == "deviation" else "")
        try:
            said = self._driver.write(write)
        except DeviceUnreachable as error:
            said = f"no answer: {error.what}"
        confirmed = said == "confirmed"
        if step == "command":
            self._scribe.note(duty, "answer", device=write.device, point=write.point, answer=said)
        if confirmed:
            point = self._points[write.device, write.point]
            self._memory.wrote(point, write.value, now.timestamp(), duty.event.event_id)
        return confirmed
