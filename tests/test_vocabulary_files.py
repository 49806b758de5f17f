"""The vocabulary files as files: annotated in full, linked soundly, laid out alike."""

import re
from functools import cache

import pytest
from pyoxigraph import Literal, NamedNode, RdfFormat, Store, parse

from kg import assets, vocabulary
from kg.namespaces import DCTERMS, FLEX, OWL, QUANTITYKIND, RDF, RDFS, SKOS, UNIT, VOCAB
from tests import schemas
from tests.paths import DATA, needs_data
from tests.test_vocabulary import ELEMENTS, OTHERS, scheme_of

FILES = assets.files("ontology", "vocab/*.ttl")
MODULE = "https://w3id.org/flexkg/vocabularies"
QUDT = "http://qudt.org/schema/qudt/"
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


@cache
def store() -> Store:
    """All vocabulary files and the module that declares their terms."""
    found = Store()
    for path in [*FILES, assets.folder("ontology") / "vocabularies.ttl"]:
        found.bulk_extend(parse(path=path))
    return found


def objects(subject: str, predicate: str) -> list[NamedNode | Literal]:
    return [q.object for q in store().quads_for_pattern(NamedNode(subject), NamedNode(predicate), None, None)]


def subjects(kind: str) -> set[str]:
    return {
        q.subject.value
        for q in store().quads_for_pattern(None, NamedNode(RDF + "type"), NamedNode(kind), None)
    }


def one(subject: str, predicate: str) -> str:
    """The single English text of a subject."""
    (found,) = objects(subject, predicate)
    assert found.language == "en"
    return found.value


@cache
def qudt() -> Store:
    """The reference data's copy of QUDT: units and quantity kinds."""
    found = Store()
    for name in ("VOCAB_QUDT-UNITS-ALL.ttl", "VOCAB_QUDT-QUANTITY-KINDS-ALL.ttl"):
        found.bulk_load(path=DATA / "ontologies" / "qudt" / name, format=RdfFormat.TURTLE)
    return found


def test_concepts_are_annotated():
    """Each concept has one English label and definition of one sentence, one plain notation, and sources."""
    for concept in subjects(SKOS + "Concept"):
        assert one(concept, SKOS + "prefLabel")
        assert re.fullmatch(r"[A-Z][^.]*(\.\d[^.]*)*\.", one(concept, SKOS + "definition")), concept
        (notation,) = objects(concept, SKOS + "notation")
        assert notation == Literal(notation.value), concept
        sources = objects(concept, DCTERMS + "source")
        assert sources
        assert all(source.language == "en" for source in sources)


def test_schemes_are_annotated():
    """Each scheme has one English title and description, sources, and the module that defines it."""
    for scheme in subjects(SKOS + "ConceptScheme"):
        assert one(scheme, DCTERMS + "title")
        assert one(scheme, DCTERMS + "description").endswith(".")
        assert objects(scheme, DCTERMS + "source")
        assert objects(scheme, RDFS + "isDefinedBy") == [NamedNode(MODULE)]


def test_concepts_and_schemes_point_at_each_other():
    """A concept is in one scheme and a top concept of it, and the scheme lists it."""
    listed = set()
    for scheme in subjects(SKOS + "ConceptScheme"):
        listed |= {(found.value, scheme) for found in objects(scheme, SKOS + "hasTopConcept")}
    for concept in subjects(SKOS + "Concept"):
        (scheme,) = objects(concept, SKOS + "inScheme")
        assert objects(concept, SKOS + "topConceptOf") == [scheme]
        assert (concept, scheme.value) in listed
    assert len(listed) == len(subjects(SKOS + "Concept"))


def test_labels_and_definitions_are_unique_in_a_scheme():
    """Within a scheme no two concepts have the same label or the same definition."""
    for scheme in vocabulary.schemes().values():
        concepts = scheme.concepts.values()
        assert len({concept.label for concept in concepts}) == len(concepts), scheme.name
        assert len({concept.definition for concept in concepts}) == len(concepts), scheme.name


def test_links_lead_to_concepts():
    """Whatever a vocabulary says of our own vocabularies exists in them."""
    for quad in store():
        if isinstance(quad.object, NamedNode) and quad.object.value.startswith(VOCAB):
            target = quad.object.value
            assert vocabulary.known(target) or target in subjects(SKOS + "ConceptScheme"), quad


def test_simple_and_its_old_spelling_match_exactly():
    """SIMPLE and simple are distinct concepts that mean the same, stated both ways."""
    upper, lower = vocabulary.iri("signalName", "SIMPLE"), vocabulary.iri("signalName", "simple")
    assert objects(upper, SKOS + "exactMatch") == [NamedNode(lower)]
    assert objects(lower, SKOS + "exactMatch") == [NamedNode(upper)]


def test_green_button_numbers_keep_the_name_of_the_schema():
    """A Green Button number keeps, as an alternative label, the name that the schema annotates it with."""
    for value in schemas.enumerations("2.0b"):
        if value.file == "oadr_greenbutton.xsd":
            names = {
                label.value
                for label in objects(vocabulary.iri(scheme_of(value), value.text), SKOS + "altLabel")
            }
            assert names >= set(value.names)


