"""The rule catalogue: what each shape says about itself, and which shapes a message type needs.

Shapes are read with pyoxigraph once; a message type is checked with the shapes of those classes only that its
mapping can make, as one N-Triples text for the engine.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import pyoxigraph as ox

from kg import assets
from kg.engines.slips import KNOWN, misspelt
from kg.errors import AssetError
from kg.namespaces import DCTERMS, FLEX, RDF, RDFS, SH, VOCAB
from kg.turtle_lines import blocks, line_naming
from kg.wording import WORDING, Wording, wordings

_Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
_TARGET = ox.NamedNode(SH + "targetClass")
_TARGETS = tuple(ox.NamedNode(SH + name) for name in ("targetNode", "targetSubjectsOf", "targetObjectsOf"))
_PROFILE = ox.NamedNode(FLEX + "inProfile")
_WORDING = ox.NamedNode(WORDING)
#: What makes a shape with a target one that can find something wrong: a path, or any of these constraints.
_CONSTRAINTS = frozenset(
    SH + name
    for name in (
        "path",
        "sparql",
        "not",
        "or",
        "and",
        "xone",
        *("node", "class", "nodeKind"),
        "in",
        "hasValue",
        "pattern",
        *("datatype", "closed", "languageIn", "equals", "disjoint", "minLength", "maxLength"),
        *("minInclusive", "maxInclusive", "minExclusive", "maxExclusive"),
    )
)
_TYPE = ox.NamedNode(RDF + "type")
_PROPERTY_SHAPE = ox.NamedNode(SH + "PropertyShape")
_SUBCLASS = ox.NamedNode(RDFS + "subClassOf")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a shape says about itself.

    Attributes:
        id: stable rule id, for example ``"INT-2"``.
        shape: IRI of the shape.
        message: what is wrong when it fails.
        source: the clause.
        cure: what to do about it.
        severity: ``Violation``, ``Warning`` or ``Info`` at level core.
        response_code: OpenADR response code that a refusal maps to.
        description: what the rule asks for.
        points_to: IRI of the property whose place a finding shows where the result names none, else empty.
        wordings: other words for messages of single standards.
    """

    id: str
    shape: str
    message: str
    source: str
    cure: str
    severity: str
    response_code: str
    description: str
    points_to: str = ""
    wordings: tuple[Wording, ...] = ()

    def worded(self, standard: str) -> "Rule | Wording":
        """Give message, cure and source for a message of a standard."""
        return next((words for words in self.wordings if words.standard == standard), self)


