"""The check of what a user adds: concepts, imports of ours and of others, alignments, shapes."""

import pytest
from typer.testing import CliRunner

from kg.cli import app
from kg.errors import AssetError
from kg.namespaces import VERSION
from kg.ontology import check, files_of
from tests.paths import DATA, ROOT, needs_data

HEAD = """@prefix : <https://example.org/def#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix flex: <https://w3id.org/flexkg/def#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix saref: <https://saref.etsi.org/core/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix vocab: <https://w3id.org/flexkg/vocab/> .

<https://example.org/def> a owl:Ontology ;
    dcterms:title "Boilers"@en ;
    dcterms:description "Boilers behind resources."@en ;
    dcterms:creator "Somebody" ;
    dcterms:license <https://example.org/licence> ;
    owl:imports <https://w3id.org/flexkg/device> ;
    owl:versionIRI <https://example.org/1.0.0/def> ;
    owl:versionInfo "1.0.0" .

:Boiler a owl:Class ;
    rdfs:subClassOf flex:Device ;
    rdfs:label "boiler"@en ;
    rdfs:comment "A device that heats water."@en ;
    skos:example "A boiler of 200 litres." ;
    dcterms:source "Made up for this test" ;
    rdfs:isDefinedBy <https://example.org/def> .

"""
CONCEPTS = """@prefix : <https://example.org/kinds/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .

:list a skos:ConceptScheme ;
    dcterms:title "Kinds"@en ;
    skos:hasTopConcept :hot .

:hot a skos:Concept ;
    skos:prefLabel "hot"@en ;
    skos:notation "hot" ;
    skos:definition "Kind that gives heat."@en ;
    dcterms:source "Made up for this test" ;
    skos:inScheme :list .

:boiling a skos:Concept ;
    skos:prefLabel "boiling"@en ;
    skos:notation "boiling" ;
    skos:definition "Hot kind that gives steam."@en ;
    dcterms:source "Made up for this test" ;
    skos:broader :hot ;
    skos:inScheme :list .
"""
TABLE = """#mapping_set_id: https://example.org/alignment
#license: https://example.org/licence
#curie_map:
#  ex: https://example.org/def#
#  flex: https://w3id.org/flexkg/def#
#  saref: https://saref.etsi.org/core/
#  far: https://far.example/def#
subject_id\tpredicate_id\tobject_id\tmapping_justification
ex:Boiler\tskos:broadMatch\tsaref:Device\tsemapv:ManualMappingCuration
"""
IMPORT = "<https://w3id.org/flexkg/device>"
#: Name -> old text, new text, rule that alone finds it, and the local name of what it is about.
TERM_CASES = {
    "imports-by-version": (IMPORT, f"<https://w3id.org/flexkg/{VERSION}/device>", "", ""),
    "imports-everything": (IMPORT, "<https://w3id.org/flexkg/flexkg>", "", ""),
    "imports-nothing": (f"    owl:imports {IMPORT} ;\n", "", "ONT-15", "#Boiler"),
    "imports-what-is-not-here": (IMPORT, f"{IMPORT} , <https://far.example/def>", "ONT-28", ""),
    "imports-another-version": (IMPORT, f"{IMPORT} , <https://w3id.org/flexkg/9.9.9/event>", "ONT-29", ""),
    "misspells-saref": (
        "flex:Device ;",
        "flex:Device ; skos:closeMatch saref:Devise ;",
        "ONT-42",
        "#Boiler",
    ),
    "misspells-ours": ("flex:Device ;", "flex:Device ; flex:factr 1 ;", "ONT-42", "#Boiler"),
    "misspells-a-code": (
        "flex:Device ;",
        "flex:Device ; rdfs:seeAlso <https://w3id.org/flexkg/vocab/optReason/economics> ;",
        "ONT-42",
        "#Boiler",
    ),
    "misspells-a-datatype": (
        '"A boiler of 200 litres."',
        '"A boiler."^^<http://www.w3.org/2001/XMLSchema#strin>',
        "ONT-42",
        "#Boiler",
    ),
    "misspells-its-own": ("flex:Device ;", "flex:Device ; :volum 200 ;", "ONT-42", "#Boiler"),
    "misspells-skos": ("skos:example", "skos:exampel", "ONT-42", "#Boiler"),
}
CONCEPT_CASES = {
    "definition-missing": ('    skos:definition "Kind that gives heat."@en ;\n', "", "ONT-31", "hot"),
    "definition-twice": ('heat."@en', 'heat."@en , "Warm."@en', "ONT-31", "hot"),
    "definition-no-sentence": ('"Kind that gives heat."', '"gives heat"', "ONT-31", "hot"),
    "scheme-undeclared": (
        "skos:broader :hot ;\n    skos:inScheme :list",
        "skos:broader :hot ;\n    skos:inScheme :list , :other",
        "ONT-32",
        "boiling",
    ),
    "notation-missing": ('    skos:notation "hot" ;\n', "", "ONT-33", "hot"),
    "notation-twice": ('skos:notation "hot"', 'skos:notation "hot" , "h"', "ONT-33", "hot"),
    "notation-no-text": ('skos:notation "hot"', "skos:notation :hot", "ONT-33", "hot"),
    "label-missing": ('    skos:prefLabel "hot"@en ;\n', "", "ONT-34", "hot"),
    "label-twice": ('"hot"@en', '"hot"@en , "warm"@en', "ONT-34", "hot"),
    "label-without-language": ('"hot"@en', '"hot"', "ONT-34", "hot"),
    "source-missing": (
        'heat."@en ;\n    dcterms:source "Made up for this test" ;',
        'heat."@en ;',
        "ONT-35",
        "hot",
    ),
    "broader-than-itself": ("skos:broader :hot", "skos:broader :hot , :boiling", "ONT-36", "boiling"),
    "related-to-its-broader": (
        "skos:broader :hot",
        "skos:broader :hot ; skos:related :hot",
        "ONT-36",
        "boiling",
    ),
    "label-also-alternative": ('"hot"@en', '"hot"@en ; skos:altLabel "hot"@en', "ONT-37", "hot"),
    "notation-of-another": ('skos:notation "boiling"', 'skos:notation "hot"', "ONT-39", "boiling hot"),
    "top-not-listed": ("    skos:broader :hot ;\n", "", "ONT-40", "boiling"),
    "title-missing": ('    dcterms:title "Kinds"@en ;\n', "", "ONT-41", "list"),
}
TABLE_CASES = {
    "leads-to-nothing": ("saref:Device", "saref:Devise", "ONT-42"),
    "starts-from-nothing": ("ex:Boiler", "flex:Boiler", "ONT-42"),
    "starts-from-nothing-of-its-own": ("ex:Boiler", "ex:Boyler", "ONT-42"),
    "leads-to-the-unknown": ("saref:Device", "far:Device", "ONT-43"),
}


