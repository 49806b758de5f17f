"""The contract of ReadingStore, run over every back end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from rdflib import Graph

from kg.errors import StoreError, UsageError
from kg.graphs import Change
from kg.graphs.embedded import EmbeddedGraphs
from kg.namespaces import FLEX, GRAPH, ID, PROV, QUANTITYKIND, SAREF, TIME, UNIT, VOCAB
from kg.readings import Constants, Reading
from kg.readings.columns import ColumnReadings
from kg.readings.graph import GraphReadings

from .paths import DATA, needs_data

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
A, B = ID + "series/ven-1/usage/energy", ID + "series/ven-2/usage/energy"
QUARTER = timedelta(minutes=15)


def in_graph():
    return GraphReadings(EmbeddedGraphs())


@pytest.fixture(params=[in_graph, ColumnReadings], ids=["graph", "columns"])
def store(request):
    return request.param()


def reading(n=0, value="1.5", *, series=A, payload="a", seq=1, **more):
    start = NOON + n * QUARTER
    return Reading(
        series=series,
        starts_at=start,
        ends_at=start + QUARTER,
        value=Decimal(value),
        digest=payload * 64,
        seq=seq,
        received=NOON + timedelta(hours=1),
        **more,
    )


def test_scan_gives_back_what_was_appended(store):
    """Every slot of a reading survives, whether it is filled or not."""
    full = reading(
        0,
        "-0.000001",
        resource=ID + "resource/ven-1/heat%20pump",
        property="http://qudt.org/vocab/quantitykind/ActivePower",
        unit="http://qudt.org/vocab/unit/KiloW",
        quality=VOCAB + "dataQuality/Quality%20Good%20-%20Non%20Specific",
        confidence=95,
        accuracy=Decimal("0.25"),
    )
    bare = replace(reading(1, "12345678901234567890.5", series=B), ends_at=None)
    assert store.append([full, bare]) == 2
    assert list(store.scan()) == [full, bare]


def test_append_is_idempotent_by_payload_digest(store):
    """A payload that was appended is passed over, also under another row number and with other values."""
    batch = [reading(0), reading(1)]
    assert store.append(batch) == 2
    assert store.append(batch) == 0
    assert store.append([reading(0, "9", seq=7), reading(2, "9", seq=7)]) == 0
    assert list(store.scan()) == batch


def test_append_takes_the_new_payloads_of_a_batch_that_has_known_ones(store):
    """A batch that is repeated after a crash with more behind it adds only what is new."""
    store.append([reading(0)])
    assert store.append([reading(0), reading(1, payload="b", seq=2)]) == 1
    assert store.count() == 2


def test_append_shows_the_reading_of_the_last_row(store):
    """A correction replaces; what arrives again from an older row does not."""
    store.append([reading(0, "1", payload="a", seq=1)])
    assert store.append([reading(0, "2", payload="c", seq=3)]) == 1
    assert store.append([reading(0, "3", payload="b", seq=2)]) == 0
    assert [found.value for found in store.scan()] == [2]


def test_append_shows_one_reading_for_each_series_and_start(store):
    """Several readings of one start in one batch: the highest row, and within a row the last."""
    store.append(
        [
            reading(0, "4", payload="b", seq=2),
            reading(0, "1"),
            reading(0, "5", payload="b", seq=2),
            reading(1, "7"),
        ]
    )
    assert [found.value for found in store.scan()] == [5, 7]


def test_append_corrects_across_months(store):
    """A correction that is received a month later replaces the earlier value."""
    store.append([reading(0, "1")])
    late = replace(reading(0, "2", payload="b", seq=2), received=NOON + timedelta(days=40))
    assert store.append([late]) == 1
    assert list(store.scan()) == [late]


def test_append_nothing_is_nothing(store):
    """An empty batch is allowed, and an empty store answers."""
    assert store.append([]) == 0
    assert (list(store.scan()), store.count(), store.series(), store.latest(A)) == ([], 0, [], None)


def test_row_and_receipt_are_said_once_for_each_payload():
    """Not of each observation; a graph of an older version, which did so, asks to be rebuilt."""
    graphs = EmbeddedGraphs()
    GraphReadings(graphs).append([reading(n) for n in range(5)])
    for name in ("journalRow", "receivedAt"):
        assert [s.subject for s in graphs.match(None, f"<{FLEX}{name}>", None)] == [
            f"<{ID}readings/{'a' * 64}>"
        ]
    graphs.write([Change("", unset=[(f"{ID}readings/{'a' * 64}", FLEX + "journalRow")])])
    with pytest.raises(StoreError) as error:
        list(GraphReadings(graphs).scan())
    assert "rebuild" in error.value.cure


def test_scan_is_ordered_and_takes_a_window(store):
    """By series, then start; from a start on, before an end."""
    store.append([reading(n, str(n), series=series) for n in (2, 0, 3, 1) for series in (B, A)])
    assert [(found.series, found.value) for found in store.scan()] == [
        (series, n) for series in (A, B) for n in range(4)
    ]
    window = (NOON + QUARTER, NOON + 3 * QUARTER)
    assert [found.value for found in store.scan(A, *window)] == [1, 2]
    assert store.count(A, *window) == 2
    assert store.count(None, NOON + QUARTER) == 6
    assert store.count(None, None, NOON + QUARTER) == 2
    assert store.count(ID + "series/nobody") == 0


def test_scan_orders_times_and_not_their_spellings(store):
    """Fractions of a second, other zones and early years compare as times."""
    starts = [
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        NOON.astimezone(timezone(timedelta(hours=5, minutes=30))),
        NOON + timedelta(microseconds=250000),
        NOON + timedelta(seconds=1),
    ]
    store.append([replace(reading(), starts_at=start, ends_at=None) for start in reversed(starts)])
    assert [found.starts_at for found in store.scan()] == starts
    assert store.count(A, NOON, NOON + timedelta(seconds=1)) == 2


def test_latest_is_the_reading_that_starts_last(store):
    """Not the one received last."""
    store.append(
        [reading(5, "5"), reading(1, "1", payload="b", seq=2), reading(9, "9", series=B, payload="b", seq=2)]
    )
    assert store.latest(A) == reading(5, "5")
    assert store.series() == [A, B]


def test_erase_removes_one_series(store):
    """The others stay; the same payload does not come back; erasing twice finds nothing."""
    store.append([reading(n, series=series) for n in range(3) for series in (A, B)])
    assert store.erase(A) == 3
    assert store.erase(A) == 0
    assert (store.series(), store.count()) == ([B], 3)
    assert store.append([reading(0)]) == 0


def test_describe_reaches_all_readings_of_a_series(store):
    """What is constant of a series is shown by each of its readings, in all months, and by no others."""
    late = replace(reading(1, "2", payload="b", seq=2), received=NOON + timedelta(days=40))
    store.append([reading(0, "1"), reading(0, "9", series=B)])
    store.append([late])
    power, kilowatt = QUANTITYKIND + "ActivePower", UNIT + "KiloW"
    for resource in ("one", "two"):
        store.describe({A: Constants(ID + resource, power, kilowatt), ID + "series/a/b/c": Constants(unit=A)})
    shown = {(r.series, r.resource, r.property, r.unit) for r in store.scan()}
    assert shown == {(A, ID + "two", power, kilowatt), (B, None, None, None)}
    assert [(r.value, r.seq, r.received) for r in store.scan(A)] == [
        (1, 1, reading().received),
        (2, 2, late.received),
    ]
    store.describe({A: Constants()})
    assert list(store.scan(A)) == [reading(0, "1"), late]


def test_readings_are_kept_in_utc():
    """Another zone is the same instant."""
    other = replace(reading(), starts_at=NOON.astimezone(timezone(timedelta(hours=-8))))
    assert other == reading()
    assert other.starts_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"starts_at": datetime(2026, 11, 3)}, "no zone"),
        ({"received": datetime(2026, 11, 3)}, "no zone"),
        ({"ends_at": NOON - QUARTER}, "ends before it starts"),
        ({"value": Decimal("NaN")}, "no number"),
        ({"value": Decimal("-Infinity")}, "no number"),
        ({"accuracy": Decimal("Infinity")}, "no number"),
    ],
)
def test_readings_that_mean_nothing_are_refused(change, reason):
    """A time without zone, a span turned round, a value that is none."""
    with pytest.raises(UsageError, match=reason):
        replace(reading(), **change)


# Back end `graph`: the triples that SPARQL shows


def test_graph_shows_a_saref_observation():
    """Observation, result, unit, property, series, resource and times have SAREF's names and places."""
    graphs = EmbeddedGraphs()
    GraphReadings(graphs).append(
        [reading(0, "1.50", resource=ID + "resource/ven-1/r", property="urn:x:power", unit="urn:x:kW")]
    )
    assert graphs.graphs() == [GRAPH + "report/202611"]
    answer = graphs.query(
        f"""PREFIX saref: <{SAREF}> PREFIX flex: <{FLEX}> PREFIX time: <{TIME}> PREFIX prov: <{PROV}>
        SELECT ?value ?at ?start ?from ?to WHERE {{
          ?o a saref:Observation, flex:Reading ; saref:observes <urn:x:power> ; flex:series <{A}> ;
            flex:ofResource <{ID}resource/ven-1/r> ; saref:hasResultTime ?at ; flex:startsAt ?start ;
            saref:hasPhenomenonTime ?span ; saref:hasResult ?result ;
            prov:wasDerivedFrom <{ID}message/{"a" * 64}> .
          ?span a time:Interval ; flex:startsAt ?from ; flex:endsAt ?to .
          ?result a saref:PropertyValue ; saref:hasValue ?value ; saref:isMeasuredIn <urn:x:kW> ;
            saref:isValueOfProperty <urn:x:power> .
        }}""",
        default_graph=graphs.graphs(),
        named_graphs=[],
    )
    start, end = "2026-11-03T12:00:00Z", "2026-11-03T12:15:00Z"
    rows = [tuple((term or "").split('"')[1] for term in row) for row in answer]
    assert rows == [("1.5", end, start, start, end)]


