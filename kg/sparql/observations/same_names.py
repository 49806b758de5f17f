"""Keys of groups that are constant of a series: SQL puts the series of each together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kg.sparql.observations.columns import Cells
from kg.sparql.observations.relation import Relation, Spelt
from kg.sparql.observations.stars import Condition

#: Keys up to which only they are looked up: to hand over a number takes longer than to read a name.
_FEW = 100
#: The half of a number that is a series, behind what the graph says.
_LOW = 0xFFFFFFFF


@dataclass(slots=True)
class SameNames:
    """Groups of series of which the same is said; the least number of its series stands for a group.

    It is used as a ``relation.Relation`` is.

    Args:
        columns: of the table of names, in the order of the keys.
        conditions: on the series.
    """

    columns: list[str]
    conditions: list[Condition]
    linked = True
    single = True
    key = "u.k"

    def source(self) -> tuple[str, list[Any]]:
        """Write what the readings are joined with, and its values."""
        where, values = self._where()
        by = ", ".join(f"n.{column}" for column in self.columns)
        key = f"min(n.id) OVER (PARTITION BY {by})"
        return f"JOIN (SELECT n.id AS s, {key} AS k FROM names n WHERE {where}) u ON u.s = r.series", values

    def limits(self) -> Condition:
        """Give a condition that every reading fulfils."""
        return Condition("true")

    def spelt(self, key: str = "g.k") -> Spelt:
        """Write what groups ``g`` are joined with to get the terms of their keys."""
        terms = " || ' ' || ".join(f"coalesce('<' || n.{name} || '>', 'UNDEF')" for name in self.columns)
        return Spelt(
            f" JOIN (SELECT n.id AS k, {terms} AS terms FROM names n) e ON e.k = {key}", "e.terms", []
        )

    def terms(self, keys: Iterable[int], cells: Cells) -> Mapping[int, tuple[str, ...]]:
        """Give the terms of keys."""
        wanted = list(keys)
        if not wanted:
            return {}
        told = [f"coalesce('<' || n.{name} || '>', 'UNDEF')" for name in self.columns]
        if len(wanted) <= _FEW:
            where, values = "n.id IN (SELECT unnest(?::INTEGER[]))", list[Any]([wanted])
        else:
            where, values = self._where()
        texts = ", ".join(f"string_agg({one}, chr(10))" for one in (*told, "n.id::VARCHAR"))
        columns = cells.view.rows(f"SELECT {texts} FROM names n WHERE {where}", values)[0]
        *terms, numbers = (text.split("\n") for text in columns)
        return dict(zip(map(int, numbers), zip(*terms, strict=True), strict=True))

    def _where(self) -> tuple[str, list[Any]]:
        told = [one for one in self.conditions if one.series]
        return " AND ".join(one.sql for one in told) or "true", [v for one in told for v in one.values]


@dataclass(slots=True)
class Crossed:
    """What the graph says of no series in particular, for each group of series; used as either of them.

    Args:
        told: what the graph says.
        names: the groups of series. Its keys stand behind those of the other.
    """

    told: Relation
    names: SameNames
    linked = True
    key = "(w.k << 32) + u.k"

    @property
    def single(self) -> bool:
        """Whether each row stands there once."""
        return self.told.single

    def source(self) -> tuple[str, list[Any]]:
        """Write what the readings are joined with, and its values."""
        joined, values = self.told.source()
        others, more = self.names.source()
        return f"{joined} {others}", [*values, *more]

    def limits(self) -> Condition:
        """Give a condition that every reading fulfils which fulfils some row's bounds."""
        return self.told.limits()

    def spelt(self) -> Spelt:
        """Write what groups ``g`` are joined with to get the terms of their keys."""
        joins, terms, values = self.told.spelt()
        others = self.names.spelt(f"(g.k & {_LOW})")
        joins = joins.replace("= g.k", "= g.k >> 32")
        return Spelt(joins + others.joins, f"{terms} || ' ' || {others.terms}", values)

    def terms(self, keys: Iterable[int], cells: Cells) -> Mapping[int, tuple[str, ...]]:
        """Give the terms of keys."""
        wanted = list(keys)
        told = self.told.terms({key >> 32 for key in wanted}, cells)
        names = self.names.terms({key & _LOW for key in wanted}, cells)
        return {key: (*told[key >> 32], *names[key & _LOW]) for key in wanted}


def same_names(
    constant: Mapping[str, str], keys: Sequence[str], conditions: Sequence[Condition]
) -> SameNames:
    """Give the groups of series by keys that are constant of them.

    Args:
        constant: variables of what is constant of the star's series, and their columns.
        keys: variables that are grouped by, each of them one of these.
        conditions: what is known of the star.
    """
    columns = ["iri" if constant[name] == "series" else constant[name] for name in keys]
    return SameNames(columns, list(conditions))
