"""What points are to hold at one moment: a limit goes before events, of events the one of higher priority."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from kg.devices.reasons import Refusal
from kg.gateway.duty import Duty
from kg.gateway.hands import Hands, Key, Wish
from kg.gateway.limits import LIMIT, within
from kg.gateway.scribe import Scribe
from kg.units import plain


class Wanted:
    """Puts wishes together; what goes first is added first.

    Args:
        hands: says what commands want of points, and what points hold.
        scribe: writes down what yields to what.
        caps: how far points may go under a limit.

    Attributes:
        wishes: device and point -> what it is to hold.
    """

    def __init__(self, hands: Hands, scribe: Scribe, caps: Mapping[Key, Decimal]) -> None:
        self._hands, self._scribe, self._caps = hands, scribe, caps
        self.wishes: dict[Key, Wish] = {}

    def add(self, duty: Duty, now: datetime) -> None:
        """Add what an event asks for now, as far as nothing goes before it."""
        values = tuple(duty.event.current(now))
        if duty.done != values:
            duty.wanted, refusals = self._hands.judge(duty.commands(list(values)))
            if refusals:
                self.tell(duty, words(refusals), kinds(refusals))
                return
            duty.done = values
        for key, value in duty.wanted.items():
            other = self.wishes.get(key)
            if other is not None:
                if other.value != value and other.duty is not None:
                    self.tell(duty, f"{key[1]}: the event {other.duty.event.event_id} goes before")
                continue
            cap = self._caps.get(key)
            if cap is not None and not within(value, cap):
                self.tell(duty, f"{key[1]}: limited to {plain(cap)} instead of {plain(value)}")
                value = cap
            self.wishes[key] = Wish(value, duty)

    def let_go(
        self,
        held: Mapping[Key, str],
        running: Sequence[Duty],
        known: Mapping[str, Duty],
        *,
        limited: bool,
    ) -> None:
        """Add the safe values of points that were set by what does not run, or is not known any more.

        Args:
            held: device and point -> eventID, or ``LIMIT``, of what set it.
            running: events that run.
            known: eventID -> event.
            limited: whether a limit is in force.
        """
        names = {duty.event.event_id for duty in running}
        for key, name in held.items():
            point = self._hands.points.get(key)
            gone = not limited if name == LIMIT else name not in names
            if not gone or key in self.wishes or point is None or point.safe is None:
                continue
            cap = self._caps.get(key)
            if cap is not None and not within(point.safe, cap):  # the limit holds it now, and lets it go
                self.wishes[key] = Wish(cap, None)
            else:
                self.wishes[key] = Wish(point.safe, known.get(name), back=True)

    def keep(self) -> None:
        """Add the values of the limit, for points of which nothing is asked and that hold more."""
        for key, cap in self._caps.items():
            held = self._hands.held(key)
            if key not in self.wishes and (held is None or not within(held, cap)):
                self.wishes[key] = Wish(cap, None)

    def tell(self, duty: Duty, why: str, key: str = "") -> None:
        """Record once why an event is not carried out as it asks."""
        if (key or why) not in duty.told:
            duty.told.add(key or why)
            self._scribe.note(duty, "deviation", answer=why)


def words(reasons: Sequence[Refusal]) -> str:
    """Put reasons into words."""
    return "; ".join(reason.message for reason in reasons)


def kinds(reasons: Sequence[Refusal]) -> str:
    """Name reasons by rule and point: their words change with the time."""
    return " ".join(sorted(f"{reason.rule}{reason.point}" for reason in reasons))
