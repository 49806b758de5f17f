"""What the service does with a query before the graph answers it: readings that are in columns are put in."""

from collections.abc import Callable, Collection, Iterable, Mapping

from kg.errors import QueryError
from kg.graphs import GraphStore
from kg.readings import ReadingStore
from kg.sparql.apart import Ask
from kg.sparql.dataset import Dataset
from kg.sparql.observations.rewriting import in_columns
from kg.sparql.observations.table import Table
from kg.sparql.prologue import explain


def with_readings(
    text: str,
    graphs: GraphStore,
    readings: ReadingStore,
    reads: Dataset,
    shift: int = 0,
    bindings: Mapping[str, str] | None = None,
    *,
    restricted: bool = False,
    most: int = 250_000,
    parties: Collection[str] | None = None,
    ask: Ask | None = None,
    parse: Callable[[str], None] | None = None,
    direct: bool = False,
) -> str | Table:
    """Put the readings that a query asks for into its text.

    Args:
        text: SPARQL with its prefixes declared.
        graphs: the graph store that will answer it.
        readings: the readings that belong to it; where they are in the graph the text stays as it is.
        reads: what is read of that store where nothing is named.
        shift: characters that were put before the first line.
        bindings: terms that variables are bound to, N-Triples text.
        restricted: whether the query is to read chosen graphs only.
        most: rows that one pattern may take in.
        parties: whose readings there are for it; None: everybody's.
        ask: answers what has to be asked of the graph meanwhile; without it this process does.
        parse: raises the error of a query that does not parse, likewise.
        direct: whether the rows themselves are wanted where the columns have all of the answer.

    Raises:
        kg.errors.QueryError: it does not parse, asks in a way that columns cannot answer, or of too much.
    """
    seen = readings.view(parties)
    if seen is None:
        return text
    try:
        if parse is not None:
            parse(text)
        else:
            graphs.query(text, default_graph=[], named_graphs=[], bindings=bindings)
    except QueryError as error:
        raise explain(error, shift, text) if parse is None or error.code == "syntax" else error from error

    def over(asked: str) -> Iterable[tuple[str | None, ...]]:
        return graphs.query(asked, default_graph=reads.default, named_graphs=reads.named)

    try:
        with seen as view:
            return in_columns(
                text,
                view,
                ask or over,
                given=bindings,
                most=most,
                restricted=restricted,
                direct=direct,
            )
    except RecursionError:
        raise QueryError("the query nests too deep to be answered", cure="flatten it", code="depth") from None
