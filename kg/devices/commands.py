"""The check before dispatch: a signal or a value becomes the exact writes, or the reasons why there are none.

``check_command`` is pure: what happened before, what was read and what is out of service come in with the
call.
All limits of a site are compiled when it is loaded, so that a check costs a few dictionary look-ups. Either
all writes of a command are allowed, or none is given.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from kg.devices.acts import made_of
from kg.devices.limits import Past, refusals
from kg.devices.points import Point
from kg.devices.reasons import Refusal, refusal
from kg.devices.resources import Plan
from kg.devices.writes import Write, make_write

__all__ = ["Command", "Past", "Refusal", "Situation", "Verdict", "Write", "check_command"]


@dataclass(frozen=True, slots=True)
class Command:
    """What is asked of a resource: a signal's value, or a value for one point.

    Attributes:
        signal: name of the signal, for example ``"SIMPLE"``; empty where ``point`` is given.
        type: type of the signal, for example ``"level"``.
        value: value of the interval, in the unit that the strategy's rows are in (watts for LOAD_DISPATCH),
            or of the point, in the point's unit.
        point: name of a point, or its ``flex:commandName``; empty where a signal is given.
        device: IRI of the device of ``point``; empty for every device of the resource that has it.
        market: IRI of the market context that the command comes from, empty for none.
    """

    signal: str = ""
    type: str = ""
    value: Decimal = Decimal(0)
    point: str = ""
    device: str = ""
    market: str = ""


@dataclass(slots=True)
class Situation:
    """What is known when a command is checked; nothing here is changed by the check.

    Attributes:
        past: device and point -> what was written before.
        readings: device and point -> value last read, in the point's unit; the exponent for a scale factor.
        opted_out: names of resources for which an opt-out is in force.
        out_of_service: IRIs of devices and names of resources that are not in service.
    """

    past: dict[tuple[str, str], Past] = field(default_factory=dict)
    readings: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    opted_out: frozenset[str] | set[str] = frozenset()
    out_of_service: frozenset[str] | set[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be written, or why nothing may.

    Attributes:
        writes: the writes in the order in which they are to be made; empty where anything is refused.
        refusals: the reasons; empty where the command is allowed.
    """

    writes: tuple[Write, ...]
    refusals: tuple[Refusal, ...]

    @property
    def allowed(self) -> bool:
        """Whether nothing was refused; an allowed command may need no write at all."""
        return not self.refusals

    def as_dict(self) -> dict[str, Any]:
        """Give the verdict as plain data, as ``flexkg devices command`` and ``POST /commands/check`` do."""
        return {
            "allowed": self.allowed,
            "writes": [write.as_dict() for write in self.writes],
            "refusals": [reason.as_dict() for reason in self.refusals],
        }


_NOTHING: Final = Situation()
#: OpenADR 2.0b, oadr_ei_20b.xsd, signalName SIMPLE.
_LEVELS: Final = frozenset(map(Decimal, range(4)))


