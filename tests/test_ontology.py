"""The ontology: complete over what is lifted, annotated, tied to real places, alike in form."""

import importlib.util
import re
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

import pytest
import rdflib
from pyoxigraph import NamedNode

from kg.namespaces import DCTERMS, FLEX, MODULE, OWL, PREFIXES, RDF, RDFS, SKOS, VERSION, VOCAB, XSD
from kg.yarrrml import load
from tests.ontologies import (
    COPIES,
    LISTED,
    MODULES,
    ONTOLOGY,
    copied,
    copy_of,
    declared,
    namespace_of,
    quads,
    used,
    values,
)
from tests.paths import ROOT, needs_data

ALL = [*MODULES, ONTOLOGY / "flexkg.ttl", ONTOLOGY / "schemes.ttl"]
ANNOTATIONS = [RDFS + "label", RDFS + "comment", SKOS + "example", DCTERMS + "source", RDFS + "isDefinedBy"]
HEADER = [
    OWL + "versionIRI",
    OWL + "versionInfo",
    *(DCTERMS + name for name in ("title", "description", "license")),
]
by_name = pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)


def test_every_term_in_use_is_declared():
    """A mapping, a shape or the library uses no term that the ontology does not declare."""
    unknown = sorted({(name, path) for path, name in used() if name not in declared()})
    assert not unknown


def test_every_term_is_declared_once():
    """A term has one kind and one module."""
    assert {name: where for name, where in declared().items() if len(where) > 1} == {}


def test_every_duration_has_its_wire_text():
    """Each duration of a mapping has the companion that keeps its spelling."""
    parents = values(RDFS + "subPropertyOf")
    for mapping in mapping_file().mappings.values():
        for rule in mapping.rules:
            if rule.datatype == XSD + "duration" and not rule.mapping:
                assert FLEX + "wireText" in parents.get(rule.predicate + "Text", []), rule.predicate


@pytest.mark.parametrize("annotation", ANNOTATIONS, ids=lambda iri: re.split("[#/]", iri)[-1])
def test_every_term_is_annotated(annotation):
    """Each term has one label, definition, example, source and module."""
    found = values(annotation)
    assert {
        name: found.get(FLEX + name, []) for name in declared() if len(found.get(FLEX + name, [])) != 1
    } == {}


def test_definitions_are_one_sentence():
    """A definition is one sentence that does not begin with the term it defines."""
    labels = values(RDFS + "label")
    for term, (comment, *_) in values(RDFS + "comment").items():
        assert re.fullmatch(r"[A-Z](?:[^.]|\.(?=\S))*\.", comment), f"{term}: {comment}"
        assert not re.match(rf"(?:An? |The )?{re.escape(labels[term][0])}\b", comment, re.I), (
            f"{term}: circular"
        )


def test_every_term_names_the_module_it_stands_in():
    """rdfs:isDefinedBy is the ontology IRI of the file."""
    homes = values(RDFS + "isDefinedBy")
    for name, (module, *_) in declared().items():
        assert homes[FLEX + name] == [MODULE + module]


def test_sources_exist_in_the_schema():
    """A source in the OpenADR schema names a file of it and a type or element of that file."""
    folder = Path(importlib.util.find_spec("openleadr").origin).parent / "schema"
    for term, sources in values(DCTERMS + "source").items():
        for source in sources:
            match = re.match(r"OpenADR 2\.0b, (\S+\.xsd), ([\w-]+)$", source)
            if match:
                text = (folder / match[1]).read_text(encoding="latin-1")
                assert f'name="{match[2]}"' in text, f"{term}: {source}"


@cache
def mapping_file():
    return load(ROOT / "mappings" / "payloads" / "openadr-2.0b.yml")


@cache
def module(path: Path) -> rdflib.Graph:
    """One module, parsed once."""
    return rdflib.Graph().parse(path)


