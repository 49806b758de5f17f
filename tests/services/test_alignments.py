"""The SSSOM community's reader accepts each table, and each term of CIM17 is a class of cim-graph."""

import pytest

from kg.alignments import tables
from kg.sssom import read
from tests.ontologies import CIM, cim

pytestmark = pytest.mark.services


@pytest.mark.parametrize("path", tables(), ids=lambda path: path.name.partition(".")[0])
def test_tables_are_valid_sssom(path) -> None:
    """The reader of the community finds what ours finds, row by row."""
    import sssom_pydantic

    mappings, *_ = sssom_pydantic.read(path)
    prefixes = read(path).prefixes
    found = [
        tuple(prefixes[node.prefix] + node.identifier for node in (row.subject, row.predicate, row.object))
        for row in mappings
    ]
    assert found == [(row.subject, row.predicate, row.object) for row in read(path).rows]


def test_terms_of_cim_exist_in_the_package() -> None:
    """Whatever a row leads to in CIM is a class of CIM17."""
    found = [row.object for path in tables() for row in read(path).rows if row.object.startswith(CIM)]
    assert len(found) > 50
    assert [iri for iri in found if iri not in cim()] == []
