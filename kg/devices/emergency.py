"""The way around the check before dispatch: points for emergencies, which nothing may hold up."""

from decimal import Decimal

from kg.devices.resources import Plan
from kg.devices.writes import Write, make_write
from kg.errors import UsageError


def stop_writes(plan: Plan, *, on: bool = True) -> list[Write]:
    """Make the writes that shut a plant down at once, or let it go again.

    Neither history nor limits, opt-outs nor service are looked at. A point for emergencies has two values;
    its ``flex:safeValue`` is the one at rest (1 where it states none, for a switch that has to be held).

    Args:
        plan: the plan of the resource.
        on: shut down; else let go.

    Raises:
        UsageError: no device of the resource has a point for emergencies.

    Source:
        VHPready 4.0, emergency switch-off.
    """
    made = []
    for portion in plan.portions:
        for point in portion.points.values():
            if point.emergency and point.writable:
                rest = point.safe if point.safe is not None else Decimal(1)
                write = make_write(point, 1 - rest if on else rest, point.scale)
                if write is not None:
                    made.append(write)
    if not made:
        raise UsageError(
            "the resource has no point for emergencies",
            where=plan.name,
            cure="mark one with flex:emergency true",
        )
    return made