def test_sources_name_real_places():
    """A source names the profile, the file and the type that hold the value."""
    for value in schemas.enumerations("2.0b"):
        said = {
            found.value for found in objects(vocabulary.iri(scheme_of(value), value.text), DCTERMS + "source")
        }
        assert f"OpenADR 2.0b, {value.file}, {value.type}" in said
    types = {
        f"OpenADR 2.0b, {file}, {kind.get('name')}"
        for file, tree in schemas.trees("2.0b").items()
        for kind in tree.getroot()
        if kind.get("name")
    }
    for name in ELEMENTS:
        for concept in vocabulary.schemes()[name].concepts.values():
            assert types & {found.value for found in objects(concept.iri, DCTERMS + "source")}, concept.iri


def test_tokens_of_a_market_name_it():
    """An x- token that no profile has says whose it is: a market, neither the standard nor this project."""
    for concept in subjects(SKOS + "Concept"):
        (notation,) = objects(concept, SKOS + "notation")
        if notation.value.startswith("x-") and not objects(concept, FLEX + "inProfile"):
            for source in objects(concept, DCTERMS + "source"):
                assert not source.value.startswith(("OpenADR", "FlexKG")), concept


def test_own_enumerations_say_that_they_are_own():
    """A scheme that no standard has names this project as its source."""
    for name in OTHERS - {"responseCode"}:
        for subject in [
            VOCAB + name,
            *(concept.iri for concept in vocabulary.schemes()[name].concepts.values()),
        ]:
            assert all(found.value.startswith("FlexKG") for found in objects(subject, DCTERMS + "source"))


def test_terms_of_the_vocabularies_are_declared_and_annotated():
    """Each flex: term used is a property of the module, with label, comment, example and source."""
    declared = subjects(OWL + "ObjectProperty") | subjects(OWL + "DatatypeProperty")
    used = {quad.predicate.value for quad in store() if quad.predicate.value.startswith(FLEX)}
    assert declared == used
    for term in declared:
        for predicate in (RDFS + "label", RDFS + "comment", SKOS + "example", DCTERMS + "source"):
            assert one(term, predicate)
        assert objects(term, RDFS + "isDefinedBy") == [NamedNode(MODULE)]
    assert subjects(OWL + "Ontology") == {MODULE}


@each_file
def test_files_are_laid_out_alike(path):
    """Blocks stand in order of their notation, one predicate a line, with no prefix unused."""
    text = assets.text(path)
    head, scheme, *blocks = text.rstrip("\n").split("\n\n")
    assert scheme.startswith(f"vocab:{path.stem}\n")
    for prefix in re.findall(r"@prefix (\w+):", head):
        assert re.search(rf"(?<![\w/]){prefix}:", text.removeprefix(head)), prefix
    notations = [re.search(r'\n    skos:notation "(.*)" ;\n', block)[1] for block in blocks]
    numeric = all(re.fullmatch(r"-?\d+", notation) for notation in notations)
    assert notations == sorted(notations, key=int if numeric else str)
    for block in (scheme, *blocks):
        for line in block.splitlines()[1:]:
            assert re.fullmatch(r'    \S+( (\S+|"([^"\\]|\\.)*"(@en)?) [;,.])?|        \S.* [;,.]', line), (
                line
            )


@needs_data
def test_units_and_quantity_kinds_are_those_of_qudt():
    """Each unit and quantity kind is in QUDT, is not deprecated there, and both have the same dimension."""

    def said(iri: str, term: str) -> set[str]:
        found = qudt().quads_for_pattern(NamedNode(iri), NamedNode(QUDT + term), None, None)
        return {quad.object.value for quad in found}

    seen = 0
    for scheme in vocabulary.schemes().values():
        for concept in scheme.concepts.values():
            pair = [*concept.facts.get("baseUnit", ()), *concept.facts.get("quantityKind", ())]
            for iri in pair:
                assert said(iri, "hasDimensionVector"), iri
                assert said(iri, "deprecated") <= {"false"}, iri
            assert len({frozenset(said(iri, "hasDimensionVector")) for iri in pair}) <= 1, concept.iri
            assert all(iri.startswith((UNIT, QUANTITYKIND)) for iri in pair)
            seen += len(pair)
    assert seen > 300


@needs_data
def test_currencies_are_matched_by_their_code():
    """A currency that QUDT has is matched to it, and the code that QUDT states is the notation."""
    for notation, concept in vocabulary.schemes()["currency"].concepts.items():
        unit = f"{UNIT}CCY_{notation}"
        codes = qudt().quads_for_pattern(NamedNode(unit), NamedNode(QUDT + "currencyCode"), None, None)
        assert {quad.object.value for quad in codes} <= {notation}
        exists = next(qudt().quads_for_pattern(NamedNode(unit), None, None, None), None) is not None
        assert concept.facts.get("baseUnit", ()) == ((unit,) if exists else ())