class Shapes:
    """A set of shape files, read.

    Args:
        files: the shape files.
        standards: file -> the standards on whose messages alone its shapes are tried; None: all, on all.
    """

    def __init__(self, files: Iterable[Path], standards: Mapping[Path, frozenset[str]] | None = None) -> None:
        self._alone = standards or {}
        self.quads: dict[ox.NamedNode | ox.BlankNode, list[tuple[ox.NamedNode, _Term]]] = {}
        self._homes: dict[ox.NamedNode | ox.BlankNode, Path] = {}
        for index, path in enumerate(files):
            self._read(path, index)
        self._refuse_misspelt()
        self.rules = {rule.shape: rule for rule in self._rules()}
        self._refuse_nameless()

    def _read(self, path: Path, index: int) -> None:
        for triple in parse(path):
            subject = _apart(triple.subject, index)
            assert isinstance(subject, ox.NamedNode | ox.BlankNode)
            self.quads.setdefault(subject, []).append((triple.predicate, _apart(triple.object, index)))
            self._homes.setdefault(subject, path)

    def _refuse_misspelt(self) -> None:
        """Refuse a property in SHACL's name that it does not have: a misspelt target would check nothing.

        Raises:
            AssetError: there is one; names file, shape and cure.
        """
        for subject, facts in self.quads.items():
            for predicate, _ in facts:
                if predicate.value.startswith(SH) and predicate.value not in KNOWN:
                    name = subject.value if isinstance(subject, ox.NamedNode) else str(subject)
                    raise self.placed(misspelt(predicate.value, name))

    def _refuse_nameless(self) -> None:
        """Refuse what could find something wrong and could not be cited, and two rules of one id.

        Raises:
            AssetError: a shape has no rule id, or one that another shape has; names file, shape and cure.
        """
        known: dict[str, str] = {}
        for rule in self.rules.values():
            if known.setdefault(rule.id, rule.shape) != rule.shape:
                raise self._unfit(
                    ox.NamedNode(rule.shape), f"has the rule id {rule.id} of <{known[rule.id]}>"
                )
        for subject, facts in self.quads.items():
            if not any(p == _TARGET or p in _TARGETS for p, _ in facts):
                continue
            for predicate, value in facts:
                if predicate.value == SH + "property" and isinstance(value, ox.NamedNode | ox.BlankNode):
                    self._refuse_unless_rule(value, subject)
            if (_TYPE, _PROPERTY_SHAPE) in facts or any(p.value in _CONSTRAINTS for p, _ in facts):
                self._refuse_unless_rule(subject, subject)

    def _refuse_unless_rule(
        self, shape: ox.NamedNode | ox.BlankNode, owner: ox.NamedNode | ox.BlankNode
    ) -> None:
        if isinstance(shape, ox.BlankNode):
            if owner.value not in self.rules:
                raise self._unfit(owner, "has a property shape without a name, which no report can cite")
        elif shape.value not in self.rules:
            raise self._unfit(shape, "has no rule id")

    def _unfit(self, shape: ox.NamedNode | ox.BlankNode, what: str) -> AssetError:
        home = self._homes.get(shape)
        where = place_of(home, shape.value) if home else ""
        return AssetError(
            f"the shape {shape} {what}", where=where, cure='give it a name and dcterms:identifier "ID"'
        )

    def placed(self, error: AssetError) -> AssetError:
        """Give an engine's error about a shape the file that holds the shape; any other error as it is.

        Args:
            error: what an engine raises that was made with shapes of this set; ``where`` is the shape.
        """
        for shape, path in self._homes.items():
            if error.where in (shape.value, str(shape)):
                place = place_of(path, shape.value, error.what.partition(" ")[0])
                named = f": {shape}" if isinstance(shape, ox.NamedNode) else ""
                return AssetError(error.what, where=place + named, cure=error.cure, code=error.code)
        return error

    def _text(self, subject: ox.NamedNode | ox.BlankNode, iri: str) -> str:
        return next(iter(self._texts(subject, iri)), "")

    def _texts(self, subject: ox.NamedNode | ox.BlankNode, iri: str) -> list[str]:
        found = (o for p, o in self.quads.get(subject, ()) if p.value == iri)
        return [value.value for value in found if isinstance(value, ox.Literal | ox.NamedNode)]

    def _wordings(self, shape: ox.NamedNode) -> Iterable[Wording]:
        nodes = (o for p, o in self.quads[shape] if p == _WORDING and isinstance(o, ox.BlankNode))
        return wordings(partial(self._texts, node) for node in nodes)

    def _rules(self) -> Iterable[Rule]:
        for subject in self.quads:
            identifier = self._text(subject, DCTERMS + "identifier")
            if identifier and isinstance(subject, ox.NamedNode):
                yield Rule(
                    identifier,
                    subject.value,
                    self._text(subject, SH + "message"),
                    self._text(subject, DCTERMS + "source"),
                    self._text(subject, FLEX + "cure"),
                    self._text(subject, SH + "severity").rpartition("#")[2] or "Violation",
                    self._text(subject, FLEX + "responseCode").rpartition("/")[2],
                    self._text(subject, SH + "description"),
                    self._text(subject, FLEX + "pointsTo"),
                    tuple(self._wordings(subject)),
                )

    def text(self) -> str:
        """Give all that the files say, as N-Triples."""
        return "".join(f"{s} {p} {o} .\n" for s, facts in self.quads.items() for p, o in facts)

    def for_classes(
        self, classes: Iterable[str], without: frozenset[str] = frozenset(), standard: str = "2.0b"
    ) -> str:
        """Give the shapes that apply to instances of some classes, as N-Triples.

        Args:
            classes: class IRIs, without their superclasses, which are added.
            without: rule ids to leave out.
            standard: profile of the messages; shapes of another, by their file or by ``flex:inProfile``,
                are left out.

        Returns:
            N-Triples text; target classes are the ones given, so that the engine needs no class hierarchy.
        """
        wanted = {name: ancestors(name) for name in classes}
        lines: list[str] = []
        open_: list[ox.NamedNode | ox.BlankNode] = []
        seen: set[ox.NamedNode | ox.BlankNode] = set()
        for subject, facts in self.quads.items():
            targets = {o.value for p, o in facts if p == _TARGET and isinstance(o, ox.NamedNode)}
            hit = [name for name, above in wanted.items() if targets & above]
            if self._dropped(subject, without, standard):
                continue
            if hit or any(p in _TARGETS for p, _ in facts):
                lines += [f"{subject} {_TARGET} <{name}> ." for name in hit]
                open_.append(subject)
        while open_:
            subject = open_.pop()
            if subject in seen or subject not in self.quads:
                continue
            seen.add(subject)
            for predicate, value in self.quads[subject]:
                if predicate in (_TARGET, _WORDING) or (
                    isinstance(value, ox.NamedNode) and self._dropped(value, without, standard)
                ):
                    continue
                lines.append(f"{subject} {predicate} {value} .")
                if isinstance(value, ox.NamedNode | ox.BlankNode):
                    open_.append(value)
        return "\n".join(lines) + "\n"

    def _dropped(self, shape: ox.NamedNode | ox.BlankNode, without: frozenset[str], standard: str) -> bool:
        home = self._homes.get(shape)
        if home is not None and standard not in self._alone.get(home, {standard}):
            return True
        profiles = [value for name, value in self.quads.get(shape, ()) if name == _PROFILE]
        if profiles and ox.NamedNode(f"{VOCAB}profile/{standard}") not in profiles:
            return True
        rule = self.rules.get(shape.value) if without else None
        return rule is not None and rule.id in without


