"""Units of OpenADR 3: what units and currency of a payload descriptor are as an item of OpenADR 2.0."""

from functools import lru_cache

from kg.facts import plain
from kg.implied import load
from kg.lift import lifter_for
from kg.literals import string
from kg.namespaces import FLEX, VOCAB

#: Predicates and objects of an item.
Item = tuple[tuple[str, str], ...]
_NONE = f"<{VOCAB}siScaleCode/none>"
#: Base of the item of a price, by the units that the price is for.
_PRICED = {"KWH": "currencyPerKWh", "KW": "currencyPerKW", "THERMS": "currencyPerThm"}


@lru_cache(maxsize=1)
def items() -> dict[str, Item]:
    """Give the item that each of the units names; those that are no item of OpenADR 2.0 are not there.

    Source:
        OpenADR 3.1.0, units.schema.yaml.
    """
    source = lifter_for("3.1").source
    table = load(source.path.parent / str(source.settings["units"]))
    predicates = [path[-1] for path in table.results]
    return {
        plain(conditions[0]): tuple((p, v) for p, v in zip(predicates, cells, strict=True) if v)
        for conditions, cells in table.rows
    }


def price_item(units: str, currency: str) -> Item:
    """Give the item of a price: a currency for units; empty where OpenADR 2.0 has no such item.

    >>> price_item("VOLTS", "EUR")
    ()
    """
    base = _PRICED.get(units, "")
    if not base:
        return ()
    return (
        (f"<{FLEX}itemBase>", f"<{VOCAB}itemBase/{base}>"),
        (f"<{FLEX}itemUnits>", string(currency)),
        (f"<{FLEX}siScaleCode>", _NONE),
    )