def members(path: Path, term: str, predicate: str) -> set[str] | None:
    """Classes that a domain or range names, one by one when it is a union; None when there is none."""
    graph = module(path)
    node = graph.value(rdflib.URIRef(term), rdflib.URIRef(predicate))
    if node is None:
        return None
    union = graph.value(node, rdflib.OWL.unionOf)
    return {str(item) for item in graph.items(union)} if union else {str(node)}


def ancestors(term: str) -> set[str]:
    """A class and everything above it."""
    parents = values(RDFS + "subClassOf")
    found, todo = set(), [term]
    while todo:
        if (node := todo.pop()) not in found:
            found.add(node)
            todo += parents.get(node, [])
    return found


def test_domains_and_ranges_are_true_of_what_is_lifted():
    """No triple that a mapping makes falls outside the domain and range of its property."""
    file = mapping_file()
    classes = {
        mapping.name: rule.term.parts[0]
        for mapping in file.mappings.values()
        for rule in mapping.rules
        if rule.predicate == RDF + "type"
    }
    wrong = []
    for mapping in file.mappings.values():
        for rule in mapping.rules:
            name = rule.predicate.removeprefix(FLEX)
            if name not in declared():
                continue
            path = ONTOLOGY / f"{declared()[name][0]}.ttl"
            domain, span = (members(path, rule.predicate, RDFS + end) for end in ("domain", "range"))
            if domain is not None and not domain & ancestors(classes[mapping.name]):
                wrong.append((name, "domain", classes[mapping.name]))
            kind = values(RDF + "type")[rule.predicate]
            literal = not rule.mapping and rule.kind == "literal"
            assert kind == [OWL + ("DatatypeProperty" if literal else "ObjectProperty")], name
            if rule.mapping:
                target = ancestors(classes[rule.mapping])
            elif literal:
                target = {rule.datatype}
            elif rule.term.parts[0].startswith(VOCAB):
                target = {SKOS + "Concept"}
            else:
                continue
            if span is not None and not span & target:
                wrong.append((name, "range", target))
    assert not wrong


@pytest.mark.parametrize("link", ["subClassOf", "subPropertyOf"])
def test_no_term_is_below_itself(link):
    """The hierarchies of classes and properties have no cycle."""
    parents = values(RDFS + link)
    for term in parents:
        seen, todo = set(), list(parents[term])
        while todo:
            node = todo.pop()
            assert node != term, f"{term} is below itself"
            if node not in seen:
                seen.add(node)
                todo += parents.get(node, [])


@by_name
def test_modules_have_a_header(path):
    """Each module states its version, title, description and licence, with the one version of the project."""
    found = {
        q.predicate.value: q.object.value for q in quads(path) if q.subject == NamedNode(MODULE + path.stem)
    }
    assert [iri for iri in HEADER if iri not in found] == []
    assert found[OWL + "versionInfo"] == VERSION
    assert found[OWL + "versionIRI"] == f"{MODULE}{VERSION}/{path.stem}"


@by_name
def test_modules_are_read_alike_by_both_parsers(path):
    """rdflib and Oxigraph read the same number of triples."""
    assert len(rdflib.Graph().parse(path)) == len(set(quads(path)))


@by_name
def test_modules_are_short(path):
    """A module is read in one sitting: under 300 lines, one prefix for each namespace."""
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") < 300
    for prefix, iri in re.findall(r"^@prefix ([\w-]*): <([^>]*)> \.$", text, re.M):
        assert PREFIXES.get(prefix, iri) == iri
        assert re.search(rf"(?<![\w<]){prefix}:", text.partition(f"@prefix {prefix}:")[2]), (
            f"{prefix}: is unused"
        )


def test_prefix_header_is_that_of_the_library():
    """ontology/prefixes.ttl holds exactly the prefixes of kg/namespaces.py."""
    text = (ONTOLOGY / "prefixes.ttl").read_text(encoding="utf-8")
    assert dict(re.findall(r"^@prefix ([\w-]*): <([^>]*)> \.$", text, re.M)) == PREFIXES


