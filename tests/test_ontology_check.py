"""The check of an ontology: one case for each failure that a rule names, and broken files."""

import pytest

from kg.engines import NAMES
from kg.errors import AssetError
from kg.ontology import check, modules, shape_files
from kg.rules import Shapes
from tests.test_ontology_extension import CONCEPT_CASES, TABLE_CASES, TERM_CASES

BASE = """
@prefix : <https://example.org/def#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

<https://example.org/def> a owl:Ontology ;
    dcterms:title "Plants"@en ;
    dcterms:description "Plants that make power."@en ;
    dcterms:creator "Somebody" ;
    dcterms:license <https://example.org/licence> ;
    owl:versionIRI <https://example.org/1.0.0/def> ;
    owl:versionInfo "1.0.0" .

:Plant a owl:Class ;
    rdfs:label "plant"@en ;
    rdfs:comment "A place that makes power."@en ;
    skos:example "A row of turbines." ;
    dcterms:source "Made up for this test" ;
    rdfs:isDefinedBy <https://example.org/def> .

:Turbine a owl:Class ;
    rdfs:subClassOf :Plant ;
    rdfs:label "turbine"@en ;
    rdfs:comment "A machine driven by a flow."@en ;
    skos:example "A water wheel." ;
    dcterms:source "Made up for this test" ;
    rdfs:isDefinedBy <https://example.org/def> .

:feeds a owl:ObjectProperty ;
    rdfs:domain :Plant ;
    rdfs:range :Plant ;
    rdfs:label "feeds"@en ;
    rdfs:comment "Relates a plant to one that uses its power."@en ;
    skos:example "The dam feeds the pump." ;
    dcterms:source "Made up for this test" ;
    rdfs:isDefinedBy <https://example.org/def> .

:height a owl:DatatypeProperty ;
    rdfs:domain :Plant ;
    rdfs:range xsd:decimal ;
    rdfs:label "height"@en ;
    rdfs:comment "The extent upwards in metres."@en ;
    skos:example "80.5" ;
    dcterms:source "Made up for this test" ;
    rdfs:isDefinedBy <https://example.org/def> .

<https://example.org/other#Site> a owl:Class ;
    rdfs:isDefinedBy <https://example.org/other> .
"""

LABEL = '    rdfs:label "plant"@en ;\n'
COMMENT = '    rdfs:comment "A place that makes power."@en ;\n'
DEFINED = "    rdfs:isDefinedBy <https://example.org/def> .\n\n:Turbine"
LICENCE = "    dcterms:license <https://example.org/licence> ;\n"
VERSION_IRI = "    owl:versionIRI <https://example.org/1.0.0/def> ;\n"

