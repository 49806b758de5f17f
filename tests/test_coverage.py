"""The table of elements: all of the schema, from the mapping file, and true."""

from collections import Counter
from dataclasses import replace

import pytest
from lxml import etree

from kg import coverage
from kg.lift import lifter_for
from kg.namespaces import FLEX
from kg.schema import messages, schema_folder
from kg.schema_model import model_of
from kg.xpath import OADR_20B
from tests.paths import ROOT

PAGE = ROOT / "docs" / "elements.md"
HEADING = """# What becomes of each element

Every element and attribute that a message of OpenADR 2.0b may have, and the property of the graph that
keeps it; lifting and lowering follow the same lines. Made from `mappings/payloads/openadr-2.0b.yml` and the
schema by `pytest tests/test_coverage.py --update-golden`, and held against both by that test.
"""
#: What is read as a number or a length although the schema takes it for text: the spelling stands beside it.
SPELT = {"flex:uid, xsd:integer", "xsd:duration"}
XS = "{http://www.w3.org/2001/XMLSchema}"


@pytest.fixture(scope="module")
def rows() -> tuple[coverage.Row, ...]:
    return coverage.rows(lifter_for("2.0b"), model_of())


def test_every_element_is_accounted_for(rows):
    """Each element and attribute of each message becomes something, or the mapping says why not."""
    assert [row for row in rows if not row.accounted] == []
    assert {row.element for row in rows} >= {f"oadr:{name}" for name in (*messages(), "oadrPayload")}


def test_the_walk_meets_every_declaration(rows):
    """What OpenADR's own schema files declare is in the table, but for what no message can hold."""
    met = {row.path.rpartition("/")[2] for row in rows} | {row.element for row in rows}
    declared: set[str] = set()
    for name in (
        "oadr_20b",
        "oadr_ei_20b",
        "oadr_pyld_20b",
        "oadr_xcal_20b",
        "oadr_strm_20b",
        "oadr_power_20b",
    ):
        root = etree.parse(schema_folder() / f"{name}.xsd").getroot()
        prefix = {uri: prefix for prefix, uri in root.nsmap.items()}[root.get("targetNamespace")]
        found = [e for e in root.iter(f"{XS}element") if e.get("name") and e.get("abstract") != "true"]
        declared |= {f"{prefix}:{e.get('name')}" for e in found}
    assert declared - met == UNREACHABLE


#: Declared, and referred to by nothing that a message may hold; powerItem and energyItem have abstract types.
UNREACHABLE = {
    "ei:SignalNameEnumerated",
    "ei:numDataSources",
    "ei:optReasonEnumerated",
    "ei:readingTypeEnumerated",
    "ei:refID",
    "ei:reportEnumerated",
    "ei:response",
    "ei:responses",
    "ei:statusDateTime",
    "power:energyItem",
    "power:powerItem",
    "xcal:dtend",
    "xcal:interval",
}


def test_no_type_of_the_schema_is_narrowed(rows):
    """What the schema takes for text is kept as text or concept, or its spelling is kept beside it."""
    narrowed = {
        made
        for row in rows
        if row.type in ("string", "normalizedString", "token", "anySimpleType")
        for made in row.makes
        if made.endswith(("integer", "decimal", "boolean", "dateTime", "duration"))
    }
    assert {made for made in narrowed if made not in SPELT and made.partition(", ")[2] not in SPELT} == set()


def test_page_is_what_the_mapping_says(rows, update_golden):
    """docs/elements.md is the table as it is made now."""
    page = coverage.markdown(rows, HEADING)
    if update_golden:
        PAGE.write_text(page, "utf-8")
    assert PAGE.read_text("utf-8") == page
    assert "not accounted for" not in page


def test_rows_show_a_gap():
    """An element that loses its rule, or its reason, is in the table without account."""
    lifter = lifter_for("2.0b")
    mappings = dict(lifter.source.mappings)
    signal = mappings["Signal"]
    kept = tuple(rule for rule in signal.rules if rule.predicate != FLEX + "signalID")
    mappings["Signal"] = replace(signal, rules=kept)
    settings = {**lifter.source.settings, "ignored": [], "unread": []}
    source = replace(lifter.source, mappings=mappings, settings=settings)
    found = coverage.rows(replace(lifter, source=source), model_of())
    gaps = Counter(row.path.rpartition("/")[2] for row in found if not row.accounted)
    assert set(gaps) == {"ei:signalID", "ds:Signature", "xcal:components", "espi:extension"}
    assert "**not accounted for**" in coverage.markdown(found, "")


def test_model_knows_order_and_number():
    """Children come in the order of the schema, inherited ones first; substitutes stand for abstract ones."""
    model = model_of()
    report = model.element(f"{{{OADR_20B}}}oadrReport")
    assert report is not None
    assert [slot.elements[0].name.partition("}")[2] for slot in report.slots] == [
        "dtstart",
        "duration",
        "intervals",
        "eiReportID",
        "oadrReportDescription",
        "reportRequestID",
        "reportSpecifierID",
        "reportName",
        "createdDateTime",
    ]
    assert [slot.required for slot in report.slots] == [False] * 5 + [True, True, False, True]
    assert [slot.many for slot in report.slots] == [False] * 4 + [True] + [False] * 4
