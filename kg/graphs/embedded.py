"""The embedded graph store: Oxigraph, in a directory or in memory.

Changes that remove something become one SPARQL update: Oxigraph runs a whole update request as one
transaction, so that the removal of an old version, the new version and the number of the journal row are seen
together or not at all. Changes that only add are loaded in one transaction, the number follows in another.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from uuid import uuid4

import pyoxigraph as ox

from kg.errors import StoreUnavailable
from kg.graphs import APPLIED, META, NOT_FROM_PAYLOADS, Change, Statement, counted, oxigraph
from kg.graphs.flusher import Flusher
from kg.graphs.oxigraph import EmbeddedAnswer, answering, default_of, digest, found, guarded, opened, term
from kg.graphs.pending import Pending, marked
from kg.turnstile import Turnstile

#: Triples from which on it is quicker to write a fresh store's files than to go through its memory.
_AT_ONCE = 10_000


class EmbeddedGraphs:
    """Oxigraph as a GraphStore.

    Args:
        path: a directory, made when it is missing; None for a store in memory.
        fresh: the directory is one that counts only once it is whole, so that much may be put into its
            files at once, beside its log: a third of the time, but what is cut off in between is half there.

    Raises:
        kg.errors.StoreUnavailable: the directory cannot be opened or written, or is in use.

    >>> store = EmbeddedGraphs()
    >>> graph = "https://w3id.org/flexkg/graph/op/202611"
    >>> store.add(graph, '<https://a.example/s> <https://a.example/p> "1" .')
    >>> [row for row in store.query("SELECT ?o { ?s ?p ?o }", default_graph=[graph], named_graphs=[])]
    [('"1"',)]
    """

    def __init__(self, path: Path | None = None, *, fresh: bool = False) -> None:
        self.path = path
        self._fresh = fresh and path is not None
        self._lock = threading.RLock()
        self._handle: ox.Store | None = None
        self._former: ox.Store | None = None
        self._turnstile = Turnstile("the graphs")
        self._writable = True
        self._version = 0
        self._flusher = Flusher(str(path))
        self._nonce = uuid4().hex[:12]
        self._touched: dict[str, int] = {}
        self._all = 0
        self.reopen()

    def reopen(self) -> None:
        """Open the directory anew: after a full disk a handle never writes again, it can only be read."""
        with self._lock, self._guard():
            if self.path is None:
                self._handle = self._handle or ox.Store()
                return
            self._flusher.wait()  # it holds the old handle
            known, self._handle, self._writable = self._handle is not None, None, True
            self.path.mkdir(parents=True, exist_ok=True)
            try:
                self._handle = ox.Store(self.path)
            except OSError:
                self._writable = False
                self._handle = ox.Store.read_only(str(self.path)) if known else None
                raise

    @contextmanager
    def away(self, patience: float) -> Iterator[None]:
        """Close the directory while another is put in its place; who asks or writes waits until it is open.

        Args:
            patience: seconds that those who read have to end.

        Raises:
            kg.errors.StoreUnavailable: somebody reads on (code ``busy``), or the new one cannot be opened.
        """
        with self._lock, self._guard():
            self._flusher.wait()
            self._former, self._handle = self._handle, None
            try:
                with self._turnstile.closed(patience):
                    self._former = None
                    opened(
                        self.path, patience
                    )  # now nobody else has it: what it has under way would be written
                    yield
            finally:
                self._handle = self._former or opened(self.path, patience)
                self._former = None
                self._nonce, self._version = uuid4().hex[:12], self._version + 1
                self._touched.clear()

    def revisions(self) -> Callable[[str], str]:
        """Give a function from the IRI of a graph to a text that is another one after each write to it."""
        nonce, touched, every = self._nonce, dict(self._touched), self._all
        return lambda graph: f"{nonce}.{max(touched.get(graph, 0), every)}"

    @property
    def version(self) -> int:
        """A number that is another one after each write."""
        return self._version

    def applied(self) -> int:
        """Give the number of the last journal row that was applied, 0 for none."""
        found = self.match(f"<{META}>", f"<{APPLIED}>", None, META)
        return max((counted(statement.object) for statement in found), default=0)

    def write(self, changes: Sequence[Change]) -> None:
        """Make changes in order, each wholly or not at all; see ``kg.graphs.GraphStore.write``."""
        with self._lock:
            before = self.applied()
            pending = Pending(self.match)
            for change in changes:
                if change.seq and change.seq <= before:
                    continue
                if pending.clashes(change):
                    before = self._commit(pending, before)
                    pending = Pending(self.match)
                pending.add(change)
            self._commit(pending, before)

    def update(self, text: str, seq: int) -> None:
        """Perform a SPARQL update; see ``kg.graphs.GraphStore.update``."""
        with self._lock:
            if seq > self.applied():
                with self._writing(), answering(str(self.path or "memory")):
                    self._store.update(marked(text, seq))

    def add(self, graph: str, ntriples: str) -> None:
        """Add triples to a graph; blank nodes are allowed and become new ones."""
        with self._writing(graph):
            many = self._fresh and ntriples.count("\n") >= _AT_ONCE
            load = self._store.bulk_load if many else self._store.load
            load(ntriples, ox.RdfFormat.N_TRIPLES, to_graph=ox.NamedNode(graph))

    def replace(self, graph: str, ntriples: str) -> None:
        """Put triples in the place of everything that a graph holds, in one step."""
        with self._writing(graph):
            if graph not in self.graphs(graph):  # then a load is all or nothing too, in half of the time
                self._store.load(ntriples, ox.RdfFormat.N_TRIPLES, to_graph=ox.NamedNode(graph))
            else:
                parsed = ox.parse(ntriples, ox.RdfFormat.N_TRIPLES)
                inserted = f"GRAPH <{graph}> {{ {' '.join(f'{quad.triple} .' for quad in parsed)} }}"
                self._store.update(f"DROP GRAPH <{graph}> ; INSERT DATA {{ {inserted} }}")

    def drop(self, graph: str) -> None:
        """Remove a graph with everything in it."""
        with self._writing(graph):
            self._store.remove_graph(ox.NamedNode(graph))

    def sift(self, prefix: str, keep: Callable[[str], bool], most: int) -> int | None:
        """Remove from graphs what is said of subjects that are not to be kept.

        Args:
            prefix: how the IRIs of the graphs begin.
            keep: whether what is said of a subject stays, by its N-Triples text.
            most: triples to remove at most.

        Returns:
            How many were removed; None where they would have been more than ``most``, and none was.
        """
        with self._writing():
            return oxigraph.sift(self._store, self.graphs(prefix), keep, most)

    def graphs(self, prefix: str = "") -> list[str]:
        """Give the IRIs of the graphs, sorted; only those that start with a prefix."""
        with self._guard():
            names = [name.value for name in self._store.named_graphs()]
        return sorted(name for name in names if name.startswith(prefix))

    def count(self, graph: str | None = None) -> int:
        """Count the triples of a graph, or of all graphs."""
        if graph is None:
            with self._guard():
                return len(self._store)
        answer = self.query("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", default_graph=[graph], named_graphs=[])
        return counted(next(iter(answer))[0] or "")

    def match(
        self,
        subject: str | None = None,
        predicate: str | None = None,
        object: str | None = None,  # noqa: A002 - the word of RDF
        graph: str | None = None,
    ) -> Iterator[Statement]:
        """Find the triples that fit; terms are N-Triples text, the graph is an IRI."""
        with self._guard(), self._turnstile.inside():
            yield from found(self._store, subject, predicate, object, graph)

    def query(
        self,
        text: str,
        *,
        default_graph: Sequence[str] | None,
        named_graphs: Sequence[str],
        bindings: Mapping[str, str] | None = None,
    ) -> "EmbeddedAnswer":
        """Answer a SPARQL query over exactly these graphs; see ``kg.graphs.GraphStore.query``."""
        leave = self._turnstile.enter()
        try:
            with answering(str(self.path or "memory")):
                result = self._store.query(
                    text,
                    use_default_graph_as_union=default_graph is None,
                    default_graph=default_of(default_graph),
                    named_graphs=[ox.NamedNode(iri) for iri in named_graphs],
                    substitutions={ox.Variable(k): term(v) for k, v in (bindings or {}).items()},
                )
        except BaseException:
            leave()
            raise
        return EmbeddedAnswer(result, str(self.path or "memory"), leave)

    def digest(self, without: Sequence[str] = NOT_FROM_PAYLOADS) -> str:
        """Give SHA-256 over the canonical form (RDFC-1.0) of all graphs but these."""
        left_out = {ox.NamedNode(iri) for iri in without}
        with self._guard():
            return digest(quad for quad in self._store if quad.graph_name not in left_out)

    def read_through(self) -> int:
        """Read a copy of a store, every triple by each index, comparing checksums; gives their number.

        Raises:
            kg.errors.StoreUnavailable: something is damaged.
        """
        with self._guard():
            return oxigraph.read_through(self._store, str(self.path or "memory"))

    def snapshot(self, target: Path) -> None:
        """Copy the store, as it is at one moment, into a new directory (hard links where it can)."""
        with self._guard():
            if self.path is None:
                ox.Store(target).extend(list(self._store))
            else:
                self._store.backup(target)

    def flush(self) -> None:
        """Put everything on disk."""
        with self._lock, self._guard():
            self._store.flush()

    def close(self) -> None:
        """Put everything on disk and close the store; closing twice does nothing."""
        with self._lock, self._guard():
            handle, self._handle = self._handle, None
            self._flusher.wait()
            if handle is not None and self._writable:
                handle.flush()

    @property
    def _store(self) -> ox.Store:
        handle = self._handle
        if handle is None and self._turnstile.reads:
            handle = self._former  # who began to read it goes on
        if handle is None:
            with self._lock:  # it is away for a moment
                handle = self._handle
        if handle is None:
            raise StoreUnavailable("the graph store is closed", where=str(self.path or "memory"))
        return handle

    def _commit(self, pending: Pending, before: int) -> int:
        """Write what is pending in one transaction; gives the number of the last row applied."""
        with self._writing(*pending.graphs()):
            if pending.deletes:
                self._store.update(pending.update(before))
            else:  # loading is faster by a quarter, and what only comes may come again after a crash
                many = self._fresh and sum(map(len, pending.inserts.values())) >= _AT_ONCE
                load = self._store.bulk_load if many else self._store.load
                load(pending.quads(), ox.RdfFormat.N_QUADS)
                mark = pending.mark(before)
                if mark:
                    self._store.update(mark)
        if self.path is not None:
            self._flusher.wrote(sum(map(len, pending.inserts.values())), self._store.flush)
        return max(before, pending.seq)

    @contextmanager
    def _writing(self, *graphs: str) -> Iterator[None]:
        """Count a write to graphs, or to all where none is named."""
        with self._lock, self._guard():
            try:
                yield
            finally:
                self._version += 1
                self._touched.update(dict.fromkeys(graphs, self._version))
                self._all = self._all if graphs else self._version

    def _guard(self) -> AbstractContextManager[None]:
        return guarded(str(self.path or "memory"))