def found(report, base):
    return {(v.rule, v.focus.removeprefix(base)) for v in report.violations}


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_an_extension_that_imports_ours_conforms(tmp_path):
    """The import leads to the shipped module: what stands below our classes is below something declared."""
    report = check([write(tmp_path, "boiler.ttl", HEAD)])
    assert report.violations == ()
    assert (report.terms, report.concepts, report.rows) == (1, 0, 0)


@pytest.mark.parametrize("engine", ["shacl", "pyshacl"])
@pytest.mark.parametrize("name", TERM_CASES)
def test_each_failure_of_an_extension_is_found(tmp_path, name, engine):
    """Imports and mentions are looked up offline, and each slip is found by its rule alone."""
    old, new, rule, about = TERM_CASES[name]
    assert old in HEAD
    path = write(tmp_path, "boiler.ttl", HEAD.replace(old, new, 1))
    report = check([path], engine=engine)
    others = {"ONT-3"} if name == "misspells-skos" else set()
    assert {f for f in found(report, "https://example.org/def") if f[0] not in others} == (
        {(rule, about)} if rule else set()
    )
    assert all(v.pointer == str(path) and v.line for v in report.violations)


@pytest.mark.parametrize("engine", ["shacl", "pyshacl"])
@pytest.mark.parametrize("name", CONCEPT_CASES)
def test_each_failure_of_a_concept_is_found(tmp_path, name, engine):
    """Concepts and schemes are held to rules as terms are."""
    old, new, rule, about = CONCEPT_CASES[name]
    assert old in CONCEPTS
    report = check([write(tmp_path, "kinds.ttl", CONCEPTS.replace(old, new, 1))], engine=engine)
    assert found(report, "https://example.org/kinds/") == {(rule, name) for name in about.split()}