def check_command(
    plans: dict[str, Plan], resource: str, command: Command, now: float, situation: Situation = _NOTHING
) -> Verdict:
    """Turn a command into writes, or into the reasons for refusing it.

    Args:
        plans: plans by the name of their resource, as `kg.devices.sites.Site.plans` has them.
        resource: name of the resource.
        command: what is asked.
        now: the time in seconds since 1970, UTC.
        situation: history, readings, opt-outs and what is out of service.

    Returns:
        The exact writes, or every reason for refusing; never an exception for what a command says.

    Source:
        W3C WoT Thing Description 1.1, section 5.3.2.5 (range); VHPready 4.0 (states of readiness).
    """
    plan = plans.get(resource)
    if plan is None:
        return _refused(refusal("CMD-1", f"There is no resource {resource!r}.", resource))
    if not isinstance(command.value, Decimal):
        command = replace(command, value=_decimal(command.value))
    if not command.value.is_finite():
        return _refused(refusal("CMD-3", f"The value {command.value} is not finite.", resource))
    if command.signal == "SIMPLE" and command.type == "level" and command.value not in _LEVELS:
        what = f"The level {command.value:f} is none of 0, 1, 2 and 3."
        return _refused(refusal("CMD-20", what, resource))
    found: list[Refusal] = []
    if not situation.opted_out.isdisjoint(plan.names):
        found.append(refusal("CMD-12", "An opt-out of the resource is in force.", resource))
    if not situation.out_of_service.isdisjoint(plan.names) or not plan.in_service:
        found.append(refusal("CMD-11", "The resource is not in service.", resource))
    if command.market and plan.markets and command.market not in plan.markets:
        found.append(
            refusal("CMD-17", f"The resource has no description for the market {command.market}.", resource)
        )
    for portion in plan.portions if not found else ():
        if command.device not in ("", portion.device):
            continue
        if not situation.opted_out.isdisjoint(portion.owners):
            found.append(refusal("CMD-12", "An opt-out of a part is in force.", portion.device))
        if not portion.in_service or not situation.out_of_service.isdisjoint(portion.owners):
            found.append(refusal("CMD-11", "A part is not in service.", portion.device))
    if found:
        return Verdict((), tuple(found))
    if command.point:
        asked = list(_direct(plan, command, found))
    else:
        asked = list(_by_signal(plan, command, situation, found))
    writes: list[Write] = []
    asked_of: dict[tuple[str, str], Decimal] = {}
    for point, value in asked:
        if point.key in asked_of:
            if asked_of[point.key] != value:
                what = f"The strategy asks for {asked_of[point.key]} and for {value} at once."
                found.append(refusal("CMD-19", what, point.device, point.name))
            continue
        asked_of[point.key] = value
        if point.device in situation.out_of_service:
            found.append(refusal("CMD-11", "The device is not in service.", point.device))
            continue
        factor = _factor(point, situation)
        if factor is None:
            read = situation.readings.get((point.device, point.factor_point))
            wrong_one = f"is {read}, which is no whole number of -10 to 10"
            what = (
                f"The scale factor {point.factor_point} {'has not been read' if read is None else wrong_one}."
            )
            found.append(refusal("CMD-13", what, point.device, point.name))
            continue
        wrong = refusals(point, value, now, situation.past.get((point.device, point.name)))
        if wrong:
            found += wrong
            continue
        write = make_write(point, value, factor)
        if write is None:
            what = f"{value} cannot be written as {point.data_type} with a scale of {factor:f}."
            found.append(refusal("CMD-14", what, point.device, point.name))
        else:
            writes.append(write)
    return Verdict((), tuple(found)) if found else Verdict(tuple(writes), ())


def _decimal(value: object) -> Decimal:
    """Take a number that a caller did not make a decimal as it is written; anything else is none."""
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return Decimal("NaN")


def _refused(reason: Refusal) -> Verdict:
    return Verdict((), (reason,))


def _factor(point: Point, situation: Situation) -> Decimal | None:
    """Give what a raw number is multiplied with; None where it has to be read first."""
    if not point.factor_point:
        return point.scale
    exponent = situation.readings.get((point.device, point.factor_point))
    if exponent is None or not -10 <= exponent <= 10 or exponent != int(exponent):
        return None
    return point.scale.scaleb(int(exponent))


def _direct(plan: Plan, command: Command, found: list[Refusal]) -> Iterator[tuple[Point, Decimal]]:
    hit = False
    for portion in plan.portions:
        if command.device in ("", portion.device):
            point = portion.points.get(command.point) or portion.commands.get(command.point)
            if point is not None:
                hit = True
                yield point, command.value
    if not hit:
        what = f"No device of the resource has a point {command.point!r}."
        found.append(refusal("CMD-2", what, command.device, command.point))


def _by_signal(
    plan: Plan, command: Command, situation: Situation, found: list[Refusal]
) -> Iterator[tuple[Point, Decimal]]:
    value = command.value
    for portion in plan.portions:
        rows = portion.strategy.get((command.signal, command.type), ())
        hit = False
        for row in rows:
            if (row.low is not None and value < row.low) or (row.high is not None and value >= row.high):
                continue
            hit = True
            if row.act != "none":
                made = made_of(portion, row, value, situation.readings)
                if isinstance(made, Refusal):
                    found.append(made)
                else:
                    yield made
        if not hit:
            what = f"The strategy has no row for {command.signal} {command.type} {value}."
            if not portion.strategy:
                what = "No strategy says what a signal means for the device."
            found.append(refusal("CMD-5", what, portion.device))
    if not plan.portions:
        found.append(refusal("CMD-2", "The resource has no device with a mapping.", ""))
