"""What one query may take, what it is put to a worker as, what comes of it, and what a limit is told as."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from kg.errors import QueryError

#: Codes of the limits that a query that runs, or waits, may reach.
LIMITS: Final = frozenset(
    ("deadline", "memory", "rows", "bytes", "depth", "crash", "queue-full", "queue-time"),
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one query may take, and how many run.

    Attributes:
        workers: queries at once.
        share: queries of one client at once.
        waiting: queries of one client that wait.
        patience: seconds that a query waits.
        seconds: time for a query, answering included.
        memory: bytes of address space beyond an open store's.
        rows: rows or triples of an answer.
        size: bytes of an answer.
    """

    workers: int = 4
    share: int = 2
    waiting: int = 32
    patience: float = 15.0
    seconds: float = 5.0
    memory: int = 512 << 20
    rows: int = 1_000_000
    size: int = 128 << 20


@dataclass(frozen=True, slots=True)
class Question:
    """A query for a worker.

    Attributes:
        text: SPARQL.
        root: directory of the tenant's snapshots.
        path: the snapshot.
        default: graphs that are read without GRAPH; None for all that the store holds.
        named: graphs that GRAPH may name.
        media: media type of the answer by its kind: select, ask, graph; None where none is accepted.
        base: IRI against which the query's relative ones are read.
        prefixes: for graphs in Turtle.
    """

    text: str
    root: str
    path: str
    default: list[str] | None
    named: list[str]
    media: dict[str, str | None]
    base: str = ""
    prefixes: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Outcome:
    """An answer on its way.

    Attributes:
        kind: select, ask or graph.
        media: its media type.
        chunks: its bytes; to be gone through to the end or closed.
        complete: all of it is here already.
    """

    kind: str
    media: str
    chunks: AsyncIterator[bytes]
    complete: bool


def refusal(code: str, message: str, bounds: Bounds) -> QueryError:
    """Say which limit a query reached, or what is wrong with it."""
    smaller = "ask for less: a narrower pattern, a LIMIT, or several queries"
    kinds = {
        "deadline": (f"the query took longer than the {bounds.seconds:g} s allowed", smaller),
        "memory": (f"the query took more than the {bounds.memory >> 20:,} MiB of memory allowed", smaller),
        "rows": (f"the answer has more than the {bounds.rows:,} rows allowed", smaller),
        "bytes": (f"the answer has more than the {bounds.size:,} bytes allowed", smaller),
        "depth": ("the query nests too deep to be answered", "flatten it"),
        "crash": ("the query ended its worker", "write it in another way; the log says more"),
        "syntax": (f"the query does not parse: {message}", "correct it there"),
    }
    if message.startswith("not-acceptable"):
        return QueryError(message.rpartition(" ")[2], code="not-acceptable")
    what, cure = kinds.get(code, (f"the query cannot be answered: {message}", "correct it"))
    return QueryError(what, cure=cure, code=code)