def test_sound_concepts_conform(tmp_path):
    """Nothing is said of concepts that keep every rule; they are counted."""
    report = check([write(tmp_path, "kinds.ttl", CONCEPTS)])
    assert (report.violations, report.concepts) == ((), 3)


def test_concepts_of_our_schemes_have_the_iri_of_their_notation(tmp_path):
    """A market's token in a scheme of ours is looked up by its notation, so its IRI follows from it."""
    text = (ROOT / "ontology" / "vocab" / "optReason.ttl").read_text("utf-8")
    wrong = text.replace('skos:notation "economic"', 'skos:notation "economics"')
    assert wrong != text
    report = check([write(tmp_path, "optReason.ttl", wrong)])
    (finding,) = [v for v in report.violations if v.rule == "ONT-38"]
    assert finding.value == "<https://w3id.org/flexkg/vocab/optReason/economics>"


@pytest.mark.parametrize("name", TABLE_CASES)
def test_rows_of_tables_are_looked_up(tmp_path, name):
    """A row that starts from or leads to nothing is found without any reference data, with its line."""
    old, new, rule = TABLE_CASES[name]
    terms, table = write(tmp_path, "boiler.ttl", HEAD), write(tmp_path, "a.sssom.tsv", TABLE)
    assert check([terms, table]).violations == ()
    write(tmp_path, "a.sssom.tsv", TABLE.replace(f"{old}\t", f"{new}\t"))
    (finding,) = check([terms, table]).violations
    assert (finding.rule, finding.pointer, finding.line) == (rule, str(table), 9)
    if old == "saref:Device" and rule == "ONT-42":
        assert "https://saref.etsi.org/core/Device" in finding.cure


def test_a_table_alone_is_checked(tmp_path):
    """Rows that start from our terms need no other file."""
    table = write(tmp_path, "a.sssom.tsv", TABLE.replace("ex:Boiler", "flex:Device"))
    report = check([table])
    assert (report.violations, report.rows) == ((), 1)


def test_an_import_is_found_through_a_catalog(tmp_path):
    """A catalog in the folder, as Protégé writes it, leads to a file; a broken entry has its line."""
    other = HEAD.replace("example.org", "other.example").replace(f"    owl:imports {IMPORT} ;\n", "")
    write(tmp_path, "other.ttl", other)
    text = HEAD.replace(IMPORT, "<https://other.example/def>").replace(
        "flex:Device", "<https://other.example/def#Boiler>"
    )
    path = write(tmp_path, "boiler.ttl", text)
    assert "ONT-28" in {v.rule for v in check([path]).violations}
    catalog = (
        '<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">\n<uri name="%s" uri="%s"/></catalog>'
    )
    write(tmp_path, "catalog-v001.xml", catalog % ("https://other.example/def", "other.ttl"))
    assert check([path]).violations == ()
    assert check([path], beside=[tmp_path / "other.ttl"]).violations == ()
    write(tmp_path, "catalog-v001.xml", catalog % ("https://other.example/def", "gone.ttl"))
    with pytest.raises(AssetError, match="not there") as caught:
        check([path])
    assert caught.value.where.endswith("catalog-v001.xml:2")