#: Case -> text of the base, what stands in its place, the rule, the term (empty: the ontology itself).
CASES = {
    "label-missing": (LABEL, "", "ONT-1", "Plant"),
    "label-twice": (LABEL, LABEL + LABEL.replace("plant", "works"), "ONT-1", "Plant"),
    "label-without-language": (LABEL, LABEL.replace("@en", ""), "ONT-1", "Plant"),
    "comment-missing": (COMMENT, "", "ONT-2", "Plant"),
    "comment-twice": (COMMENT, COMMENT + COMMENT.replace("makes", "gives"), "ONT-2", "Plant"),
    "comment-no-sentence": (COMMENT, COMMENT.replace("power.", "power"), "ONT-2", "Plant"),
    "example-missing": ('    skos:example "A row of turbines." ;\n', "", "ONT-3", "Plant"),
    "source-missing": ('    dcterms:source "Made up for this test" ;\n', "", "ONT-4", "Plant"),
    "home-missing": (DEFINED, "    rdfs:seeAlso <https://example.org/def> .\n\n:Turbine", "ONT-5", "Plant"),
    "home-twice": (DEFINED, DEFINED.replace(" .\n", " , <https://example.org/b> .\n", 1), "ONT-5", "Plant"),
    "class-begins-small": (":Turbine", ":turbine", "ONT-6", "turbine"),
    "class-with-underscore": (":Turbine", ":Water_Turbine", "ONT-6", "Water_Turbine"),
    "property-begins-capital": (":feeds", ":Feeds", "ONT-7", "Feeds"),
    "property-with-hyphen": (":feeds", ":feeds-in", "ONT-7", "feeds-in"),
    "class-orphan": ("    rdfs:subClassOf :Plant ;\n", "", "ONT-8", "Turbine"),
    "class-below-itself": (LABEL, LABEL + "    rdfs:subClassOf :Turbine ;\n", "ONT-9", "Plant Turbine"),
    "property-below-itself": (":height a", ":height rdfs:subPropertyOf :height ; a", "ONT-10", "height"),
    "two-kinds": (":height a", ":height a owl:AnnotationProperty ,", "ONT-11", "height"),
    "deprecated-without-successor": (LABEL, LABEL + "    owl:deprecated true ;\n", "ONT-12", "Plant"),
    "deprecated-with-successor": (
        LABEL,
        LABEL + "    owl:deprecated true ; dcterms:isReplacedBy :Turbine ;\n",
        None,
        "",
    ),
    "domain-twice": (
        "    rdfs:domain :Plant ;\n",
        "    rdfs:domain :Plant , :Turbine ;\n",
        "ONT-13",
        "feeds",
    ),
    "domain-undeclared": ("    rdfs:domain :Plant ;\n", "    rdfs:domain :Mill ;\n", "ONT-13", "feeds"),
    "range-twice": ("    rdfs:range :Plant ;\n", "    rdfs:range :Plant , :Turbine ;\n", "ONT-14", "feeds"),
    "range-undeclared": ("    rdfs:range :Plant ;\n", "    rdfs:range :Mill ;\n", "ONT-14", "feeds"),
    "range-no-datatype": ("rdfs:range xsd:decimal", "rdfs:range :Plant", "ONT-14", "height"),
    "superclass-undeclared": ("rdfs:subClassOf :Plant", "rdfs:subClassOf :Mill", "ONT-15", "Turbine"),
    "superclass-literal": ("rdfs:subClassOf :Plant", 'rdfs:subClassOf :Plant , "Mill"', "ONT-15", "Turbine"),
    "superclass-restriction": (
        "rdfs:subClassOf :Plant",
        "rdfs:subClassOf :Plant , [ a owl:Restriction ; owl:onProperty :height ; owl:maxCardinality 1 ]",
        None,
        "",
    ),
    "superclass-union": (
        "rdfs:subClassOf :Plant",
        "rdfs:subClassOf :Plant , [ owl:unionOf ( :Plant :Turbine ) ]",
        None,
        "",
    ),
    "superclass-of-owl": ("rdfs:subClassOf :Plant", "rdfs:subClassOf :Plant , owl:Thing", None, ""),
    "superclass-of-rdfs": ("rdfs:subClassOf :Plant", "rdfs:subClassOf :Plant , rdfs:Resource", None, ""),
    "superproperty-undeclared": (":feeds a", ":feeds rdfs:subPropertyOf :gives ; a", "ONT-16", "feeds"),
    "definition-circular": (COMMENT, COMMENT.replace("A place", "A plant is a place"), "ONT-17", "Plant"),
    "title-missing": ('    dcterms:title "Plants"@en ;\n', "", "ONT-18", ""),
    "title-twice": ('"Plants"@en', '"Plants"@en , "Works"@en', "ONT-18", ""),
    "description-missing": ('    dcterms:description "Plants that make power."@en ;\n', "", "ONT-19", ""),
    "licence-missing": (LICENCE, "", "ONT-20", ""),
    "licence-no-iri": (LICENCE, '    dcterms:license "free" ;\n', "ONT-20", ""),
    "version-iri-missing": (VERSION_IRI, "", "ONT-21", ""),
    "version-iri-twice": (VERSION_IRI, VERSION_IRI + VERSION_IRI.replace("1.0.0", "b/1.0.0"), "ONT-21", ""),
    "version-iri-no-iri": (VERSION_IRI, '    owl:versionIRI "1.0.0" ;\n', "ONT-21", ""),
    "version-missing": ('    owl:versionInfo "1.0.0" .', "    rdfs:seeAlso :Plant .", "ONT-22", ""),
    "version-twice": ('"1.0.0" .', '"1.0.0" , "0.0" .', "ONT-22", ""),
    "version-of-another-form": ('"1.0.0" .', '"1.0" .', "ONT-22", ""),
    "creator-missing": ('    dcterms:creator "Somebody" ;\n', "", "ONT-23", ""),
    "imports-itself": (LICENCE, LICENCE + "    owl:imports <https://example.org/def> ;\n", "ONT-24", ""),
    "version-differs": ('"1.0.0" .', '"1.0.1" .', "ONT-25", ""),
    "same-label": ('"turbine"@en', '"plant"@en', "ONT-26", "Plant Turbine"),
    "own-inverse": (":feeds a", ":feeds owl:inverseOf :feeds ; a", "ONT-27", "feeds"),
}