def test_graph_dates_an_instant_by_its_start():
    """Where no end is known, the result time is the start and there is no span."""
    graphs = EmbeddedGraphs()
    GraphReadings(graphs).append([replace(reading(), ends_at=None)])
    times = [s.object.split('"')[1] for s in graphs.match(None, f"<{SAREF}hasResultTime>", None)]
    assert times == ["2026-11-03T12:00:00Z"]
    assert list(graphs.match(None, f"<{SAREF}hasPhenomenonTime>", None)) == []


def test_graph_states_each_span_once():
    """Readings of the same quarter of an hour share its span, so that nothing is counted twice."""
    graphs = EmbeddedGraphs()
    store = GraphReadings(graphs)
    store.append([reading(0), reading(0, series=B)])
    store.append(
        [
            replace(
                reading(0, payload="b", seq=2, series=ID + "series/c/u/e"), received=NOON + timedelta(days=40)
            )
        ]
    )
    assert len(list(graphs.match(None, None, f"<{TIME}Interval>"))) == 1
    rows = graphs.query(
        f"SELECT ?o {{ ?o <{SAREF}hasPhenomenonTime>/<{FLEX}endsAt> ?end }}",
        default_graph=graphs.graphs(),
        named_graphs=[],
    )
    assert len(list(rows)) == 3


@needs_data
@pytest.mark.parametrize(
    ("file", "namespace", "names"),
    [
        (
            "saref/core-v4.1.1/saref.rdf",
            SAREF,
            "Observation PropertyValue hasResult hasResultTime hasPhenomenonTime hasValue isMeasuredIn"
            " isValueOfProperty observes",
        ),
        ("w3c/time.ttl", TIME, "Interval"),
        ("w3c/prov-o.ttl", PROV, "wasDerivedFrom"),
    ],
)
def test_graph_uses_terms_that_exist(file, namespace, names):
    """Each external term is declared in the vocabulary that it is taken from."""
    declared = {str(subject) for subject in Graph().parse(DATA / "ontologies" / file).subjects()}
    assert {namespace + name for name in names.split()} <= declared