def parse(path: Path) -> Iterable[ox.Triple]:
    """Parse a Turtle file of ours.

    Raises:
        AssetError: it is no Turtle; names file, line and column.
    """
    try:
        return [quad.triple for quad in ox.parse(path.read_bytes(), format=ox.RdfFormat.TURTLE)]
    except SyntaxError as error:
        place = f"{path}:{error.lineno}:{error.offset}"
        raise AssetError(f"broken Turtle: {error.msg}", where=place, cure="mend the syntax there") from error
    except OSError as error:
        raise AssetError(f"file cannot be read: {error.strerror}", where=str(path)) from error


def place_of(path: Path, iri: str, word: str = "") -> str:
    """Say where a shape stands: file, and line of its block; without a name, the line of a word."""
    text = assets.text(path)
    line = dict(blocks(text)).get(iri, 0) or (line_naming(text, word) if word else 0)
    return f"{path}:{line}" if line else str(path)


def _apart(term: _Term, index: int) -> _Term:
    """Keep blank nodes of different files apart."""
    return ox.BlankNode(f"f{index}{term.value}") if isinstance(term, ox.BlankNode) else term


@lru_cache(maxsize=1)
def _hierarchy() -> dict[str, set[str]]:
    above: dict[str, set[str]] = {}
    for path in assets.files("ontology", "*.ttl"):
        for triple in parse(path):
            if triple.predicate == _SUBCLASS and isinstance(triple.object, ox.NamedNode):
                assert isinstance(triple.subject, ox.NamedNode)
                above.setdefault(triple.subject.value, set()).add(triple.object.value)
    return above


def ancestors(name: str) -> set[str]:
    """List a class and all its superclasses in the ontology."""
    found, open_ = {name}, [name]
    while open_:
        for parent in _hierarchy().get(open_.pop(), ()):
            if parent not in found:
                found.add(parent)
                open_.append(parent)
    return found
