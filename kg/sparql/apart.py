"""What is asked about a user's query before it is answered: put to the workers, as the query itself.

Parts of the query are in these questions, so they may take as long as it may, and no longer.
"""

from collections.abc import Callable, Iterable
from functools import partial

from kg.graphs.endpoint_answer import RESULTS, TRIPLES, EndpointAnswer
from kg.namespaces import PREFIXES
from kg.sparql.bounds import Question
from kg.sparql.dataset import Dataset

#: Answers a question in a process that ends at its deadline; gives bytes in the media type asked for.
Apart = Callable[[Question], bytes]
#: Answers a SELECT over the graph in rows of N-Triples text.
Ask = Callable[[str], Iterable[tuple[str | None, ...]]]


def over(apart: Apart, root: str, path: str, reads: Dataset) -> Ask:
    """Give what answers a SELECT over a snapshot in a worker.

    Args:
        apart: the workers.
        root: directory of the tenant's snapshots.
        path: the snapshot.
        reads: what is read of it.
    """
    return partial(_rows, apart, root, path, reads)


def parse(apart: Apart, root: str, path: str, text: str) -> None:
    """Let a worker parse a query: it is asked over no graph at all.

    Raises:
        kg.errors.QueryError: it does not parse, or takes too much even so.
    """
    _answer(apart, root, path, Dataset([], []), text)


def _rows(apart: Apart, root: str, path: str, reads: Dataset, text: str) -> Iterable[tuple[str | None, ...]]:
    return iter(EndpointAnswer(_answer(apart, root, path, reads, text), RESULTS))


def _answer(apart: Apart, root: str, path: str, reads: Dataset, text: str) -> bytes:
    media: dict[str, str | None] = {"select": RESULTS, "ask": RESULTS, "graph": TRIPLES}
    return apart(Question(text, root, path, reads.default, reads.named, media, prefixes=PREFIXES))
