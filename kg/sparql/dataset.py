"""The dataset of a query: which graphs it reads, from the protocol, from its FROM clauses, or all."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from kg.errors import QueryError
from kg.sparql.gate import TOKENS, place


@dataclass(frozen=True, slots=True)
class Dataset:
    """Which graphs a query reads.

    Attributes:
        default: IRIs of the graphs that are read without GRAPH; ``""`` is the store's graph without a name.
            None: everything that the store holds.
        named: IRIs of the graphs that GRAPH may name.
        unknown: IRIs that were asked for and that the store has not; they are read as empty graphs.
        stated: whether the query or its request names graphs.
    """

    default: list[str] | None
    named: list[str]
    unknown: tuple[str, ...] = ()
    stated: bool = field(default=False, repr=False)


def dataset(
    text: str,
    graphs: Collection[str],
    default: Sequence[str] = (),
    named: Sequence[str] = (),
    *,
    whole: bool = False,
) -> Dataset:
    """Work out what a query reads; only graphs that it may read are ever in it.

    Args:
        text: the query.
        graphs: IRIs of the graphs that it may read.
        default: ``default-graph-uri`` of the request.
        named: ``named-graph-uri`` of the request. What the request says goes before what the query says.
        whole: these are all graphs of the store: where none is named they are read as one, which is faster.

    Raises:
        QueryError: FROM names a graph that is not there, or one by a prefix (code ``from``).

    Source:
        SPARQL 1.1 Protocol, section 2.1.4.

    >>> dataset("ASK { ?s ?p ?o }", ["https://a.example/g"]).named
    ['https://a.example/g']
    >>> dataset("ASK FROM <https://a.example/g> {}", ["https://a.example/g", "https://a.example/h"])
    Dataset(default=['https://a.example/g'], named=[], unknown=())
    """
    if default or named:
        unknown = tuple(iri for iri in (*default, *named) if iri and iri not in graphs)
        return Dataset(
            [iri for iri in dict.fromkeys(default) if iri in graphs or not iri],
            [iri for iri in dict.fromkeys(named) if iri in graphs],
            unknown,
            stated=True,
        )
    stated_default, stated_named = _stated(text, graphs)
    if stated_default or stated_named:
        return Dataset(stated_default, stated_named, stated=True)
    return Dataset(None if whole else ["", *graphs], list(graphs))


def _stated(text: str, graphs: Collection[str]) -> tuple[list[str], list[str]]:
    """Read the FROM clauses."""
    if "from" not in text.lower():
        return [], []
    default: list[str] = []
    named: list[str] = []
    into: list[str] | None = None
    for match in TOKENS.finditer(text):
        if match.lastgroup == "skip":
            continue
        word = match.group()
        if match.lastgroup == "word" and word.upper() == "FROM":
            into = default
        elif into is not None and match.lastgroup == "word" and word.upper() == "NAMED":
            into = named
        elif into is not None:
            if match.lastgroup != "iri" or word[1:-1] not in graphs:
                raise QueryError(
                    f"FROM names {word[:200]}, which is no graph of this store",
                    where=place(text, match.start()),
                    cure="write the IRI of a graph in full; "
                    "SELECT DISTINCT ?g { GRAPH ?g { } } lists them; leave FROM out to read all",
                    code="from",
                )
            into.append(word[1:-1])
            into = None
    return default, named