def test_modules_of_one_ontology_have_one_version(tmp_path):
    """A module that states another version than the whole that imports it is found, and so is one of ours."""
    part = HEAD.replace("example.org/def>", "example.org/part>").replace("Boiler", "Part")
    whole = HEAD.replace(IMPORT, f"{IMPORT} , <https://example.org/part>")
    files = [write(tmp_path, "part.ttl", part), write(tmp_path, "whole.ttl", whole)]
    assert [v.rule for v in check(files).violations if v.severity == "Violation"] == []
    write(tmp_path, "part.ttl", part.replace("1.0.0", "1.1.0"))
    (finding,) = [v for v in check(files).violations if v.severity == "Violation"]
    assert (finding.rule, finding.focus) == ("ONT-30", "https://example.org/part")
    ours = (ROOT / "ontology" / "event.ttl").read_text("utf-8").replace(VERSION, "0.0.9")
    rules = {v.rule for v in check([write(tmp_path, "event.ttl", ours)]).violations}
    assert "ONT-29" in rules


@pytest.mark.parametrize("name", ["event", "device", "openadr3-event"])
def test_one_module_of_ours_rests_on_the_others(name):
    """A module is checked alone as with the rest: what it names stands in the installed ones."""
    report = check([ROOT / "ontology" / f"{name}.ttl"])
    assert [v for v in report.violations if v.severity == "Violation"] == []
    assert report.terms


SHAPE = """@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix flex: <https://w3id.org/flexkg/def#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix shape: <https://example.org/shape#> .

shape:one a sh:PropertyShape ;
    dcterms:identifier "OUR-1" ;
    sh:targetClass flex:EventVersion ;
    sh:path flex:priority ;
    sh:maxInclusive 3 .
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("sh:maxInclusive", "sh:maxInclusiv", "sh:maxInclusiv checks nothing"),
        ('    dcterms:identifier "OUR-1" ;\n', "", "no rule id"),
        ("sh:PropertyShape", "sh:PropertyShap", "sh:PropertyShap means nothing"),
    ],
)
def test_slips_in_shapes_are_errors_with_file_and_line(tmp_path, old, new, told):
    """What an engine would pass over in silence is refused, at the line of the shape."""
    path = write(tmp_path, "rules.ttl", SHAPE)
    assert check([path]).shapes == 1
    write(tmp_path, "rules.ttl", SHAPE.replace(old, new, 1))
    with pytest.raises(AssetError, match=told) as caught:
        check([path])
    assert caught.value.where.startswith(f"{path}:6")
    assert caught.value.cure


def test_shapes_with_an_unknown_path_are_found(tmp_path):
    """A property that no ontology has makes a rule that never finds anything."""
    path = write(tmp_path, "rules.ttl", SHAPE.replace("flex:priority", "flex:priorty"))
    (finding,) = check([path]).violations
    assert (finding.rule, finding.line) == ("ONT-42", 9)
    assert "https://w3id.org/flexkg/def#priority" in finding.cure


def test_a_folder_names_tables_too(tmp_path):
    """A folder stands for its ontology files and its SSSOM tables."""
    write(tmp_path, "boiler.ttl", HEAD)
    write(tmp_path, "a.sssom.tsv", TABLE)
    assert [path.name for path in files_of(tmp_path)] == ["boiler.ttl", "a.sssom.tsv"]
    result = CliRunner().invoke(app, ["ontology", "check", str(tmp_path)])
    assert result.exit_code == 0
    assert result.output.splitlines()[-1].endswith("1 terms, 1 rows of alignments checked")


@needs_data
def test_a_copy_beside_tells_what_it_has(tmp_path):
    """With a copy of SAREF 3.1.1 beside, its terms exist, though the shipped list is of another version."""
    text = HEAD.replace("flex:Device ;", "flex:Device , saref:LightSwitch ;")
    path = write(tmp_path, "boiler.ttl", text)
    assert "ONT-42" in {v.rule for v in check([path]).violations}
    old = DATA / "ontologies" / "saref" / "core-v3.1.1" / "saref.owl"
    assert check([path], beside=[old]).violations == ()
