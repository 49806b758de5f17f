"""Layout: which graphs of a store hold what; one that was filled in another layout has to be made anew."""

from typing import Final

from kg.errors import StoreError
from kg.graphs import META, GraphStore
from kg.literals import integer
from kg.namespaces import FLEX

#: The present one. 2: what reports say is in graphs ``report/<yyyymm>``.
LAYOUT: Final = 2
_LAYOUT = f"<{FLEX}graphLayout>"


def stamp(graphs: GraphStore) -> None:
    """Write the layout into a store that nothing was applied to; look at it in any other one.

    Raises:
        kg.errors.StoreError: the store was filled in another layout.
    """
    wanted = integer(str(LAYOUT))
    if any(graphs.match(f"<{META}>", _LAYOUT, wanted, META)):
        return
    if graphs.applied():
        raise StoreError(
            "the graph was made by another version of FlexKG, which keeps what reports say elsewhere",
            cure="make it anew with: flexkg rebuild --store DIR",
            code="layout",
        )
    graphs.add(META, f"<{META}> {_LAYOUT} {wanted} .")
