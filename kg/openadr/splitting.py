"""How a node of the tree splits what it is asked for over the VENs below it, and adds up what they report."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from kg.errors import UsageError

Rule = Literal["proportional", "priority", "equal"]


@dataclass(frozen=True, slots=True)
class Share:
    """What a VEN below can take of an event.

    Attributes:
        ven: its venID.
        limit_w: the most that it can change its power by, in watts, 0 or more.
        priority: those with a lower number are asked first.
    """

    ven: str
    limit_w: Decimal
    priority: int = 0


def split(value_w: Decimal, shares: Sequence[Share], rule: Rule) -> dict[str, Decimal]:
    """Split a power over VENs, none beyond its limit.

    Args:
        value_w: what is asked for, in watts; negative for less load.
        shares: who can take how much.
        rule: ``"proportional"`` to the limits; by ``"priority"``, each to its limit before the next is asked;
            or ``"equal"`` parts, of which what one cannot take goes to the others.

    Returns:
        For each VEN its part, with the sign of the whole, in whole milliwatts; the parts add up to the whole.

    Raises:
        UsageError: the limits do not suffice (code ``capability``), or there is no such rule.

    >>> split(Decimal(9000), [Share("A", Decimal(10000)), Share("B", Decimal(5000))], "proportional")
    {'A': Decimal('6000.000'), 'B': Decimal('3000.000')}
    """
    sign, whole = (-1 if value_w < 0 else 1), abs(value_w)
    total = sum((share.limit_w for share in shares), Decimal())
    if whole > total:
        raise UsageError(
            f"{value_w} W are asked for, those below can take {total} W",
            cure="opt out, or add resources",
            code="capability",
        )
    if rule == "proportional":
        parts = [whole * share.limit_w / total if total else Decimal() for share in shares]
    elif rule == "priority":
        parts = [Decimal()] * len(shares)
        left = whole
        for place in sorted(range(len(shares)), key=lambda n: (shares[n].priority, n)):
            parts[place] = min(left, shares[place].limit_w)
            left -= parts[place]
    elif rule == "equal":
        parts = _equal(whole, shares)
    else:
        raise UsageError(f"{rule!r} is no rule", cure="use proportional, priority or equal")
    return {
        share.ven: sign * part for share, part in zip(shares, _rounded(whole, parts, shares), strict=True)
    }


def _equal(whole: Decimal, shares: Sequence[Share]) -> list[Decimal]:
    parts = [Decimal()] * len(shares)
    left, order = whole, sorted(range(len(shares)), key=lambda n: shares[n].limit_w)
    for count, place in enumerate(order):
        parts[place] = min(left / (len(order) - count), shares[place].limit_w)
        left -= parts[place]
    return parts


def _rounded(whole: Decimal, parts: Sequence[Decimal], shares: Sequence[Share]) -> list[Decimal]:
    """Round parts down to milliwatts, and give the rest to whoever has room for it."""
    step = Decimal("0.001")
    made = [part.quantize(step, rounding="ROUND_DOWN") for part in parts]
    rest = whole - sum(made, Decimal())
    for place, share in enumerate(shares):
        more = min(rest, share.limit_w - made[place])
        if more > 0 and parts[place] > 0:
            made[place] += more
            rest -= more
    return made


def merge(reported: Iterable[Mapping[str, Decimal]]) -> dict[str, Decimal]:
    """Add up what VENs report, interval by interval; an interval that one of them lacks is left out.

    Args:
        reported: of each VEN, start of interval -> mean power in watts.

    >>> merge([{"12:00": Decimal(1), "12:15": Decimal(2)}, {"12:00": Decimal(3)}])
    {'12:00': Decimal('4')}
    """
    every = list(reported)
    if not every:
        return {}
    common = set(every[0]).intersection(*every[1:])
    return {start: sum((one[start] for one in every), Decimal()) for start in sorted(common)}