def found(report):
    """Pairs of rule and local name of a report."""
    return {(v.rule, v.focus.removeprefix("https://example.org/def").lstrip("#")) for v in report.violations}


def test_a_sound_ontology_conforms(tmp_path):
    """Nothing is said of an ontology that keeps every rule, nor of a term that it only borrows."""
    path = tmp_path / "plants.ttl"
    path.write_text(BASE)
    assert check([path]).violations == ()


@pytest.mark.parametrize("engine", NAMES)
@pytest.mark.parametrize("name", CASES)
def test_each_failure_is_found(tmp_path, name, engine):
    """A rule finds each failure that its message names, at the term concerned, and no other rule does."""
    old, new, rule, terms = CASES[name]
    assert old in BASE
    path = tmp_path / "plants.ttl"
    path.write_text(BASE.replace(old, new, -1 if old.startswith(":") else 1))
    expected = {(rule, term) for term in terms.split() or [""]} if rule else set()
    assert found(check([path], engine=engine)) == expected


def test_every_rule_has_a_case():
    """No rule for ontologies is without a case that it alone finds, so that taking it away is noticed."""
    rules = {rule.id for rule in Shapes(shape_files()).rules.values()}
    cases = [*CASES.values(), *TERM_CASES.values(), *CONCEPT_CASES.values(), *TABLE_CASES.values()]
    # these two have a test of their own: they ask for two files, or for a scheme of ours
    assert rules == {case[2] for case in cases if case[2]} | {"ONT-30", "ONT-38"}


def test_every_rule_is_complete():
    """Each rule has a message, a cure, a source and a severity."""
    for rule in Shapes(shape_files()).rules.values():
        assert rule.message, rule.id
        assert rule.cure, rule.id
        assert rule.source, rule.id
        assert rule.severity in {"Violation", "Warning", "Info"}, rule.id


def test_findings_name_file_line_and_cure(tmp_path):
    """A finding leads to the block of its term."""
    path = tmp_path / "plants.ttl"
    path.write_text(BASE.replace(LABEL, ""))
    (finding,) = check([path]).violations
    assert finding.pointer == str(path)
    assert BASE.splitlines()[finding.line - 1].startswith(":Plant")
    assert finding.cure
    assert finding.source


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("", "<https://example.org/def>"),
        ("@base <https://example.org/def> .\n", "<>"),
        ("@prefix here: <https://example.org/def> .\n", "here:"),
    ],
    ids=["full", "base", "prefix"],
)
def test_findings_about_the_header_name_file_and_line(tmp_path, head, name):
    """A finding about the ontology itself leads to its header, however that is written."""
    text = head + BASE.replace("<https://example.org/def> a", f"{name} a").replace(LICENCE, "")
    path = tmp_path / "plants.ttl"
    path.write_text(text)
    (finding,) = check([path]).violations
    assert finding.pointer == str(path)
    assert text.splitlines()[finding.line - 1] == f"{name} a owl:Ontology ;"


def test_a_header_alone_is_checked(tmp_path):
    """A file that only imports others has no terms, and its header is held to the rules."""
    path = tmp_path / "plants.ttl"
    path.write_text(BASE.partition(":Plant a")[0].replace(LICENCE, ""))
    report = check([path])
    assert [finding.rule for finding in report.violations] == ["ONT-20"]
    assert report.terms == 0


def test_own_modules_keep_the_rules():
    """The project's own ontology has no violation of its own rules."""
    assert [v for v in check().violations if v.severity == "Violation"] == []


def test_own_modules_are_all_checked():
    """Each file of the ontology folder but the prefix header is checked."""
    assert {"event", "flexkg", "import", "vocabularies"} <= {path.stem for path in modules()}


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        ("a.ttl", "@prefix a: <http://a.example/> .\na:b a:c .\n", ":2:"),
        ("a.ttl", "\n\nz:b a z:c .\n", ":3:"),
        ("a.rdf", "<rdf", "a.rdf"),
        ("a.txt", "", "a.txt"),
    ],
    ids=["broken", "unknown-prefix", "broken-xml", "unknown-suffix"],
)
def test_a_broken_file_is_refused_with_its_place(tmp_path, name, text, where):
    """What cannot be parsed is an error that names the file, where there are lines the line, and a cure."""
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(AssetError) as caught:
        check([path])
    assert where in caught.value.where
    assert caught.value.cure
