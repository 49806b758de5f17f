"""Writes to a plant what is wanted of its points: checked, recorded, and nothing twice."""

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from kg.devices.commands import Command, Past, Situation, check_command
from kg.devices.emergency import stop_writes
from kg.devices.reasons import Refusal, refusal
from kg.devices.resources import Plan
from kg.devices.writes import Write
from kg.errors import UsageError
from kg.gateway.driver import DeviceUnreachable, Driver
from kg.gateway.duty import Duty
from kg.gateway.limits import LIMIT, Limit
from kg.gateway.memory import Memory
from kg.gateway.points import bases, points_of
from kg.gateway.scribe import Scribe
from kg.registry_entry import Step

_log = logging.getLogger("flexkg.gateway")
#: Seconds between two writes of what a device does not take, at most.
_LONGEST: Final = 60.0
Key = tuple[str, str]


@dataclass(slots=True)
class Wish:
    """What a point is to hold.

    Attributes:
        value: in its unit.
        duty: the event that asks for it, or whose end lets it go; None: the limit.
        back: whether it is brought back.
    """

    value: Decimal
    duty: Duty | None
    back: bool = False


class Hands:
    """Writes to the devices of one resource.

    Args:
        plans: plans of the site.
        resource: name of the resource.
        driver: the way to the plant.
        memory: what outlives a restart.
        scribe: writes down what is done.
    """

    def __init__(
        self, plans: dict[str, Plan], resource: str, driver: Driver, memory: Memory, scribe: Scribe
    ) -> None:
        self._plans, self._resource, self._driver = plans, resource, driver
        self._memory, self._scribe = memory, scribe
        self.points, self._bases = points_of(plans[resource]), bases(plans[resource])
        #: points whose last writes were not confirmed: how often in a row, the value, and not before when
        self._failed: dict[Key, tuple[int, Decimal, float]] = {}
        #: a limit, and how far points may go under it, as it was worked out last
        self._capped: tuple[Limit, dict[Key, Decimal]] | None = None

    def judge(self, commands: list[Command]) -> tuple[dict[Key, Decimal], list[Refusal]]:
        """Say what commands want of points, without looking at what passes with time; or why not."""
        situation = Situation(readings=self._present())
        wanted: dict[Key, Decimal] = {}
        for command in commands:
            verdict = check_command(self._plans, self._resource, command, 0.0, situation)
            if not verdict.allowed:
                return {}, list(verdict.refusals)
            wanted |= {(write.device, write.point): write.value for write in verdict.writes}
        return wanted, []

    def caps(self, limit: Limit) -> tuple[dict[Key, Decimal], list[Refusal]]:
        """Say how far points may go under a limit: those of a quantity; or why it cannot be kept.

        What was worked out before counts on while a device does not tell what it is worked out from.
        """
        wanted, refusals = self.judge([Command("LOAD_DISPATCH", "setpoint", limit.watts)])
        if refusals:
            known = self._capped
            return (known[1] if known is not None and known[0] == limit else {}), refusals
        caps = {key: value for key, value in wanted.items() if self.points[key].unit}
        if not caps:
            what = "No strategy of the resource sets a quantity by LOAD_DISPATCH setpoint."
            return {}, [refusal("CMD-5", what, self._resource)]
        self._capped = limit, caps
        return caps, []

    def held(self, key: Key) -> Decimal | None:
        """Give what a point holds: what was written last, else its safe value."""
        past = self._memory.past.get(key)
        return past.value if past is not None and past.value is not None else self.points[key].safe

    def fulfil(
        self, wishes: dict[Key, Wish], now: datetime
    ) -> tuple[list[Write], list[tuple[Wish, list[Refusal]]]]:
        """Write what points do not hold yet; of one event all or nothing.

        Returns:
            The confirmed writes, and the wishes that were refused for now, with the reasons.
        """
        made: list[Write] = []
        refused: list[tuple[Wish, list[Refusal]]] = []
        groups: dict[str, list[tuple[Key, Wish]]] = {}
        for key, wish in wishes.items():
            name = wish.duty.event.event_id if wish.duty is not None else LIMIT
            if self._memory.past.get(key, Past()).value != wish.value:
                if self._rests(key, wish):
                    continue
                groups.setdefault(name, []).append((key, wish))
            elif not wish.back and key in self._memory.held:
                self._memory.held[key] = name  # another one asks for the same
            elif wish.back:
                self._memory.held.pop(key, None)
        for group in groups.values():
            writes: list[tuple[Write, Wish]] = []
            reasons: list[Refusal] = []
            for key, wish in group:
                asked = Command(point=key[1], device=key[0], value=wish.value)
                situation = Situation(self._memory.past, self._present())
                verdict = check_command(self._plans, self._resource, asked, now.timestamp(), situation)
                writes += [(write, wish) for write in verdict.writes]
                reasons += verdict.refusals
            if reasons:
                refused.append((group[0][1], reasons))
                continue
            made += [write for write, wish in writes if self._send(write, wish, now)]
        return made, refused

    def _rests(self, key: Key, wish: Wish) -> bool:
        """Whether a value that a device did not take again and again is left alone for a while."""
        _, value, until = self._failed.get(key, (0, None, 0.0))
        return value == wish.value and time.monotonic() < until

    def _present(self) -> dict[Key, Decimal]:
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

    def _send(self, write: Write, wish: Wish, now: datetime) -> bool:
        """Record a write, send it, and record what the device says."""
        where = {"device": write.device, "point": write.point}
        what = {**where, "value": f"{write.value:f}", "unit": write.unit.rpartition("/")[2]}
        duty = wish.duty
        late = duty is not None and wish.back and (duty.event.cancelled or duty.opt == "optOut")
        step: Step = "deviation" if late else "command"
        if duty is not None and not late:
            self._scribe.note(duty, step, **what)
        try:
            said = self._driver.write(write)
        except DeviceUnreachable as error:
            said = f"no answer: {error.what}"
        words = f"brought back: {said}" if wish.back else f"kept to the limit: {said}"
        if duty is None:
            by = self._memory.limit.by if self._memory.limit is not None else ""
            self._scribe.intervene("limit", by, resource=self._resource, **what, answer=words)
        elif late:
            self._scribe.note(duty, step, **what, answer=words)
        else:
            self._scribe.note(duty, "answer", **where, answer=said)
        tried = self._failed.pop((write.device, write.point), (0, write.value, 0.0))[0] + 1
        if said != "confirmed":  # once more at once, then ever more seldom
            rest = min(_LONGEST, 2.0 ** (tried - 1)) if tried > 1 else 0.0
            until = time.monotonic() + rest
            self._failed[write.device, write.point] = (tried, write.value, until)
        if said == "confirmed":
            name = duty.event.event_id if duty is not None else LIMIT
            self._memory.wrote(self.points[write.device, write.point], write.value, now.timestamp(), name)
        return said == "confirmed"

    def stop(self, why: str, duties: list[Duty], *, on: bool, by: str) -> list[Write]:
        """Shut down at once, or let go again; nothing is checked, everything is recorded.

        Raises:
            DeviceUnreachable: the plant does not answer.
            UsageError: it is to be shut down, and has no point for that.
        """
        now, made = datetime.now(UTC), []
        try:
            writes = stop_writes(self._plans[self._resource], on=on)
        except UsageError as error:
            stated = {"value": str(int(on)), "resource": self._resource}
            self._scribe.intervene("emergency", by, **stated, answer=f"{why}: {error.what}")
            if on:
                raise
            return []
        for write in writes:
            where = {"device": write.device, "point": write.point}
            more = {**where, "value": str(int(on)), "resource": self._resource}
            try:
                said = self._driver.write(write)
            except DeviceUnreachable as error:
                self._scribe.intervene("emergency", by, **more, answer=f"{why}: no answer: {error.what}")
                raise
            made.append(write)
            _log.warning("%s of %s: %s: %s", write.point, write.device, why, said)
            self._scribe.intervene("emergency", by, **more, answer=f"{why}: {said}")
            for duty in duties:
                if duty.event.status(now) == "active" and not duty.event.test:
                    self._scribe.note(duty, "deviation", **where, answer=f"{why}: {said}")
        return made
