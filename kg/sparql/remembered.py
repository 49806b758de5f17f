"""What the graph said while nothing was written to it, for stored queries that ask it again."""

import re
import threading
from collections import OrderedDict
from collections.abc import Iterable
from itertools import chain, islice
from typing import Final

from kg.graphs import GraphStore
from kg.graphs.embedded import EmbeddedGraphs
from kg.sparql.dataset import Dataset

#: Answers that are kept, rows that one may have, and characters that a question may have.
_KEPT: Final = 8
_ROWS: Final = 50_000
_CHARACTERS: Final = 5_000_000
#: Functions that may give something else each time.
_CHANGING: Final = re.compile(r"\b(NOW|RAND|UUID|STRUUID|BNODE)\s*\(", re.IGNORECASE)

Row = tuple[str | None, ...]
_Key = tuple[str, tuple[str, ...] | None, tuple[str, ...]]


class Remembered:
    """Keeps what was asked of one store and what it said, until the store is written.

    A store at an endpoint may be written by others, so of that nothing is kept.

    Args:
        graphs: the store.
    """

    def __init__(self, graphs: GraphStore) -> None:
        self._graphs = graphs
        self._lock = threading.Lock()
        self._version = -1
        self._kept: OrderedDict[_Key, list[Row]] = OrderedDict()

    def ask(self, text: str, reads: Dataset) -> Iterable[Row]:
        """Give the rows of a query.

        Args:
            text: SPARQL.
            reads: its dataset.
        """
        graphs, version = self._graphs, self._graphs.version
        if not isinstance(graphs, EmbeddedGraphs) or len(text) > _CHARACTERS or _CHANGING.search(text):
            return graphs.query(text, default_graph=reads.default, named_graphs=reads.named)
        default = None if reads.default is None else tuple(reads.default)
        key: _Key = (text, default, tuple(reads.named))
        with self._lock:
            if version != self._version:
                self._kept.clear()
                self._version = version
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        said = iter(graphs.query(text, default_graph=reads.default, named_graphs=reads.named))
        rows = list(islice(said, _ROWS + 1))
        if len(rows) > _ROWS:
            return chain(rows, said)
        with self._lock:
            if version == self._version == graphs.version:
                self._kept[key] = rows
                if len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        return rows
