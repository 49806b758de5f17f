"""Readings as they should not be: another unit in mid-series, clocks that jump; and a declared baseline."""

from decimal import Decimal

import pytest

from kg.graphs import lexical
from kg.ingest import Ingest
from kg.readings.backends import open_readings
from kg.service import Service
from kg.settings import load_settings

from .messages import event, register, report
from .paths import ROOT


@pytest.fixture(params=["columns", "graph"])
def store(tmp_path, request):
    with Ingest(tmp_path / "s", readings=lambda g, f: open_readings(g, f, request.param)) as made:
        made.ingest(register())
        yield made


def values(store):
    return [one.value for one in store.readings.scan()]


def test_other_scale_in_mid_series_is_converted(store):
    """Kilowatts, then watts: one series in kilowatts, exactly."""
    store.ingest(report("6.5", "7"))
    assert store.ingest(register(request="R-9").replace(b"siScaleCode>k<", b"siScaleCode>none<")).accepted
    assert store.ingest(report("6251", "1", request="R-10")).accepted
    assert values(store) == [Decimal("6.251"), Decimal("0.001")]
    assert {one.unit.rpartition("/")[2] for one in store.readings.scan()} == {"KiloW"}


def test_other_quantity_in_mid_series_is_no_value_of_it(store):
    """Power, then energy under the same rID: the series stays as it was, and the energy is in the graph."""
    store.ingest(report("6.5"))
    energy = register(request="R-9").replace(b"powerReal", b"energyReal").replace(b"RealPower", b"RealEnergy")
    start, end = energy.index(b"<power:powerAttributes"), energy.index(b"</power:powerAttributes>")
    energy = energy[:start] + energy[end + len(b"</power:powerAttributes>") :]
    assert store.ingest(energy.replace(b"Units>W<", b"Units>Wh<")).accepted
    store.ingest(report("99", request="R-10"))
    assert values(store) == [Decimal("6.5")]
    found = store.graphs.query(
        "SELECT ?n { ?n <https://w3id.org/flexkg/def#value> ?v FILTER(?v = 99) }",
        default_graph=store.graphs.graphs(),
        named_graphs=[],
    )
    assert len(list(found)) == 1


@pytest.mark.parametrize("year", ["0002", "1969", "9999"])
def test_clock_that_jumps_loses_nothing(store, year):
    """A reading far off is kept at its time, beside the others, and can be taken back."""
    store.ingest(report("1", "2"))
    receipt = store.ingest(
        report("3", request="R-9").replace(b">2026-12-01T16", f">{year}-12-01T16".encode())
    )
    if not receipt.accepted:
        assert receipt.report.violations[0].cure
        assert values(store) == [1, 2]
        return
    assert sorted(values(store)) == [1, 2, 3]
    assert {one.starts_at.year for one in store.readings.scan()} == {2026, int(year)}


def test_many_intervals_in_one_report_are_one_payload(store):
    """A thousand intervals: each is there once, also when the report comes again; too many are told."""
    big = report(*map(str, range(1000)))
    assert store.ingest(big).accepted
    assert store.ingest(big).accepted
    assert values(store) == list(range(1000))
    receipt = store.ingest(report(*map(str, range(2000)), request="R-9"))
    assert receipt.report.violations[0].rule == "READ-too-large"
    assert "FLEXKG_MAX_PAYLOAD_BYTES" in receipt.report.violations[0].cure
    assert values(store) == list(range(1000))


def test_baseline_that_a_ven_declares_counts(store):
    """A series of report type baseline of the same resource takes the place of the mean of similar days."""
    whole = register(request="R-20")
    start, end = whole.index(b"<oadr:oadrReportDescription>"), whole.index(b"<ei:reportRequestID>")
    other = whole[start:end].replace(b"<ei:rID>power<", b"<ei:rID>base<").replace(b">usage<", b">baseline<")
    assert store.ingest(whole[:end] + other + whole[end:]).accepted
    assert store.ingest(event()).accepted
    assert store.ingest(report("1", "1", "2", "2")).accepted
    base = report("5", "5", "5", "9", request="R-21").replace(b"<ei:rID>power<", b"<ei:rID>base<")
    assert store.ingest(base).accepted
    path = store.journal.directory.path
    store.close()
    with Service(load_settings(store=path), create=False) as service:
        answer = service.ask("performance")
        names = [dict(zip(answer.variables, row, strict=True)) for row in answer]
    (row,) = names
    shown = {
        key: Decimal(lexical(row[key].partition("^^")[0])) for key in ("declared", "actual", "delivered")
    }
    assert shown == {"declared": 6, "actual": Decimal("1.5"), "delivered": Decimal("4.5")}


def test_event_answered_twice_has_one_row(store):
    """A VEN answers a version anew whenever it comes again: what was drawn is still one row."""
    for path in ("04-report-to-query/1-register", "04-report-to-query/2-readings", "02-load-shed/shed-1"):
        assert store.ingest((ROOT / "examples" / f"{path}.xml").read_bytes()).accepted
    answer = (ROOT / "examples" / "02-load-shed" / "answer.xml").read_bytes()
    assert store.ingest(answer).accepted
    assert store.ingest(answer.replace(b"REQ-202", b"REQ-203")).accepted
    path = store.journal.directory.path
    store.close()
    with Service(load_settings(store=path), create=False) as service:
        rows = [tuple(row) for row in service.ask("performance", {"event": "SHED-7"})]
    assert len(rows) == len(set(rows)) > 0