def test_umbrella_imports_every_module():
    """flexkg.ttl imports each module, and nothing else."""
    found = {q.object.value for q in quads(ONTOLOGY / "flexkg.ttl") if q.predicate.value == OWL + "imports"}
    assert found == {MODULE + path.stem for path in MODULES}


def test_catalog_leads_to_every_module():
    """The catalog gives a file for IRI and version IRI of each module, and for each concept scheme."""
    tree = ET.parse(ONTOLOGY / "catalog-v001.xml")
    found = {node.get("name"): node.get("uri") for node in tree.getroot()}
    wanted = {f"{MODULE}{version}{path.stem}": path.name for path in ALL for version in ("", f"{VERSION}/")}
    wanted |= {iri: path.relative_to(ONTOLOGY).as_posix() for iri, path in schemes().items()}
    assert found == wanted


def schemes() -> dict[str, Path]:
    """IRI of each concept scheme -> its file."""
    return {
        quad.subject.value: path
        for folder in ("vocab", "concepts")
        for path in sorted((ONTOLOGY / folder).glob("*.ttl"))
        for quad in quads(path)
        if quad.predicate.value == RDF + "type" and quad.object.value == SKOS + "ConceptScheme"
    }


def test_one_file_imports_everything():
    """schemes.ttl imports the umbrella and each concept scheme."""
    found = {q.object.value for q in quads(ONTOLOGY / "schemes.ttl") if q.predicate.value == OWL + "imports"}
    assert found == {MODULE + "flexkg", *schemes()}


def external(paths: list[Path]) -> set[str]:
    """IRIs of other vocabularies that files use, apart from those of RDF, RDFS, OWL and XSD."""
    own = (MODULE, RDF, RDFS, OWL, XSD)
    links = {DCTERMS + "license", RDFS + "isDefinedBy"}
    found = set()
    for path in paths:
        for quad in quads(path):
            nodes = [quad.subject, quad.predicate] + [quad.object] * (quad.predicate.value not in links)
            found |= {node.value for node in nodes if isinstance(node, NamedNode)}
    return {iri for iri in found if not iri.startswith(own)}


def in_code() -> set[str]:
    """IRIs of SAREF, PROV-O and OWL-Time that the library writes or asks for."""
    found = set()
    for path in (ROOT / "kg").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for prefix in ("saref", "prov", "time"):
            names = re.findall(rf"\b{prefix}:([A-Za-z]+)|\{{{prefix.upper()}\}}([A-Za-z]+)", text)
            found |= {PREFIXES[prefix] + (one or other) for one, other in names}
    return found


def test_external_terms_are_declared_in_the_import_module():
    """What modules and library take from other vocabularies stands in import.ttl, and nothing else does."""
    file = ONTOLOGY / "import.ttl"
    imported = {q.subject.value for q in quads(file) if q.predicate.value == RDF + "type"}
    relied_on = {q.object.value for q in quads(file) if q.predicate.value.startswith(RDFS + "sub")}
    in_use = external([path for path in MODULES if path != file]) | in_code()
    assert in_use - imported == set()
    # the term that every deprecated term will need, whether or not there is one today
    assert imported - in_use - relied_on == {MODULE + "import", DCTERMS + "isReplacedBy"}


@needs_data
def test_imported_terms_are_what_their_copies_say():
    """Kind and superclasses that import.ttl states of a term are stated of it in its copy."""
    for quad in quads(ONTOLOGY / "import.ttl"):
        space = namespace_of(quad.subject.value)
        if space in COPIES and quad.predicate.value in {RDF + "type", RDFS + "subClassOf"}:
            assert quad.triple in copied(space), quad


@needs_data
def test_external_terms_exist_in_the_copies():
    """No term of another vocabulary is invented: each is in its copy, or in the list that rdflib carries."""
    for iri in external(MODULES):
        space = namespace_of(iri)
        if space in LISTED:
            assert rdflib.URIRef(iri) in LISTED[space], iri
        else:
            assert space in COPIES, f"no copy is known for {iri}"
            assert iri in copy_of(space), iri
