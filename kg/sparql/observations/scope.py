"""Where a group stands in a query."""

from dataclasses import dataclass, field

from kg.sparql.observations.stars import Condition
from kg.sparql.observations.tree import Expression, Select


@dataclass(slots=True)
class Scope:
    """Where a group stands.

    Args:
        select: the query that it is of.
        top: whether it is the whole pattern of that.
        loose: whether doubles do not count.
        filters: conditions around it that hold for it too.
        bound: conditions on the rows that a variable of a reading is bound to, by variable.
    """

    select: Select
    top: bool
    loose: bool
    filters: list[Expression] = field(default_factory=list)
    bound: dict[str, list[Condition]] = field(default_factory=dict)

    def inner(self, loose: bool, filters: list[Expression] | None = None) -> "Scope":
        """Give the scope of a group in this one."""
        return Scope(self.select, False, loose, filters or [], dict(self.bound))
