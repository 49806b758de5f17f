"""The alignment files: complete, in form, and with no term of another vocabulary that does not exist."""

import csv
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from kg import assets
from kg.namespaces import FLEX, OWL, RDF, RDFS, SKOS, VERSION
from tests.ontologies import CIM, MODULES, cim_file, copy_of, declared, quads, values
from tests.paths import needs_data

FILES = assets.files("mappings", "alignments/*.sssom.tsv")
COLUMNS = [
    *("subject_id", "subject_label", "predicate_id", "object_id"),
    *("mapping_justification", "confidence", "comment"),
]
PREDICATES = {RDFS + "subClassOf"} | {
    SKOS + kind + "Match" for kind in ("exact", "close", "broad", "narrow", "related")
}
NONE = "https://w3id.org/sssom/NoTermFound"
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.partition(".")[0])


@cache
def header(path: Path) -> dict:
    """What a file says of itself in its comment lines."""
    lines = [line[1:] for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    return yaml.safe_load("\n".join(lines))


@cache
def rows(path: Path) -> list[dict[str, str]]:
    """Rows of a file, with the three CURIEs expanded."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    table = csv.DictReader(lines, delimiter="\t")
    assert table.fieldnames == COLUMNS
    prefixes = header(path)["curie_map"]
    found = []
    for row in table:
        for column in ("subject_id", "predicate_id", "object_id", "mapping_justification"):
            prefix, _, name = row[column].partition(":")
            row[column] = prefixes[prefix] + name
        found.append(row)
    return found


def every() -> list[dict[str, str]]:
    return [row for path in FILES for row in rows(path)]


@each_file
def test_files_say_what_they_are(path):
    """A file names itself, its version, its licence and the version of what it leads to."""
    said = header(path)
    name = path.name.removesuffix(".sssom.tsv")
    assert said["mapping_set_id"] == f"https://w3id.org/flexkg/alignment/{name}"
    assert said["mapping_set_version"] == said["subject_source_version"] == VERSION
    assert {"mapping_set_title", "mapping_set_description", "license", "mapping_date"} <= set(said)
    assert name == "none" or said["object_source_version"]


@each_file
def test_rows_are_complete(path):
    """Each row has an own term with its label, a predicate, a justification, a confidence and a reason."""
    labels = values(RDFS + "label")
    for row in rows(path):
        assert row["subject_id"].removeprefix(FLEX) in declared(), row
        assert row["subject_label"] == labels[row["subject_id"]][0], row
        assert row["predicate_id"] in PREDICATES, row
        assert row["mapping_justification"] == "https://w3id.org/semapv/vocab/ManualMappingCuration", row
        assert 0 < float(row["confidence"]) <= 1, row
        assert re.fullmatch(r"[A-Z].*\.", row["comment"]), row


@each_file
def test_rows_are_sorted_and_single(path):
    """A pair of terms has one row, and rows stand in the order of their terms."""
    pairs = [(row["subject_id"], row["object_id"]) for row in rows(path)]
    assert len(set(pairs)) == len(pairs)
    assert [pair[0] for pair in pairs] == sorted(pair[0] for pair in pairs)


def objects(*, cim: bool) -> list[tuple[str, str]]:
    """Pairs of a namespace and a term in it that rows lead to."""
    found = []
    for path in FILES:
        for row in rows(path):
            spaces = [iri for iri in header(path)["curie_map"].values() if row["object_id"].startswith(iri)]
            if row["object_id"] != NONE and (max(spaces, key=len) == CIM) == cim:
                found.append((max(spaces, key=len), row["object_id"]))
    return found


@needs_data
def test_objects_exist_in_the_copies():
    """Whatever a row leads to is a term of the copy of that vocabulary."""
    pairs = objects(cim=False)
    assert len(pairs) > 100
    assert [iri for space, iri in pairs if iri not in copy_of(space)] == []


@pytest.mark.skipif(cim_file() is None, reason="the classes of CIM17 are read from cim-graph: pip install it")
def test_objects_of_cim_exist_in_the_package():
    """Whatever a row leads to in CIM is a class of CIM17."""
    pairs = objects(cim=True)
    assert len(pairs) > 50
    assert [iri for space, iri in pairs if iri not in copy_of(space)] == []


def test_classes_have_a_match_or_a_reason():
    """At least nine classes in ten are matched to SAREF or CIM, or a row tells why none is there."""
    wanted = ("https://saref.etsi.org/", CIM)
    done = {row["subject_id"] for row in every() if row["object_id"].startswith(wanted)}
    without = {row["subject_id"] for row in every() if row["object_id"] == NONE}
    assert done & without == set()
    kinds = values(RDF + "type")
    classes = {FLEX + name for name in declared() if OWL + "Class" in kinds[FLEX + name]}
    assert len(classes & (done | without)) >= 0.9 * len(classes)


def test_subclasses_are_stated_in_the_modules_but_for_cim():
    """A row that says subclass repeats an axiom; those into CIM stand in the alignment alone."""
    parents = values(RDFS + "subClassOf")
    for row in every():
        if row["predicate_id"] == RDFS + "subClassOf":
            stated = row["object_id"] in parents.get(row["subject_id"], [])
            assert stated != row["object_id"].startswith(CIM), row
    rows_of = {(row["subject_id"], row["object_id"]) for row in every()}
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


@each_file
def test_files_are_valid_sssom(path):
    """The reader of the SSSOM community accepts the file."""
    sssom = pytest.importorskip("sssom_pydantic", reason="pip install sssom-pydantic")
    mappings, *_ = sssom.read(path)
    assert len(mappings) == len(rows(path))
