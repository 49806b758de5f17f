"""A graph store behind any SPARQL 1.1 endpoint: query and update over HTTP.

It asks for nothing beyond SPARQL 1.1 Query, Update and Protocol. What an endpoint leaves open - whether a
request of several operations is one transaction, above all - is the endpoint's; the contract tests say where
one differs.
"""

import hashlib
import http.client
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import pyoxigraph as ox

from kg.errors import QueryError, StoreError, StoreUnavailable
from kg.graphs import APPLIED, META, NOT_FROM_PAYLOADS, Answer, Change, Statement, counted
from kg.graphs.embedded import EmbeddedGraphs
from kg.graphs.endpoint_answer import RESULTS, TRIPLES, EndpointAnswer
from kg.graphs.pending import Pending, marked

_TIMEOUT: Final = 60.0
#: What Virtuoso 7 has in a new store.
HIDDEN: Final = (
    "http://www.openlinksw.com/schemas/virtrdf#",
    "http://www.w3.org/ns/ldp#",
    "http://www.w3.org/2002/07/owl#",
    "http://localhost:8890/sparql",
    "http://localhost:8890/DAV/",
    "urn:core:services:sparql",
    "urn:activitystreams-owl:map",
)


class EndpointGraphs:
    """A SPARQL 1.1 endpoint as a GraphStore.

    Args:
        query: address for queries.
        update: address for updates; that of queries where it is left out.
        timeout: seconds to wait for an answer.
        hidden: IRIs of graphs that the endpoint keeps for itself; this store has them not.

    Raises:
        kg.errors.StoreError: an address is none of HTTP.
    """

    def __init__(
        self, query: str, update: str = "", timeout: float = _TIMEOUT, hidden: Sequence[str] = HIDDEN
    ) -> None:
        for address in (query, update or query):
            if urlsplit(address).scheme not in ("http", "https"):
                raise StoreError(f"{address!r} is no HTTP address", cure="name a SPARQL endpoint")
        self._filter = f"FILTER(?g NOT IN ({', '.join(f'<{iri}>' for iri in hidden)}))" if hidden else ""
        self._query, self._update, self._timeout = query, update or query, timeout
        self._lock = threading.RLock()
        self._local = threading.local()
        self._connections: list[http.client.HTTPConnection] = []
        self._empty = EmbeddedGraphs()
        self._version = 0
        self._nonce = uuid4().hex[:12]
        self._closed = False

    def reopen(self) -> None:
        """Do nothing: a connection is made anew when it was lost."""

    def revisions(self) -> Callable[[str], str]:
        """Give a function from the IRI of a graph to a text; every write of this process changes them all."""
        text = f"{self._nonce}.{self._version}"
        return lambda _graph: text

    @property
    def version(self) -> int:
        """A number that is another one after each write of this process."""
        return self._version

    def applied(self) -> int:
        """Give the number of the last journal row that was applied, 0 for none."""
        found = self.match(f"<{META}>", f"<{APPLIED}>", None, META)
        return max((counted(statement.object) for statement in found), default=0)

    def write(self, changes: Sequence[Change]) -> None:
        """Make changes in order, each in one request; see ``kg.graphs.GraphStore.write``."""
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
                self._send(marked(text, seq))

    def add(self, graph: str, ntriples: str) -> None:
        """Add triples to a graph; blank nodes are allowed and become new ones."""
        self._send(_insertion(graph, ntriples))

    def replace(self, graph: str, ntriples: str) -> None:
        """Put triples in the place of everything that a graph holds, in one request."""
        self._send(f"DROP SILENT GRAPH <{graph}> ;\n{_insertion(graph, ntriples)}")

    def drop(self, graph: str) -> None:
        """Remove a graph with everything in it."""
        self._send(f"DROP SILENT GRAPH <{graph}>")

    def graphs(self, prefix: str = "") -> list[str]:
        """Give the IRIs of the graphs that hold something, sorted; only those that start with a prefix."""
        rows = self._select(f"SELECT DISTINCT ?g {{ GRAPH ?g {{ ?s ?p ?o }} {self._filter} }}")
        names = [(row[0] or "")[1:-1] for row in rows]
        return sorted(name for name in names if name.startswith(prefix))

    def count(self, graph: str | None = None) -> int:
        """Count the triples of a graph, or of all graphs."""
        where, only = ("?g", self._filter) if graph is None else (f"<{graph}>", "")
        rows = self._select(f"SELECT (COUNT(*) AS ?n) {{ GRAPH {where} {{ ?s ?p ?o }} {only} }}")
        return counted(next(iter(rows))[0] or "")

    def match(
        self,
        subject: str | None = None,
        predicate: str | None = None,
        object: str | None = None,  # noqa: A002 - the word of RDF
        graph: str | None = None,
    ) -> Iterator[Statement]:
        """Find the triples that fit; terms are N-Triples text, the graph is an IRI."""
        given = (subject, predicate, object, None if graph is None else f"<{graph}>")
        if any(term is not None and term.startswith("_:") for term in given):
            return
        names = ("s", "p", "o", "g")
        s, p, o, g = (term or f"?{name}" for term, name in zip(given, names, strict=True))
        only = self._filter if graph is None else ""
        for row in self._select(f"SELECT {_free(given, names)} {{ GRAPH {g} {{ {s} {p} {o} }} {only} }}"):
            values = iter(row)
            found = [term if term is not None else next(values) or "" for term in given]
            yield Statement(found[0], found[1], found[2], found[3][1:-1])

    def query(
        self,
        text: str,
        *,
        default_graph: Sequence[str] | None,
        named_graphs: Sequence[str],
        bindings: Mapping[str, str] | None = None,
    ) -> Answer:
        """Answer a SPARQL query over exactly these graphs; see ``kg.graphs.GraphStore.query``."""
        # an endpoint may take an update for a query, and errors differ: it is read here first
        here = self._empty.query(text, default_graph=[], named_graphs=[], bindings=bindings)
        if default_graph is None:  # what an endpoint reads where none is stated is its own affair
            default_graph = self.graphs()
        if not default_graph and not named_graphs:
            return here
        if bindings:
            names = " ".join(f"?{name}" for name in bindings)
            text = f"{text}\nVALUES ({names}) {{ ({' '.join(bindings.values())}) }}"
        # some endpoints read everything where no default graph is stated: state one that is not there
        nothing = [] if default_graph else [f"{META}/none"]
        fields = [("default-graph-uri", iri) for iri in (*default_graph, *nothing) if iri]
        fields += [("named-graph-uri", iri) for iri in named_graphs]
        accept = TRIPLES if here.kind == "graph" else RESULTS
        body, media = self._call(self._query, "query", text, fields, accept)
        return EndpointAnswer(body, media)

    def digest(self, without: Sequence[str] = NOT_FROM_PAYLOADS) -> str:
        """Give SHA-256 over the canonical form (RDFC-1.0) of all graphs but these."""
        text = "\n".join(
            f"{s.subject} {s.predicate} {s.object} <{s.graph}> ."
            for s in self.match()
            if s.graph not in without
        )
        dataset = ox.Dataset(ox.parse(text, ox.RdfFormat.N_QUADS))
        dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
        lines = (ox.serialize(dataset, format=ox.RdfFormat.N_QUADS) or b"").split(b"\n")
        return hashlib.sha256(b"\n".join(sorted(lines))).hexdigest()

    def snapshot(self, target: Path) -> None:
        """Copy the store into a directory, as queries see it one after the other.

        Raises:
            StoreError: always: an endpoint has no copy of one moment.
        """
        raise StoreError(
            "a SPARQL endpoint gives no snapshot", where=str(target), cure="ask the endpoint itself"
        )

    def flush(self) -> None:
        """Do nothing: the endpoint decides what is on disk when it has answered."""

    def close(self) -> None:
        """Give the connections up; closing twice does nothing."""
        self._closed = True
        with self._lock:
            for each in self._connections:
                each.close()

    def _commit(self, pending: Pending, before: int) -> int:
        text = pending.update(before)
        if text:
            self._send(text)
        return max(before, pending.seq)

    def _send(self, update: str) -> None:
        try:
            self._call(self._update, "update", update, [], "*/*")
        finally:
            self._version += 1

    def _select(self, text: str) -> Iterator[tuple[str | None, ...]]:
        body, media = self._call(self._query, "query", text, [], RESULTS)
        yield from EndpointAnswer(body, media)

    def _call(
        self, address: str, field: str, text: str, fields: Sequence[tuple[str, str]], accept: str
    ) -> tuple[bytes, str]:
        """Send a form by POST, as the protocol has it, and give the answer's body and media type."""
        if self._closed:
            raise StoreUnavailable("the graph store is closed", where=address)
        body = urlencode([(field, text), *fields]).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": accept}
        parts = urlsplit(address)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        for attempt in (1, 2):
            connection = self._connection(parts.scheme, parts.netloc)
            if field == "update":
                connection.close()  # a new one: nobody could say whether one that was lost had been performed
            try:
                connection.request("POST", path, body, headers)
                answer = connection.getresponse()
                data = answer.read()
                break
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                # one that was kept may have gone meanwhile
                stale = isinstance(error, ConnectionError) and field == "query"
                if attempt == 2 or not stale:
                    raise StoreUnavailable(
                        f"the SPARQL endpoint does not answer: {error}", where=address, cure="is it running?"
                    ) from error
        if answer.status >= 500 or answer.status in (401, 403, 404):
            raise StoreUnavailable(
                f"the SPARQL endpoint answered {answer.status}: {_said(data)}",
                where=address,
                cure="see its log",
            )
        if answer.status >= 300:
            kind = QueryError if field == "query" else StoreError
            what = "the query does not parse" if field == "query" else "the endpoint refused it"
            raise kind(f"{what}: {_said(data)}", where=address, cure="correct it")
        return data, (answer.headers.get("Content-Type") or "").partition(";")[0].strip().lower()

    def _connection(self, scheme: str, place: str) -> http.client.HTTPConnection:
        kept: dict[str, http.client.HTTPConnection] = self._local.__dict__.setdefault("connections", {})
        if place not in kept:
            kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
            kept[place] = kind(place, timeout=self._timeout)
            with self._lock:
                self._connections.append(kept[place])
        return kept[place]


def _free(given: Sequence[str | None], names: Sequence[str]) -> str:
    free = [f"?{name}" for term, name in zip(given, names, strict=True) if term is None]
    return " ".join(free) if free else "(1 AS ?found)"


def _insertion(graph: str, ntriples: str) -> str:
    """Check triples, and write that they are put into a graph; with blank nodes, new ones are made."""
    try:
        lines = "\n".join(f"{quad.triple} ." for quad in ox.parse(ntriples, ox.RdfFormat.N_TRIPLES))
    except (SyntaxError, ValueError) as error:
        raise StoreError(f"these are no triples that a store takes: {error}") from error
    block = f"{{ GRAPH <{graph}> {{\n{lines}\n}} }}"
    return f"INSERT {block} WHERE {{}}" if "_:" in lines else f"INSERT DATA {block}"


def _said(data: bytes) -> str:
    return " ".join(data[:500].decode("utf-8", "replace").split())
