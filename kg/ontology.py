"""Checks an ontology: terms, concepts, headers, imports, alignments and shapes; ours or a user's own.

The rules are shapes (``shapes/ontology-quality.ttl`` and ``shapes/ontology/``). A term is held to them when
the checked files define it; what they only borrow, with ``rdfs:isDefinedBy`` another ontology, is left alone.
What files import is read where it can be found offline, for what it declares; it is not checked.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from pyoxigraph import BlankNode, Literal, Triple

from kg import alignments, assets, sssom
from kg.engines import Engine, Result
from kg.engines import engine as make_engine
from kg.engines.slips import OF_SHAPES
from kg.errors import AssetError, UsageError
from kg.imported import File, follow, other_version, read
from kg.mentions import Mention, in_files, in_tables, our_terms, space_of
from kg.namespaces import MODULE, OWL, RDF, RDFS, SHAPE, SKOS, VERSION, VOCAB
from kg.ownership import Owned, Places, described, owned
from kg.rdf import ontology_files
from kg.report import Report, Verdict, Violation
from kg.rules import Shapes
from kg.skos import mint

#: What is asked of files at hand, which are not checked themselves.
_NEEDED: Final = frozenset(
    (
        RDF + "type",
        *(RDFS + name for name in ("subClassOf", "subPropertyOf")),
        *(OWL + name for name in ("imports", "versionInfo")),
        *(SKOS + name for name in ("inScheme", "notation", "broader", "hasTopConcept", "topConceptOf")),
    )
)
_TERM: Final = f"<{RDF}type> <{SHAPE}Term> ."
#: Name of a mention in the graph that is checked; its number follows.
_MENTION: Final = "urn:flexkg:mention:"
#: Turtle files of ours that declare no term.
_FRAME: Final = frozenset({"prefixes"})
_ORDER: Final = {"Violation": 0, "Warning": 1, "Info": 2}


@dataclass(frozen=True, slots=True)
class Checked(Report):
    """The answer to one check of an ontology.

    Attributes:
        terms: how many classes and properties were held to the rules.
        left_out: how many classes and properties were not, as another ontology defines them.
        concepts: how many concepts and schemes were held to the rules.
        rows: how many rows of alignments were.
        shapes: how many rules of shapes files were looked through for slips.
    """

    terms: int = 0
    left_out: int = 0
    concepts: int = 0
    rows: int = 0
    shapes: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Give the report as plain data, as ``flexkg ontology check --format json`` does."""
        counts = ("terms", "left_out", "concepts", "rows", "shapes")
        return {**Report.as_dict(self), **{name: getattr(self, name) for name in counts}}


def modules() -> list[Path]:
    """List the files of the project's own ontology: its modules and the umbrella that imports them.

    >>> [path.name for path in modules() if path.stem == "event"]
    ['event.ttl']
    """
    return [path for path in assets.files("ontology", "*.ttl") if path.stem not in _FRAME]


def everything() -> list[Path]:
    """List all of the project's own files that a check reads: modules, vocabularies, shapes, alignments."""
    vocabularies = [*assets.files("ontology", "vocab/*.ttl"), *assets.files("ontology", "concepts/*.ttl")]
    shapes = [path for path in assets.files("shapes", "**/*.ttl") if path.stem != "profiles"]
    return [*modules(), *vocabularies, *shapes, *alignments.tables()]


def check(
    paths: Iterable[Path] | None = None, *, engine: str = "compiled", beside: Iterable[Path] = ()
) -> Checked:
    """Check ontology files against the rules for ontologies.

    Args:
        paths: Turtle, N-Triples, RDF/XML or JSON-LD files with terms, concepts or shapes, and SSSOM tables
            (``.tsv``), read together; None: the project's own.
        engine: one of `kg.engines.NAMES`; ``"compiled"`` is the fastest, ``"pyshacl"`` the reference.
        beside: files that are read for what they declare, and not checked: copies of what is imported.

    Returns:
        The verdict and every finding; ``pointer`` is the file and ``line`` the line in it where the term's
        block begins, or where an IRI is named, as far as they are known.

    Raises:
        kg.errors.AssetError: a file is missing or cannot be parsed; a shape is misspelt or has no rule id;
            names file, line and column.
        kg.errors.UsageError: no such engine; the files hold no term that is theirs, so nothing was checked.

    Source:
        The catalogue of OOPS!, ETSI TS 103 673 and the SKOS Reference, as each rule names them.
    """
    listed = everything() if paths is None else list(paths)
    tables = [sssom.read(path) for path in listed if path.suffix == ".tsv"]
    files = [read(path) for path in listed if path.suffix != ".tsv"]
    rules = _shape_rules(files, engine)
    known = [read(path) for path in beside]
    if any(header.startswith(MODULE) for file in files for header in file.headers):
        known += [read(path) for path in modules() if path.stem == "flexkg"]  # a part rests on the whole
    imported, missing = follow([*files, *known], known)
    own = owned(files)
    rows = sum(len(table.rows) for table in tables)
    if not (own.terms or own.concepts or rows or rules) and (own.left_out or not own.headers):
        raise _nothing(listed, own.left_out)
    at_hand = [*known, *imported]
    declared = described([*files, *at_hand])
    mentions = [
        *in_files(files, declared, {space_of(term) for term in own.terms}),
        *in_tables(tables, declared | our_terms() if tables else declared),
    ]
    lines = [f"{triple} ." for file in files if not _only_shapes(file) for triple in file.triples]
    lines += [f"{t} ." for file in at_hand for t in file.triples if t.predicate.value in _NEEDED]
    lines += [f"<{term}> {_TERM}" for term in own.terms]
    lines += _facts(files, missing, own, mentions)
    shapes, places = _shapes(), own.places
    results = _engine(engine).validate("\n".join(lines) + "\n")
    found = [v for result in results if (v := _violation(shapes, result, places, mentions)) is not None]
    found.sort(key=lambda v: (_ORDER.get(v.severity, 0), v.pointer, v.line, v.focus, v.rule, v.value or ""))
    refused = any(violation.severity == "Violation" for violation in found)
    verdict: Verdict = "violates" if refused else "conforms"
    return Checked(
        verdict,
        "",
        tuple(dict.fromkeys(found)),
        terms=len(own.terms),
        left_out=own.left_out,
        concepts=len(own.concepts),
        rows=rows,
        shapes=rules,
    )


