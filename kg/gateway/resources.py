"""The resources behind one VEN: each gets its part of an event, and what they say is put together."""

import logging
import math
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from kg.devices.reasons import Refusal
from kg.devices.writes import Write
from kg.errors import FlexKGError, UsageError
from kg.gateway.carrier import Carrier
from kg.gateway.duty import Duty, duties
from kg.openadr.splitting import Rule, Share, merge, split
from kg.openadr.told import Message

_log = logging.getLogger("flexkg.gateway")
_OUT: Final = "optOut"


@dataclass(frozen=True, slots=True)
class Member:
    """One resource, what it can take of a power, and what carries out its part."""

    share: Share
    carrier: Carrier


class Resources:
    """What a `kg.openadr.upstream.Upstream` needs below it, over several carriers.

    Powers are split by a rule, none beyond a resource's limit; levels and prices are for each as they are. A
    resource that cannot take its part is left out and the event split again, until what is left does not
    suffice: then the VEN opts out. One resource takes everything as it is.

    Args:
        members: the resources.
        rule: how powers are split.
        past: the messages that told of events before a restart, in their order.
    """

    def __init__(
        self, members: Sequence[Member], rule: Rule = "proportional", past: Iterable[Message] = ()
    ) -> None:
        self.members, self._rule = list(members), rule
        self._lock = threading.RLock()
        self._events: dict[str, Duty] = {}
        #: members that take no part: eventID and modificationNumber -> names
        self._out: dict[tuple[str, int], set[str]] = {}
        for message in past:
            for duty in duties(message):
                self._events[duty.event.event_id] = duty
                for member, part in self._recalled(duty):
                    member.carrier.recall(part)

    def _recalled(self, duty: Duty) -> list[tuple[Member, Duty]]:
        """Split an event as it was before a restart, as far as that can be told without asking a plant."""
        meant = self._meant(duty)
        if len(self.members) == 1 or duty.event.cancelled or duty.event.over(datetime.now(UTC)):
            return [(member, _copy(duty)) for member in meant]
        return self._chosen(duty, set(), Carrier.unfit) or self._parts(duty, meant) or []

    def carry_out(self, message: Message) -> dict[str, str]:
        """Split the events of an oadrDistributeEvent; gives an optType for each eventID."""
        with self._lock:
            return {duty.event.event_id: self._give(duty) for duty in duties(message)}

    def _give(self, duty: Duty) -> str:
        event = duty.event
        self._events[event.event_id] = duty
        self._out = {
            of: who for of, who in self._out.items() if of[0] != event.event_id or of[1] == event.number
        }
        if event.cancelled:
            for member in self.members:
                if member.carrier.knows(event.event_id):
                    member.carrier.take([_copy(duty)])
            return "optIn"
        return self._share_out(duty)

    def _share_out(self, duty: Duty) -> str:
        """Give each resource its part, without those that take none; gives the VEN's opt."""
        event = duty.event
        out = self._out.setdefault((event.event_id, event.number), set())
        if duty.resources and not self._meant(duty):
            _log.warning("opted out of %s: none of its resources is here", event.event_id)
        while parts := self._chosen(duty, out, Carrier.objection):
            opts = {member.share.ven: member.carrier.take([part]) for member, part in parts}
            leaving = {name for name, opt in opts.items() if opt[event.event_id] == _OUT}
            out |= leaving
            if not leaving:
                break
        else:
            out |= {member.share.ven for member in self.members}
        for member in self.members:
            if member.share.ven in out:
                member.carrier.leave(event.event_id)
        return _OUT if len(out) == len(self.members) else "optIn"

    def _chosen(
        self, duty: Duty, out: set[str], objection: Callable[[Carrier, Duty], str]
    ) -> list[tuple[Member, Duty]]:
        """Split an event over those that take their part; notes who does not. Empty: too few are left."""
        while True:
            rest = [member for member in self._meant(duty) if member.share.ven not in out]
            parts = (self._parts(duty, rest) if rest else None) or []
            refusing = [(member, why) for member, part in parts if (why := objection(member.carrier, part))]
            if not refusing:
                return parts
            away = [one for one in refusing if one[0].carrier.hindrance()]
            # of those whose part does not suit them one at a time: without it the others' parts are larger
            for member, why in away or [min(refusing, key=lambda one: one[0].share.limit_w)]:
                _log.warning("%s is left out of %s: %s", member.share.ven, duty.event.event_id, why)
                out.add(member.share.ven)

    def _meant(self, duty: Duty) -> list[Member]:
        """List the resources that an event is for: all, unless it names some."""
        return [one for one in self.members if not duty.resources or one.share.ven in duty.resources]

    def _parts(self, duty: Duty, members: Sequence[Member]) -> list[tuple[Member, Duty]] | None:
        """Split an event; None where the limits do not suffice."""
        made = {member.share.ven: _copy(duty) for member in members}
        shares = [member.share for member in members]
        for place, (is_power, (_, kind, factor)) in enumerate(zip(duty.powers, duty.signals, strict=True)):
            if not is_power or kind not in ("setpoint", "delta") or len(self.members) == 1:
                continue
            for step, (start, end, value) in enumerate(duty.event.steps[place]):
                try:
                    split_up = split(Decimal(value) * factor, shares, self._rule)
                except UsageError as error:
                    _log.warning("%s: %s", duty.event.event_id, error.what)
                    return None
                for name, watts in split_up.items():
                    made[name].event.steps[place][step] = (start, end, f"{watts / factor:f}")
        return [(member, made[member.share.ven]) for member in members]

    def withdrawn(self) -> dict[str, int]:
        """Split again without resources that fell out; give the events that too few are left for."""
        with self._lock:
            now, found = datetime.now(UTC), dict[str, int]()
            lost: dict[str, set[str]] = {}
            for member in self.members:
                for event_id in member.carrier.withdrawn():
                    lost.setdefault(event_id, set()).add(member.share.ven)
            for event_id, names in lost.items():
                duty = self._events.get(event_id)
                if duty is None or duty.event.over(now) or duty.event.cancelled:
                    continue
                out = self._out.setdefault((event_id, duty.event.number), set())
                fresh = bool(names - out)
                out |= names
                if (fresh or not self._left(duty, out)) and self._share_out(duty) == _OUT:
                    found[event_id] = duty.event.number
            return found

    def _left(self, duty: Duty, out: set[str]) -> bool:
        return any(member.share.ven not in out for member in self._meant(duty))

    @property
    def stopped(self) -> bool:
        """Whether an emergency stop is in force."""
        return any(member.carrier.stopped for member in self.members)

    @property
    def opt_reason(self) -> str:
        """The optReason of an opt-out now."""
        return "emergency" if self.stopped else "outageRunStatus"

    def hindrance(self) -> str:
        """Say why none of them takes commands now; empty where one does."""
        found = [member.carrier.hindrance() for member in self.members]
        return "; ".join(dict.fromkeys(found)) if all(found) else ""

    def readings(self, request: str, length: str) -> dict[str, Decimal]:
        """Add up the mean powers that were not reported yet, in watts; what one lacks is left out."""
        metered = [one.carrier for one in self.members if one.carrier.meter is not None]
        return merge(carrier.readings(request, length) for carrier in metered)

    def reported(self, request: str, starts: Iterable[str]) -> None:
        """Note what was delivered under a request."""
        known = list(starts)
        for member in self.members:
            member.carrier.reported(request, known)

    def sample(self) -> None:
        """Read each meter once."""
        for member in self.members:
            member.carrier.sample()

    def dispatch(self) -> list[Write]:
        """Write what is due at each; gives the confirmed writes."""
        return [write for member in self.members for write in member.carrier.dispatch()]

    def emergency(self, why: str, *, on: bool = True, by: str = "") -> list[Write]:
        """Shut all of them down at once, or let them go; see ``Carrier.emergency``.

        Raises:
            FlexKGError: one does not answer, or has no point for it; the others were shut down, or let go,
                all the same.
        """
        made: list[Write] = []
        silent: FlexKGError | None = None
        for member in self.members:
            try:
                made += member.carrier.emergency(why, on=on, by=by)
            except FlexKGError as error:
                silent = error
        if silent is not None:
            raise silent
        if not on:
            self.members[0].carrier.forget_stops()
        return made

    def limit(self, watts: Decimal | None, *, until: float = math.inf, by: str = "") -> list[Refusal]:
        """Split a limit over the resources, or end it; see ``Carrier.limit``.

        Returns:
            Why one of them cannot keep its part; then what was in force stays so at all of them.
        """
        with self._lock:
            parts = self._limits(watts)
            carriers = [(member.carrier, parts.get(member.share.ven)) for member in self.members]
            refusals = [one for carrier, part in carriers if part is not None for one in carrier.unkept(part)]
            for carrier, part in carriers if not refusals else ():
                carrier.limit(part, until=until, by=by)
            return refusals

    def _limits(self, watts: Decimal | None) -> dict[str, Decimal]:
        shares = [member.share for member in self.members]
        if watts is None:
            return {}
        if len(shares) == 1:
            return {shares[0].ven: watts}
        if abs(watts) >= sum(share.limit_w for share in shares):  # beyond what all of them can
            return {share.ven: share.limit_w.copy_sign(watts) for share in shares}
        return split(watts, shares, self._rule)


def _copy(duty: Duty) -> Duty:
    """Give an event a resource of its own copy of what is worked out and changed."""
    event = replace(duty.event, steps=[list(steps) for steps in duty.event.steps])
    return replace(duty, event=event, opt="", wanted={}, done=None, told=set())
