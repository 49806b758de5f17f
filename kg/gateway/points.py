"""The points of a resource's devices, as a gateway looks them up."""

from kg.devices.points import Point
from kg.devices.resources import Plan
from kg.errors import UsageError


def points_of(plan: Plan) -> dict[tuple[str, str], Point]:
    """Give all points by device and name."""
    return {point.key: point for portion in plan.portions for point in portion.points.values()}


def find_point(plan: Plan, name: str) -> Point:
    """Give a point by its name, or by what strategies call it.

    Raises:
        UsageError: no device of the resource has it.
    """
    for portion in plan.portions:
        point = portion.points.get(name) or portion.commands.get(name)
        if point is not None:
            return point
    names = ", ".join(sorted(key[1] for key in points_of(plan)))
    raise UsageError(f"{plan.name} has no point {name!r}", where=name, cure=f"it has {names or 'none'}")


def bases(plan: Plan) -> list[Point]:
    """List the points that strategies add to, and those that hold scale factors."""
    found: dict[tuple[str, str], Point] = {}
    for portion in plan.portions:
        names = {row.base for rows in portion.strategy.values() for row in rows}
        names |= {point.factor_point for point in portion.points.values()}
        for name in names - {""}:
            point = portion.points.get(name) or portion.commands.get(name)
            if point is not None:
                found[point.key] = point
    return list(found.values())