def shape_files() -> list[Path]:
    """List the files that hold the rules for ontologies."""
    return [*assets.files("shapes", "ontology-quality.ttl"), *assets.files("shapes", "ontology/*.ttl")]


def files_of(path: Path) -> list[Path]:
    """List what a path of a user names: a file, or all ontology files and SSSOM tables below a folder.

    Raises:
        kg.errors.UsageError: there is no such path, or nothing below it.
    """
    if path.is_dir():
        tables = sorted(path.rglob("*.sssom.tsv"))
        return tables if tables and not _has_rdf(path) else [*ontology_files(path), *tables]
    return [path] if path.suffix == ".tsv" and path.exists() else ontology_files(path)


def _has_rdf(path: Path) -> bool:
    try:
        return bool(ontology_files(path))
    except UsageError:
        return False


@lru_cache(maxsize=1)
def _shapes() -> Shapes:
    return Shapes(shape_files())


@lru_cache(maxsize=2)
def _engine(name: str) -> Engine:
    return make_engine(name, "\n".join(assets.text(path) for path in shape_files()))


def _nothing(files: list[Path], left_out: int) -> UsageError:
    why = f"each of the {left_out} terms is defined by another ontology" if left_out else "there is no term"
    return UsageError(
        f"nothing was checked: {why}",
        where=", ".join(str(path) for path in files[:3]) + (", ..." if len(files) > 3 else ""),
        cure="declare classes or properties, each with rdfs:isDefinedBy the IRI of the owl:Ontology there, "
        "or with no rdfs:isDefinedBy",
    )


def _has_shapes(file: File) -> bool:
    return any(triple.predicate.value in OF_SHAPES for triple in file.triples)


def _only_shapes(file: File) -> bool:
    return _has_shapes(file) and not file.headers


def _shape_rules(files: list[File], engine: str) -> int:
    """Look shapes through for slips; give the number of their rules."""
    paths = [file.path for file in files if _has_shapes(file)]
    if not paths:
        return 0
    shapes = Shapes(paths)
    try:
        make_engine(engine, shapes.text())
    except AssetError as error:
        raise shapes.placed(error) from error
    return len(shapes.rules)


def _facts(
    files: list[File], missing: dict[str, list[str]], own: Owned, mentions: list[Mention]
) -> Iterator[str]:
    """Say in triples what no shape can see: what is not here, of another version, or named otherwise."""
    for ontology, iris in missing.items():
        for iri in iris:
            name = "otherVersion" if other_version(iri) else "notHere"
            yield f"<{ontology}> <{SHAPE}{name}> <{iri}> ."
    for file in files:
        yield from _versions(file)
        yield from _names(file)
    for number, mention in enumerate(mentions):
        name = "absent" if mention.listed else "unlisted"
        yield f"<{_MENTION}{number}> <{SHAPE}{name}> <{mention.iri}> ."


def _versions(file: File) -> Iterator[str]:
    """Modules under our IRIs that state another version than the one that is installed."""
    for triple in file.triples:
        if triple.predicate.value == OWL + "versionInfo" and isinstance(triple.object, Literal):
            iri = str(triple.subject)[1:-1]
            if iri in file.headers and iri.startswith(MODULE) and triple.object.value != VERSION:
                yield f"<{iri}> <{SHAPE}otherVersion> <{MODULE}{triple.object.value}/> ."


def _names(file: File) -> Iterator[str]:
    """Concepts of our schemes whose IRI is not the one that follows from their notation."""
    facts: dict[str, dict[str, str]] = {}
    for triple in file.triples:
        name = triple.predicate.value.removeprefix(SKOS)
        if name in ("inScheme", "notation") and not isinstance(triple.object, Triple | BlankNode):
            facts.setdefault(str(triple.subject)[1:-1], {})[name] = triple.object.value
    for concept, said in facts.items():
        scheme = said.get("inScheme", "")
        if scheme.startswith(VOCAB) and "notation" in said:
            minted = mint(scheme.removeprefix(VOCAB), said["notation"])
            if minted != concept:
                yield f"<{concept}> <{SHAPE}otherwiseNamed> <{minted}> ."


def _violation(shapes: Shapes, result: Result, places: Places, mentions: list[Mention]) -> Violation | None:
    """Give a finding its place; None where it is about a file that is at hand only."""
    rule = shapes.rules.get(result.shape)
    cure = rule.cure if rule else ""
    focus = result.focus
    if focus.startswith(_MENTION):
        mention = mentions[int(focus.removeprefix(_MENTION))]
        focus, path, line = mention.about, mention.path, mention.line
        if mention.near:
            cure += f" Spelt nearly alike: {', '.join(mention.near)}."
    elif focus in places:
        path, line = places[focus]
    else:
        return None
    return Violation(
        rule.id if rule else result.shape,
        result.severity,
        result.message or (rule.message if rule else ""),
        focus,
        result.value,
        rule.source if rule else "",
        path,
        line,
        cure,
    )
