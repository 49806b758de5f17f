"""GraphStore: what every back end for graphs offers, and the words in which it is spoken to.

Terms are N-Triples text (``<https://...>``, ``"5"^^<...>``), graphs are named by their IRI, data come and go
as N-Triples lines: the one form that an embedded store and a SPARQL endpoint both take without loss.

A triple stands in one graph of a store only. A query over several graphs would else count it once for each
(measured: pyoxigraph does not merge the default graphs of a query), so ``write`` keeps it so.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from kg.errors import StoreError
from kg.facts import Facts as Facts
from kg.facts import facts_of as facts_of
from kg.facts import lines_of
from kg.namespaces import FLEX, GRAPH

#: The graph that speaks of the store itself.
META = GRAPH + "meta"
ONTOLOGY = GRAPH + "ontology"
#: The graph that says what no message does: when VENs were last seen.
LIVE = GRAPH + "live"
#: Graphs, by month, of what reports say: values, states, documents. Who sees them is a matter of mandates.
REPORTED = GRAPH + "report/"
#: What a graph made from the same payloads may differ in.
NOT_FROM_PAYLOADS = (META, ONTOLOGY, LIVE)
APPLIED = FLEX + "appliedUpTo"

_IRI = r"<[^\x00-\x20<>\"{}|^`\\]*>"
_LITERAL = (
    rf'"(?:[^"\\\n\r]|\\[tbnrf"\'\\]|\\u[0-9A-Fa-f]{{4}}|\\U[0-9A-Fa-f]{{8}})*"(?:\^\^{_IRI}|@[A-Za-z0-9-]+)?'
)
_LINE = re.compile(rf"({_IRI}) ({_IRI}) ({_IRI}|{_LITERAL}) \.\n?")

_IRIS, _TERMS = re.compile(rf"(?:{_IRI}\n)*+"), re.compile(rf"(?:(?:{_IRI}|{_LITERAL})\n)*+")
_LINES = re.compile(rf"(?:{_IRI} {_IRI} (?:{_IRI}|{_LITERAL}) \.\n)*+")

_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_PLAIN = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


class Statement(NamedTuple):
    """A triple and the graph that it stands in; subject, predicate and object are N-Triples text."""

    subject: str
    predicate: str
    object: str
    graph: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What one payload changes.

    Args:
        graph: the graph that its lines go to.
        lines: N-Triples, one line a triple, without blank nodes.
        roots: IRIs of what it describes anew. Everything that the store says of a root, or of a subject whose
            IRI starts with a root and ``/``, is removed first. Lines about other subjects are shared with
            other payloads: such a triple moves to the graph that said it last.
        unset: pairs of subject and predicate IRI whose objects are removed first.
        seq: the journal row that it comes from; 0 for none. The store remembers the highest.
        fresh: those of the roots of which the store is known to say nothing, so that nothing is looked for.
        apart: lines that go to other graphs, by the IRI of the graph.
    """

    graph: str
    lines: list[str] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)
    unset: list[tuple[str, str]] = field(default_factory=list)
    seq: int = 0
    fresh: frozenset[str] = frozenset()
    apart: dict[str, list[str]] = field(default_factory=dict)

    def parts(self) -> Iterator[tuple[str, list[str]]]:
        """Give each graph that lines go to, with them."""
        yield self.graph, self.lines
        yield from self.apart.items()


