"""What differs between two versions of an ontology, and the number that it asks for."""

from pathlib import Path

import pytest

from kg.diff import diff
from kg.errors import AssetError, UsageError

HEAD = """
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix ex: <https://ontology.example/> .
ex: a owl:Ontology ; owl:versionInfo "%s" .
"""
PUMP = 'ex:Pump a owl:Class ; rdfs:label "pump"@en ; rdfs:subClassOf ex:Device .'
SCHEME = "ex:Kinds a skos:ConceptScheme ; skos:hasTopConcept ex:a ."
SHAPE = "ex:S a sh:NodeShape ; sh:property [ sh:path ex:p ; sh:minCount 1 ] ."

CASES = [
    # old body, new body, kinds, number needed after 1.2.3, number needed after 0.2.3
    (PUMP, PUMP, [], "1.2.3", "0.2.3"),
    (PUMP, PUMP + " ex:Fan a owl:Class .", ["added"], "1.3.0", "0.2.4"),
    (PUMP, "", ["removed"], "2.0.0", "0.3.0"),
    (PUMP, PUMP.replace('"pump"', '"water pump"'), ["reworded"], "1.2.4", "0.2.4"),
    (PUMP, PUMP.replace("ex:Device", "ex:Machine"), ["changed"], "2.0.0", "0.3.0"),
    (PUMP, PUMP + " ex:Pump owl:deprecated true .", ["deprecated"], "1.3.0", "0.2.4"),
    (SHAPE, SHAPE.replace("minCount 1", "minCount 2"), ["changed"], "2.0.0", "0.3.0"),
    (SCHEME, SCHEME + " ex:Kinds skos:hasTopConcept ex:b .", ["extended"], "1.3.0", "0.2.4"),
    (SCHEME, SCHEME + " ex:a skos:topConceptOf ex:Kinds .", ["added"], "1.3.0", "0.2.4"),
    (SCHEME, SCHEME.replace("ex:a", "ex:b"), ["changed"], "2.0.0", "0.3.0"),
    (SHAPE, SHAPE, [], "1.2.3", "0.2.3"),
]


def _write(folder: Path, version: str, body: str) -> Path:
    folder.mkdir()
    (folder / "o.ttl").write_text(HEAD % version + body, encoding="utf-8")
    return folder


@pytest.mark.parametrize(("old", "new", "kinds", "major", "zero"), CASES)
def test_diff_tells_kind_and_number(
    tmp_path: Path, old: str, new: str, kinds: list[str], major: str, zero: str
) -> None:
    """Each kind of change asks for its step of the version number."""
    for version, needed in (("1.2.3", major), ("0.2.3", zero)):
        folder = tmp_path / version
        folder.mkdir()
        found = diff(_write(folder / "a", version, old), _write(folder / "b", version, new))
        terms = [change.kind for change in found.changes if change.term != "https://ontology.example/"]
        assert terms == kinds
        assert found.needed == needed
        assert found.numbered is (needed == version)


def test_diff_accepts_a_number_that_is_high_enough(tmp_path: Path) -> None:
    """A new version with at least the number asked for is numbered rightly."""
    old = _write(tmp_path / "a", "0.2.3", PUMP)
    new = _write(tmp_path / "b", "0.10.0", "")
    assert diff(old, new).numbered


@pytest.mark.parametrize(
    ("old", "new", "needed", "unread", "numbered"),
    [
        ("v4.1.1", "v5.0.0", "5.0.0", (), True),
        ("v4.1.1", "4.2.0", "5.0.0", (), False),
        ("4.1.1", "V10.0.0", "5.0.0", (), True),
        ("4.1.1", "May 2024", "5.0.0", ("May 2024",), False),
        ("4.1", "4.2", "", ("4.1", "4.2"), False),
        ("4.1.1", "", "5.0.0", (), False),
    ],
)
def test_diff_reads_numbers_or_says_that_it_cannot(
    tmp_path: Path, old: str, new: str, needed: str, unread: tuple[str, ...], numbered: bool
) -> None:
    """A number may begin with v; one that cannot be read is told and never counts as high enough."""
    found = diff(_write(tmp_path / "a", old, PUMP), _write(tmp_path / "b", new, ""))
    assert (found.needed, found.unread, found.numbered) == (needed, unread, numbered)
    assert found.as_dict()["unread"] == unread


def test_diff_names_file_and_line_of_broken_turtle(tmp_path: Path) -> None:
    """A file that cannot be parsed is named with line and cure."""
    old = _write(tmp_path / "a", "0.1.0", PUMP)
    new = _write(tmp_path / "b", "0.1.1", "ex:Pump a owl:Class rdfs:label .")
    with pytest.raises(AssetError, match=r"o\.ttl:8:.*mend"):
        diff(old, new)


def test_diff_refuses_what_is_no_ontology(tmp_path: Path) -> None:
    """A path without an RDF file is a usage error."""
    with pytest.raises(UsageError, match="no ontology file"):
        diff(tmp_path, tmp_path)
