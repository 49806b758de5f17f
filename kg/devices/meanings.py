"""What points mean, as tables of ``mappings/points``: units, logical nodes, measurands, OBIS quantities."""

import csv
from dataclasses import dataclass
from functools import cache
from typing import Final

from kg import assets
from kg.errors import AssetError
from kg.namespaces import QUANTITYKIND, UNIT

_FOLDER: Final = "points"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit that a point may have.

    Attributes:
        name: local name of its QUDT IRI, for example ``"KiloW"``.
        quantity_kinds: local names of what it measures.
        symbols: how register tables write it.
    """

    name: str
    quantity_kinds: frozenset[str]
    symbols: tuple[str, ...]


@cache
def table(name: str) -> tuple[dict[str, str], ...]:
    """Read a table of ``mappings/points``: one row is one dictionary; ours first, then those of packages.

    Raises:
        kg.errors.AssetError: the table is missing, its head is not that of ours, or a row has too few or too
            many cells.
    """
    rows: list[dict[str, str]] = []
    head: tuple[str, ...] = ()
    for path in (
        assets.folder("mappings") / _FOLDER / f"{name}.csv",
        *assets.files("mappings", f"{_FOLDER}/{name}.csv")[1:],
    ):
        lines = csv.DictReader(assets.text(path).removeprefix("\ufeff").splitlines())
        found = tuple(lines.fieldnames or ())
        head = head or found
        if found != head:
            raise AssetError(
                "the columns are not those of our table", where=f"{path}:1", cure=f"use {','.join(head)}"
            )
        for number, row in enumerate(lines, 2):
            if None in row or None in row.values():
                raise AssetError(
                    "the row has not as many cells as the head", where=f"{path}:{number}", cure="mend the row"
                )
            rows.append(row)
    return tuple(rows)


@cache
def units() -> dict[str, Unit]:
    """Give the units by their QUDT IRI."""
    made = {}
    for row in table("units"):
        kinds = frozenset(row["quantity_kinds"].split())
        made[UNIT + row["unit"]] = Unit(row["unit"], kinds, tuple(row["symbols"].split()))
    return made


@cache
def symbols() -> dict[str, str]:
    """Give the QUDT IRI of a unit by how register tables write it.

    >>> symbols()["kW"]
    'http://qudt.org/vocab/unit/KiloW'
    """
    return {symbol: iri for iri, unit in units().items() for symbol in unit.symbols}


def fits(unit: str, quantity_kind: str) -> bool | None:
    """Tell whether a unit measures a quantity; None where the unit is not in the table.

    Args:
        unit: IRI of the unit.
        quantity_kind: IRI of the quantity kind.

    >>> fits(UNIT + "KiloW", QUANTITYKIND + "ActivePower"), fits(UNIT + "V", QUANTITYKIND + "ActivePower")
    (True, False)
    """
    known = units().get(unit)
    return None if known is None else quantity_kind.removeprefix(QUANTITYKIND) in known.quantity_kinds