class Answer(Protocol):
    """The answer to a query, to be read once: by iterating or by ``serialize``."""

    @property
    def kind(self) -> Literal["select", "ask", "graph"]:
        """Rows of bindings, yes or no, or triples."""

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the columns of a SELECT, without ``?``."""

    def __iter__(self) -> Iterator[tuple[str | None, ...]]:
        """Give the rows of a SELECT (None where unbound) or the triples of a graph, as N-Triples text."""

    def __bool__(self) -> bool:
        """Give the answer of an ASK."""

    def serialize(self, media_type: str) -> bytes:
        """Write the answer in a media type.

        Args:
            media_type: for rows and ASK ``application/sparql-results+json``, ``...+xml``, ``text/csv`` or
                ``text/tab-separated-values``; for graphs ``text/turtle``, ``application/n-triples``,
                ``application/ld+json`` or ``application/rdf+xml``.

        Raises:
            kg.errors.QueryError: the answer has no such form.
        """


class GraphStore(Protocol):
    """A store of named graphs. Every method may be called from several threads."""

    @property
    def version(self) -> int:
        """A number that is another one after each write of this process."""

    def revisions(self) -> Callable[[str], str]:
        """Give a function from the IRI of a graph to a text that is another one after each write to it."""

    def applied(self) -> int:
        """Give the number of the last journal row that was applied, 0 for none."""

    def write(self, changes: Sequence[Change]) -> None:
        """Make changes, in order.

        Each is made wholly or not at all, together with the number of its journal row; writing the same
        changes again changes nothing.

        Raises:
            kg.errors.StoreUnavailable: the disk is full, or the store cannot be written.
            kg.errors.StoreError: a line is no N-Triples, or has a blank node.
        """

    def update(self, text: str, seq: int) -> None:
        """Perform a SPARQL update, wholly or not at all, together with the number of its journal row.

        Args:
            text: SPARQL 1.1 Update without a semicolon at its end; trusted.
            seq: its row; where that was applied before nothing happens.

        Raises:
            kg.errors.QueryError: it does not parse or cannot be performed.
            kg.errors.StoreUnavailable: the store cannot be written.
        """

    def add(self, graph: str, ntriples: str) -> None:
        """Add triples to a graph; blank nodes are allowed and become new ones."""

    def replace(self, graph: str, ntriples: str) -> None:
        """Put triples in the place of everything that a graph holds, in one step."""

    def drop(self, graph: str) -> None:
        """Remove a graph with everything in it; one that does not exist is no error."""

    def graphs(self, prefix: str = "") -> list[str]:
        """Give the IRIs of the graphs, sorted; only those that start with a prefix."""

    def count(self, graph: str | None = None) -> int:
        """Count the triples of a graph, or of all graphs."""

    def match(
        self,
        subject: str | None = None,
        predicate: str | None = None,
        object: str | None = None,  # noqa: A002 - the word of RDF
        graph: str | None = None,
    ) -> Iterator[Statement]:
        """Find the triples that fit.

        Args:
            subject: an IRI in angle brackets, or None for any.
            predicate: likewise.
            object: an IRI in angle brackets or a literal, or None for any.
            graph: IRI of a graph without brackets, or None for any.
        """

    def query(
        self,
        text: str,
        *,
        default_graph: Sequence[str] | None,
        named_graphs: Sequence[str],
        bindings: Mapping[str, str] | None = None,
    ) -> Answer:
        """Answer a SPARQL query over exactly these graphs.

        Args:
            text: SELECT, ASK, CONSTRUCT or DESCRIBE.
            default_graph: IRIs of the graphs that are read without GRAPH; None for all that the store holds:
                one look-up for each pattern, instead of one for each pattern and graph.
            named_graphs: IRIs of the graphs that GRAPH may name.
            bindings: values for variables, N-Triples text; the variables must be projected.

        Raises:
            kg.errors.QueryError: the query does not parse or cannot be answered.
        """

    def digest(self, without: Sequence[str] = NOT_FROM_PAYLOADS) -> str:
        """Give SHA-256 over the canonical form (RDFC-1.0) of all graphs but these."""

    def snapshot(self, target: Path) -> None:
        """Copy the store, as it is at one moment, into a new directory."""

    def flush(self) -> None:
        """Put everything on disk."""

    def close(self) -> None:
        """Close the store; closing twice does nothing."""


def month_graph(kind: str, received: str) -> str:
    """Name the graph of a kind and month.

    >>> month_graph("event", "2026-11-03T12:00:00.000000Z")
    'https://w3id.org/flexkg/graph/event/202611'
    """
    return f"{GRAPH}{kind}/{received[:4]}{received[5:7]}"


@lru_cache(maxsize=32_768)
def parse_line(line: str) -> Statement:
    """Split a line of N-Triples that has no blank node.

    Raises:
        kg.errors.StoreError: the line is not such a line.

    >>> parse_line('<https://a.example/s> <https://a.example/p> "x" .').object
    '"x"'
    """
    match = _LINE.fullmatch(line)
    if match is None:
        raise StoreError(f"not a line of N-Triples without blank nodes: {line[:200]!r}", code="ntriples")
    return Statement(*match.groups())


def check_lines(lines: Sequence[str]) -> None:
    """Make sure that lines are N-Triples without blank nodes.

    Raises:
        kg.errors.StoreError: one is not; it is named.
    """
    text = "\n".join([*lines, ""])
    if text.count("\n") != len(lines) or _LINES.fullmatch(text) is None:
        for line in lines:
            parse_line(line)


def check_facts(facts: Facts) -> None:
    """Make sure that facts are N-Triples without blank nodes, once they are written.

    Raises:
        kg.errors.StoreError: a line would be none; it is named.
    """
    iris, values = set(facts), set[str]()
    for held in facts.values():
        iris.update(held)
        for objects in held.values():
            values.update(objects)
    for terms, pattern in ((iris, _IRIS), (values, _TERMS)):
        text = "\n".join([*terms, ""])
        if text.count("\n") != len(terms) or pattern.fullmatch(text) is None:
            check_lines(list(lines_of(facts)))


def lexical(literal: str) -> str:
    """Give the text that a literal holds, without its escapes, datatype or language.

    >>> lexical('"7"^^<http://www.w3.org/2001/XMLSchema#integer>')
    '7'
    """
    return _ESCAPE.sub(_unescaped, literal[1 : literal.rindex('"')])


def counted(literal: str) -> int:
    """Read the whole number that a literal states."""
    return int(lexical(literal))


def below(subject: str, root: str) -> bool:
    """Say whether a subject (in angle brackets) is a root or lies below it.

    >>> below("<https://a.example/e/1/signal/0>", "https://a.example/e/1")
    True
    >>> below("<https://a.example/e/10>", "https://a.example/e/1")
    False
    """
    rest = subject[len(root) + 1 :]
    return subject.startswith(root, 1) and (rest == ">" or rest.startswith("/"))


def _unescaped(match: re.Match[str]) -> str:
    letter = match[1]
    return chr(int(letter[1:], 16)) if letter[0] in "uU" else _PLAIN[letter]
