"""Oxigraph's answers and errors, as GraphStore speaks of them."""

import errno
import gc
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Literal

import pyoxigraph as ox

from kg.errors import QueryError, StoreError, StoreUnavailable
from kg.graphs import Statement


class EmbeddedAnswer:
    """Oxigraph's answer to a query, to be read once; see ``kg.graphs.Answer``.

    Args:
        result: the engine's.
        where: the store's directory, for what is told of it.
        over: called when nobody has the answer any more: as long as there is one, the engine reads.
    """

    def __init__(
        self,
        result: ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples,
        where: str,
        over: Callable[[], None],
    ) -> None:
        self._result = result
        self._where = where
        self._over = over

    def __del__(self) -> None:
        del self._result
        self._over()

    @property
    def kind(self) -> Literal["select", "ask", "graph"]:
        """Rows of bindings, yes or no, or triples."""
        if isinstance(self._result, ox.QuerySolutions):
            return "select"
        return "ask" if isinstance(self._result, ox.QueryBoolean) else "graph"

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the columns of a SELECT, without ``?``."""
        if isinstance(self._result, ox.QuerySolutions):
            return tuple(variable.value for variable in self._result.variables)
        return ()

    def __iter__(self) -> Iterator[tuple[str | None, ...]]:
        with answering(self._where):
            if isinstance(self._result, ox.QuerySolutions):
                for row in self._result:
                    yield tuple([None if term is None else str(term) for term in row])
            elif isinstance(self._result, ox.QueryTriples):
                for triple in self._result:
                    yield str(triple.subject), str(triple.predicate), str(triple.object)
            else:
                raise QueryError("an ASK has no rows", cure="use bool() on its answer")

    def __bool__(self) -> bool:
        if not isinstance(self._result, ox.QueryBoolean):
            raise QueryError("only an ASK is true or false", cure="go through its rows")
        return bool(self._result)

    def serialize(self, media_type: str) -> bytes:
        """Write the answer in a media type; see ``kg.graphs.Answer.serialize``."""
        rows = None if self.kind == "graph" else ox.QueryResultsFormat.from_media_type(media_type)
        triples = ox.RdfFormat.from_media_type(media_type) if self.kind == "graph" else None
        with answering(self._where):
            written: bytes | None = None
            if isinstance(self._result, ox.QueryTriples):
                written = self._result.serialize(format=triples) if triples else None
            elif rows is not None:
                written = self._result.serialize(format=rows)
        if written is None:
            raise QueryError(
                f"a {self.kind} answer has no form {media_type}", cure="ask for another media type"
            )
        return written


@contextmanager
def guarded(where: str) -> Iterator[None]:
    """Turn what Oxigraph raises about the store into an error that says what to do."""
    try:
        yield
    except OSError as error:
        full = error.errno == errno.ENOSPC or "No space left" in str(error)
        raise StoreUnavailable(
            "the disk is full" if full else f"the graph store cannot be read or written: {error}",
            where=where,
            cure="make room and try again" if full else "check the directory, or rebuild it from the journal",
            code="store-full" if full else "",
        ) from error
    except RuntimeError as error:
        raise StoreUnavailable(
            f"the graph store is damaged or can only be read: {error}",
            where=where,
            cure="check the directory's permissions; where the files are damaged: flexkg rebuild",
        ) from error
    except (SyntaxError, ValueError) as error:
        raise StoreError(f"these are no triples that a store takes: {error}", where=where) from error


@contextmanager
def answering(where: str) -> Iterator[None]:
    """Turn what Oxigraph raises about a query into an error that says what to do."""
    with guarded(where):
        try:
            yield
        except RuntimeError as error:
            raise QueryError(f"the query cannot be answered: {error}", cure="correct it") from error
        except (SyntaxError, ValueError) as error:
            raise QueryError(f"the query does not parse: {error}", cure="correct it there") from error


def default_of(iris: Sequence[str] | None) -> list[ox.NamedNode | ox.BlankNode | ox.DefaultGraph] | None:
    """Name the graphs that are read without GRAPH as Oxigraph does; None for all as one."""
    return None if iris is None else [ox.NamedNode(iri) if iri else ox.DefaultGraph() for iri in iris]


@lru_cache(maxsize=4096)
def term(text: str) -> ox.NamedNode | ox.Literal | ox.BlankNode | ox.Triple:
    """Read one N-Triples term."""
    if text.startswith("<"):
        return ox.NamedNode(text[1:-1])
    quad: ox.Quad = next(iter(ox.parse(f"<urn:x> <urn:x> {text} .", ox.RdfFormat.N_TRIPLES)))
    return quad.object


@lru_cache(maxsize=4096)
def _kept(text: str) -> ox.Literal | ox.BlankNode | ox.NamedNode | ox.Triple:
    """Give a term as a store gives it back: numbers and times are kept by their values."""
    store = ox.Store()
    store.add(ox.Quad(ox.NamedNode("urn:x"), ox.NamedNode("urn:x"), term(text)))
    quad: ox.Quad = next(iter(store))
    return quad.object


def found(
    store: ox.Store, subject: str | None, predicate: str | None, value: str | None, graph: str | None
) -> Iterator[Statement]:
    """Find the quads of a store that fit; terms are N-Triples text, the graph is an IRI."""
    quads = store.quads_for_pattern(
        None if subject is None else ox.NamedNode(subject[1:-1]),
        None if predicate is None else ox.NamedNode(predicate[1:-1]),
        None if value is None else term(value),
        None if graph is None else ox.NamedNode(graph),
    )
    # on disk, Oxigraph 0.5 gives for values that end with a byte of ones, -1 say, some that sort behind, too
    wanted = _kept(value) if value is not None and '"^^<' in value else None
    for quad in quads:
        if wanted is not None and quad.object != wanted:
            continue
        name = quad.graph_name
        yield Statement(
            str(quad.subject),
            str(quad.predicate),
            str(quad.object),
            name.value if isinstance(name, ox.NamedNode) else "",
        )


def sift(store: ox.Store, graphs: Iterable[str], keep: Callable[[str], bool], most: int) -> int | None:
    """Remove from graphs what is said of subjects that are not to be kept; see ``EmbeddedGraphs.sift``."""
    gone: list[ox.Quad] = []
    for name in graphs:
        for quad in store.quads_for_pattern(None, None, None, ox.NamedNode(name)):
            if not keep(str(quad.subject)):
                gone.append(quad)
                if len(gone) > most:
                    return None
    for quad in gone:
        store.remove(quad)
    return len(gone)


def _is_of(quad: ox.Quad, pattern: Iterable[object]) -> bool:
    """Say whether a quad has the terms that a pattern states."""
    return all(wanted is None or wanted == term for wanted, term in zip(pattern, quad, strict=True))


def read_through(store: ox.Store, where: str) -> int:
    """Read every triple by each of Oxigraph's indexes, then have its files merged, on disk, for the rest.

    Each block that is read is compared with its checksum. Merging writes the store anew: give a copy.

    Returns:
        The number of triples.

    Raises:
        RuntimeError: a block is damaged.
        StoreUnavailable: an index lacks what another one has.
    """
    quads = list(store)
    patterns = [
        *((s, None, None, None) for s in {quad.subject for quad in quads}),
        *((None, p, None, None) for p in {quad.predicate for quad in quads}),
        *((None, None, o, None) for o in {quad.object for quad in quads}),
        *((None, p, None, g) for p, g in {(quad.predicate, quad.graph_name) for quad in quads}),
        *((None, None, o, g) for o, g in {(quad.object, quad.graph_name) for quad in quads}),
    ]
    # see ``found`` on values that Oxigraph gives besides
    read = sum(_is_of(quad, pattern) for pattern in patterns for quad in store.quads_for_pattern(*pattern))
    named = {quad.graph_name for quad in quads} - {ox.DefaultGraph()}
    if read != 5 * len(quads) or not named <= set(store.named_graphs()):
        raise StoreUnavailable(
            "the graph store is damaged: its indexes differ",
            where=where,
            cure="make it anew with: flexkg rebuild",
        )
    store.optimize()
    return len(quads)


def digest(quads: Iterable[ox.Quad]) -> str:
    """Give SHA-256 over the canonical form (RDFC-1.0) of quads."""
    held = list(quads)
    written: Iterable[ox.Quad] = held
    if any(isinstance(term, ox.BlankNode) for quad in held for term in (quad.subject, quad.object)):
        dataset = ox.Dataset(held)
        dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
        written = dataset
    lines = (ox.serialize(written, format=ox.RdfFormat.N_QUADS) or b"").split(b"\n")
    return hashlib.sha256(b"\n".join(sorted(lines))).hexdigest()


def opened(path: Path | None, patience: float) -> ox.Store:
    """Open a directory whose former contents this process may still be reading.

    Args:
        path: the directory; None for a store in memory.
        patience: seconds to wait for who reads the former one: the engine opens no directory twice.

    Raises:
        OSError: it cannot be opened.
    """
    until = time.monotonic() + patience
    while True:
        try:
            return ox.Store() if path is None else ox.Store(path)
        except OSError:
            if time.monotonic() > until:
                raise
            gc.collect()  # an answer that nobody reads any more
            time.sleep(0.02)
