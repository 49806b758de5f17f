"""Triples by subject: what the site reads from Turtle files, in the order of the files."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse

from kg import assets
from kg.errors import AssetError
from kg.namespaces import PREFIXES, RDF

Subject = NamedNode | BlankNode
Value = NamedNode | BlankNode | Literal | Triple

TYPE: Final = RDF + "type"
_FIRST: Final = RDF + "first"
_REST: Final = RDF + "rest"


class Facts:
    """Hold what files state, by subject.

    Args:
        paths: Turtle files, read in this order.

    Raises:
        kg.errors.AssetError: a file is missing or is no Turtle; names file, line and column.
    """

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self.by_subject: dict[Subject, list[tuple[str, Value]]] = {}
        self.files: dict[Path, list[str]] = {}
        self.prefixes: dict[str, str] = {}
        for path in paths:
            self._read(path)

    def _read(self, path: Path) -> None:
        named: dict[str, None] = {}
        try:
            quads = parse(assets.text(path), format=RdfFormat.TURTLE, rename_blank_nodes=True)
            for quad in quads:
                subject = quad.subject
                if isinstance(subject, Triple):
                    continue
                if isinstance(subject, NamedNode):
                    named[subject.value] = None
                self.by_subject.setdefault(subject, []).append((quad.predicate.value, quad.object))
        except SyntaxError as error:
            place = f"{path}:{error.lineno}:{error.offset}"
            raise AssetError(
                f"the file is no Turtle: {error.msg}", where=place, cure="mend the syntax there"
            ) from error
        self.files[path] = list(named)
        self.prefixes = quads.prefixes | self.prefixes | PREFIXES

    def values(self, subject: Subject | str, predicate: str) -> list[Value]:
        """List the objects of one property of one subject, as the file orders them."""
        node = NamedNode(subject) if isinstance(subject, str) else subject
        return [value for name, value in self.by_subject.get(node, ()) if name == predicate]

    def texts(self, subject: Subject | str, predicate: str) -> tuple[str, ...]:
        """List the literals of one property, English and untagged ones before all others."""
        found = [value for value in self.values(subject, predicate) if isinstance(value, Literal)]
        found.sort(key=lambda value: (value.language or "en").partition("-")[0] != "en")
        return tuple(value.value for value in found)

    def text(self, subject: Subject | str, predicate: str) -> str:
        """Give the first of ``texts``, empty where there is none."""
        return next(iter(self.texts(subject, predicate)), "")

    def iris(self, subject: Subject | str, predicate: str) -> tuple[str, ...]:
        """List the IRIs of one property."""
        return tuple(v.value for v in self.values(subject, predicate) if isinstance(v, NamedNode))

    def kinds(self, subject: Subject | str) -> tuple[str, ...]:
        """List the types of a subject."""
        return self.iris(subject, TYPE)

    def items(self, head: Value) -> list[Value]:
        """Give the members of an RDF list."""
        found: list[Value] = []
        seen: set[Value] = set()
        while isinstance(head, BlankNode) and head not in seen:
            seen.add(head)
            found += self.values(head, _FIRST)[:1]
            head = next(iter(self.values(head, _REST)), NamedNode(RDF + "nil"))
        return found

    def below(self, subject: Subject) -> Iterator[Subject]:
        """Walk a subject and the blank nodes that belong to it.

        Source:
            CBD, concise bounded description (W3C member submission of 2005).
        """
        queue, seen = [subject], {subject}
        while queue:
            node = queue.pop(0)
            yield node
            for _, value in self.by_subject.get(node, ()):
                if isinstance(value, BlankNode) and value not in seen:
                    seen.add(value)
                    queue.append(value)

    def mentioned(self, subject: Subject) -> Iterator[tuple[str, Value]]:
        """Give each predicate and object in the description of a subject."""
        for node in self.below(subject):
            yield from self.by_subject.get(node, ())


def short(iri: str, prefixes: Mapping[str, str] = PREFIXES) -> str:
    """Write an IRI with a prefix where one fits, the longest that does.

    >>> short("https://w3id.org/flexkg/def#Event")
    'flex:Event'
    """
    best = ""
    for prefix, base in prefixes.items():
        if iri.startswith(base) and len(base) > len(prefixes.get(best, "")):
            best = prefix
    return f"{best}:{iri.removeprefix(prefixes[best])}" if best else iri
