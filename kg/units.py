"""Units: in which unit a number with a scale is, and arithmetic that is exact or not done."""

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction

from kg.binding_tables import Tables
from kg.literals import segment
from kg.namespaces import ID, UNIT

#: IRIs of units that QUDT has no name for.
OWN_UNIT = ID + "unit/"
_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact, InvalidOperation])
#: Numbers of a 32-bit float, the largest and the smallest, have less than a hundred digits.
_ROUNDED = Context(prec=200)


def measured_in(base: str, scale: str, factor: Decimal, symbol: str, tables: Tables) -> str:
    """Name the unit that numbers are in which give ``base`` when multiplied with ``factor``.

    Args:
        base: IRI of the unit before scaling, empty where QUDT has no name for it.
        scale: notation of the siScaleCode, empty for none.
        factor: what a number is multiplied with to be in the base unit.
        symbol: the unit with its scale, as people write it.
        tables: says which scaled units QUDT has.

    Returns:
        QUDT's unit where there is one, else an IRI of our own; empty where there is no unit at all.

    >>> from kg.binding_tables import load
    >>> measured_in("http://qudt.org/vocab/unit/W", "k", Decimal(1000), "kW", load())
    'http://qudt.org/vocab/unit/KiloW'
    """
    if not base:
        return OWN_UNIT + segment(symbol) if symbol else ""
    if factor == 1:
        return base
    name = base.removeprefix(UNIT)
    row = tables.units.get((name, scale))
    return UNIT + row.cells["scaled_unit"] if row else f"{OWN_UNIT}{segment(name)}/{plain(factor)}"


def product(value: Decimal, factor: Decimal) -> Decimal:
    """Multiply without rounding, whatever the number of digits."""
    return value if factor == 1 else _EXACT.multiply(value, factor)


def ratio(factor: Decimal, other: Decimal) -> Decimal | None:
    """Divide one factor by another; None where no decimal is exactly the result.

    >>> ratio(Decimal(1), Decimal(1000)), ratio(Decimal(1), Decimal(3))
    (Decimal('0.001'), None)
    """
    if factor == other:
        return Decimal(1)
    if not other:
        return None
    found = Fraction(factor) / Fraction(other)
    rest, digits = found.denominator, 0
    for prime in (2, 5):
        count = 0
        while rest % prime == 0:
            rest, count = rest // prime, count + 1
        digits = max(digits, count)
    if rest != 1:
        return None
    return _EXACT.scaleb(Decimal(found.numerator * 10**digits // found.denominator), -digits)


def rounded(value: Decimal, digits: int = 3) -> Decimal:
    """Round to some digits after the point, however many stand before it; zeros at the end go.

    >>> rounded(Decimal("-0.0001")), rounded(Decimal("1.23456")), rounded(Decimal("3E30")) == Decimal("3E30")
    (Decimal('0'), Decimal('1.235'), True)
    """
    made = value.quantize(Decimal(1).scaleb(-digits), context=_ROUNDED).normalize(_ROUNDED)
    return made or Decimal(0)


def plain(value: Decimal) -> str:
    """Write a number without exponent and without zeros that say nothing.

    >>> plain(Decimal("5E3")), plain(Decimal("0.50"))
    ('5000', '0.5')
    """
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
