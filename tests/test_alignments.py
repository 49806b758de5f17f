"""The alignment files: complete, and with no term of another vocabulary that does not exist."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from kg.alignments import tables
from kg.namespaces import FLEX, OWL, RDF, RDFS, VERSION
from kg.sssom import NO_TERM, Alignment, read
from tests.ontologies import CIM, MODULES, copy_of, declared, quads, values
from tests.paths import needs_data

FILES = tables()
#: Tables that lead to several vocabularies, or to none.
MIXED = {"crosswalk", "none"}
#: Ontologies that the crosswalk has to speak of.
SMALLER = {
    *("BOnSAI", "Energy@Home", "Mirabel", "OntoENERGY", "ProSGV3", "SEMANCO", "SESAME-S", "ThinkHome"),
}
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.partition(".")[0])


@cache
def header(path: Path) -> dict:
    """What a file says of itself in its comment lines."""
    lines = [line[1:] for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    return yaml.safe_load("\n".join(lines))


def rows(path: Path) -> tuple[Alignment, ...]:
    return read(path).rows


def every() -> list[Alignment]:
    return [row for path in FILES for row in rows(path)]


def named(name: str) -> tuple[Alignment, ...]:
    """Rows of one table."""
    (path,) = [path for path in FILES if path.name == f"{name}.sssom.tsv"]
    return rows(path)


@each_file
def test_files_say_what_they_are(path):
    """A file names itself, its version, its licence and the version of what it leads to."""
    said = header(path)
    name = path.name.removesuffix(".sssom.tsv")
    assert said["mapping_set_id"] == f"https://w3id.org/flexkg/alignment/{name}"
    assert said["mapping_set_version"] == said["subject_source_version"] == VERSION
    assert {"mapping_set_title", "mapping_set_description", "license", "mapping_date"} <= set(said)
    assert name in MIXED or said["object_source_version"]


@each_file
def test_rows_are_complete(path):
    """Each row has an own term with its label, a justification, a confidence and a reason."""
    labels = values(RDFS + "label")
    names, *cells = [line.split("\t") for line in path.read_text("utf-8").splitlines() if line[0] != "#"]
    at = names.index("subject_label")
    for row, cell in zip(rows(path), cells, strict=True):
        assert row.subject.removeprefix(FLEX) in declared(), row
        assert cell[at] == labels[row.subject][0], row
        assert row.justification == "https://w3id.org/semapv/vocab/ManualMappingCuration", row
        assert 0 < float(row.confidence) <= 1, row
        assert re.fullmatch(r"[A-Z].*\.", row.comment), row


@each_file
def test_rows_are_sorted_and_single(path):
    """A pair of terms has one row, and rows stand in the order of their terms."""
    pairs = [(row.subject, row.object, row.object_label) for row in rows(path)]
    assert len(set(pairs)) == len(pairs)
    assert [pair[0] for pair in pairs] == sorted(pair[0] for pair in pairs)


def objects() -> Iterator[tuple[str, str]]:
    """Pairs of a namespace and a term in it that rows lead to, CIM left out."""
    for path in FILES:
        for row in rows(path):
            spaces = [iri for iri in header(path)["curie_map"].values() if row.object.startswith(iri)]
            if row.object != NO_TERM and max(spaces, key=len) != CIM:
                yield max(spaces, key=len), row.object


@needs_data
def test_objects_exist_in_the_copies():
    """Whatever a row leads to is a term of the copy of that vocabulary; CIM is looked up elsewhere."""
    pairs = list(objects())
    assert len(pairs) > 100
    assert [iri for space, iri in pairs if iri not in copy_of(space)] == []


def test_crosswalk_names_every_smaller_ontology():
    """The crosswalk says of each smaller ontology what is known of it, and claims no IRI."""
    found = {row.object_label.partition(":")[0] for row in named("crosswalk")}
    assert found == SMALLER
    for row in (*named("crosswalk"), *named("saref4ener-v2")):
        assert row.object == NO_TERM, row
        assert row.object_label, row
        assert float(row.confidence) <= 0.6, row
        assert re.search(r"(not|nor IRI is) verified|there is no IRI", row.comment), row


def test_classes_have_a_match_or_a_reason():
    """At least nine classes in ten are matched to SAREF or CIM, or a row tells why none is there."""
    wanted = ("https://saref.etsi.org/", CIM)
    done = {row.subject for row in every() if row.object.startswith(wanted)}
    without = {row.subject for row in named("none")}
    assert done & without == set()
    kinds = values(RDF + "type")
    classes = {FLEX + name for name in declared() if OWL + "Class" in kinds[FLEX + name]}
    assert len(classes & (done | without)) >= 0.9 * len(classes)


def test_subclasses_are_stated_in_the_modules_but_for_cim():
    """A row that says subclass repeats an axiom; those into CIM stand in the alignment alone."""
    parents = values(RDFS + "subClassOf")
    for row in every():
        if row.predicate == RDFS + "subClassOf":
            stated = row.object in parents.get(row.subject, [])
            assert stated != row.object.startswith(CIM), row
    rows_of = {(row.subject, row.object) for row in every()}
    for child, above in parents.items():
        for parent in above:
            inside = not child.startswith(FLEX) or parent.startswith(FLEX)
            assert inside or (child, parent) in rows_of, f"{child} is below {parent} without a row"


def test_no_module_names_cim():
    """IRIs of CIM change from version to version, so they stand in one file."""
    for path in MODULES:
        for quad in quads(path):
            for node in (quad.subject, quad.predicate, quad.object):
                assert not str(node.value).startswith(CIM), quad
