"""What values mean, in the store: registration -> binding -> readings -> queries, in any order."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from kg.apply import Applier, Recorded
from kg.binding_tables import load
from kg.errors import AssetError
from kg.graphs import META, lexical
from kg.graphs.embedded import EmbeddedGraphs
from kg.ingest import Ingest, rebuild
from kg.lift import lift
from kg.namespaces import ID, PREFIXES, QUANTITYKIND, UNIT
from kg.readings.graph import GraphReadings
from kg.service import Service
from kg.settings import load_settings
from kg.units import measured_in, plain, product, ratio
from kg.xml import read
from tests.messages import event, register, report
from tests.ontologies import quads
from tests.paths import DATA, ROOT, needs_data

HEAD = " ".join(f"PREFIX {name}: <{iri}>" for name, iri in PREFIXES.items())
SERIES = ID + "series/VEN-1/USAGE/power"
WHEN = datetime(2026, 12, 1, 17, tzinfo=UTC)
POINTS = (ROOT / "mappings" / "bindings" / "points.csv").read_text("utf-8").splitlines()[0]
SCALE = "<scale:siScaleCode>{}</scale:siScaleCode>"


def scaled(scale: str, request: str = "R-90", **more: str) -> bytes:
    """A registration of the same data point in another scale."""
    return register(request=request, **more).replace(SCALE.format("k").encode(), SCALE.format(scale).encode())


def voltage(request: str = "R-91") -> bytes:
    """A registration of the same data point as a voltage."""
    data = register(request=request)
    begin, end = (
        data.index(b"<power:powerReal>"),
        data.index(b"</power:powerReal>") + len("</power:powerReal>"),
    )
    item = (
        b"<power:voltage><power:itemDescription>Voltage</power:itemDescription><power:itemUnits>V"
        b"</power:itemUnits><scale:siScaleCode>none</scale:siScaleCode></power:voltage>"
    )
    return data[:begin] + item + data[end:]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Ingest]:
    """An empty store."""
    with Ingest(tmp_path / "store") as opened:
        yield opened


def ask(graphs: EmbeddedGraphs, where: str) -> list[tuple[str, ...]]:
    """Ask all graphs of a store; gives what terms hold."""
    names = [name for name in graphs.graphs() if name != META]
    rows = graphs.query(f"{HEAD} {where}", default_graph=names, named_graphs=[])
    return [tuple(_plain(term or "") for term in row) for row in rows]


def _plain(term: str) -> str:
    if term.startswith('"'):
        return term.split('"')[1]
    for prefix, iri in sorted(PREFIXES.items(), key=lambda item: -len(item[1])):
        if term[1:].startswith(iri):
            return f"{prefix}:{term[1:-1].removeprefix(iri)}"
    return term


def shown(graphs: EmbeddedGraphs) -> list[tuple[str, ...]]:
    """Value, unit, property and resource of each observation, in order of time."""
    return ask(
        graphs,
        """SELECT ?value ?unit ?property ?resource { ?o a saref:Observation ; flex:startsAt ?t ;
        saref:hasResult ?r . ?r saref:hasValue ?value . OPTIONAL { ?r saref:isMeasuredIn ?unit }
        OPTIONAL { ?r saref:isValueOfProperty ?property . ?o saref:observes ?property }
        OPTIONAL { ?o flex:ofResource/rdfs:label ?resource } } ORDER BY ?t""",
    )


POWER = "quantitykind:ActivePower"


def test_registration_gives_the_series_its_binding(store: Ingest) -> None:
    """Quantity, unit, factor, direction, sign, aggregation and where each is from, in one node."""
    store.ingest(register())
    about = ask(store.graphs, f"SELECT ?p ?o {{ <{SERIES}> flex:binding ?b . ?b ?p ?o }} ORDER BY ?p ?o")
    assert about == [
        ("dcterms:source", "aggregation: reading-types.csv, line 8"),
        ("dcterms:source", "says, direction: reports.csv, line 3"),
        ("dcterms:source", "scale: the message: siScaleCode k"),
        ("dcterms:source", "unit: the message: powerReal, W"),
        ("rdf:type", "flex:PayloadBinding"),
        ("rdfs:label", "usage, mean over the interval"),
        ("saref:isMeasuredIn", "unit:KiloW"),
        ("flex:aggregation", "vocab:aggregation/mean"),
        ("flex:factor", "1000"),
        ("flex:flowDirection", "vocab:flowDirection/import"),
        ("flex:positiveMeans", "vocab:flowDirection/import"),
        ("flex:quantityKind", POWER),
        ("flex:stampedAtEnd", "false"),
        ("flex:unit", "unit:W"),
    ]


def test_signal_gets_its_binding_and_loses_it_with_its_version(store: Ingest) -> None:
    """What an event asks for can be reckoned with; the version sent again has one binding, not two."""
    for request in ("R-1", "R-2"):
        store.ingest(
            (ROOT / "examples/02-load-shed/shed-0.xml").read_bytes().replace(b"REQ-", request.encode())
        )
        rows = ask(
            store.graphs,
            """SELECT ?value ?unit ?direction ?aggregation { ?s a flex:Signal ; flex:binding ?b ;
            flex:interval/flex:value ?value . ?b saref:isMeasuredIn ?unit ; flex:positiveMeans ?direction ;
            flex:aggregation ?aggregation } ORDER BY ?value LIMIT 1""",
        )
        assert rows == [("-5", "unit:KiloW", "vocab:flowDirection/import", "vocab:aggregation/mean")]
        assert len(ask(store.graphs, "SELECT ?b { ?b a flex:PayloadBinding }")) == 1


def test_state_signals_have_a_binding_without_unit(store: Ingest) -> None:
    """A level says how it stands for its interval, and has neither unit nor factor."""
    store.ingest(event())
    rows = ask(
        store.graphs,
        """SELECT ?how ?unit ?factor { ?s a flex:Signal ; flex:binding ?b . ?b flex:aggregation ?how
        OPTIONAL { ?b saref:isMeasuredIn ?unit } OPTIONAL { ?b flex:factor ?factor } }""",
    )
    assert rows == [("vocab:aggregation/instantaneous", "", "")]


def test_readings_show_the_unit_that_their_number_is_in(store: Ingest) -> None:
    """A number in kW is measured in unit:KiloW, never in unit:W."""
    store.ingest(register())
    store.ingest(report("1.50", "-2"))
    assert shown(store.graphs) == [(v, "unit:KiloW", POWER, "PUMP-1") for v in ("1.5", "-2")]
    first = next(store.readings.scan())
    assert (first.unit, first.property) == (UNIT + "KiloW", QUANTITYKIND + "ActivePower")


def test_late_registration_reaches_readings_that_were_there_before(store: Ingest) -> None:
    """What comes before its registration is in the unit of that one, as soon as it comes."""
    store.ingest(report("1.5"), received=WHEN)
    assert shown(store.graphs) == [("1.5", "", "", "")]
    store.ingest(register(), received=datetime(2027, 1, 2, tzinfo=UTC))
    assert shown(store.graphs) == [("1.5", "unit:KiloW", POWER, "PUMP-1")]
    (graph,) = {
        s.graph for s in store.graphs.match(None, None, f"<{UNIT}KiloW>") if "observation" in s.subject
    }
    assert graph.endswith("report/202612")


def test_registration_in_another_scale_does_not_change_what_was_reported(store: Ingest) -> None:
    """The series keeps its unit; what comes in W is converted exactly, its accuracy too."""
    for payload in (register(), report("1.5"), scaled("none"), report("1750.123", "2", request="R-92")):
        store.ingest(payload)
    values = ("1.750123", "0.002")
    assert shown(store.graphs) == [(v, "unit:KiloW", POWER, "PUMP-1") for v in values]
    assert next(store.readings.scan()).accuracy == Decimal("0.00001")
    assert ask(store.graphs, f"SELECT ?f {{ <{SERIES}> flex:binding/flex:factor ?f }}") == [("1000",)]
    assert ask(
        store.graphs, "SELECT ?u { ?d a flex:ReportDescription ; flex:binding/saref:isMeasuredIn ?u }"
    ) == [("unit:W",)]
    store.ingest(register(request="R-93"))
    store.ingest(report("3", request="R-94"))
    assert shown(store.graphs)[0][0] == "3"
    assert len(ask(store.graphs, "SELECT ?b { ?b a flex:PayloadBinding }")) == 1


def test_values_that_are_not_in_the_series_unit_stay_out_of_it(store: Ingest) -> None:
    """A data point registered anew as another quantity: its numbers stay in the message, none is misread."""
    for payload in (register(), report("1.5"), voltage(), report("230", "231", request="R-92")):
        assert store.ingest(payload).accepted
    assert shown(store.graphs) == [("1.5", "unit:KiloW", POWER, "PUMP-1")]
    kept = "SELECT ?v { ?i a flex:ReportInterval ; flex:reading/flex:value ?v } ORDER BY ?v"
    assert ask(store.graphs, kept) == [("230",), ("231",)]
    assert ask(
        store.graphs, "SELECT ?u { ?d a flex:ReportDescription ; flex:binding/saref:isMeasuredIn ?u }"
    ) == [("unit:V",)]
    store.ingest(register(request="R-93"))
    store.ingest(report("4", request="R-94"))
    assert [row[0] for row in shown(store.graphs)] == ["4"]


def test_registration_of_another_resource_moves_the_readings(store: Ingest) -> None:
    """A series is of one resource: the one that was registered last, for all its readings."""
    for payload in (register(), report("1", "2"), register("PUMP-2", request="R-95")):
        store.ingest(payload)
    assert {row[3] for row in shown(store.graphs)} == {"PUMP-2"}
    assert {found.resource for found in store.readings.scan()} == {ID + "resource/VEN-1/PUMP-2"}


STORY = [
    report("1", "2"),
    register(),
    report("3", request="R-50"),
    scaled("M", "R-51"),
    report("0.004", "0.005", "0.006", request="R-52"),
    voltage("R-53"),
    report("230", request="R-54"),
    register("PUMP-2", request="R-55"),
    event(),
]


@pytest.mark.parametrize("size", [1, 2, 3, len(STORY)])
def test_bindings_do_not_depend_on_how_rows_are_cut_into_batches(size: int) -> None:
    """A graph that is rebuilt equals the one that grew, whatever came late."""
    rows = [
        Recorded(n, "2026-12-01T17:00:00.000000Z", document.digest, "", lift(document))
        for n, document in enumerate(map(read, STORY), start=1)
    ]
    digests = []
    for step in (1, size):
        graphs = EmbeddedGraphs()
        for at in range(0, len(rows), step):
            Applier(graphs, GraphReadings(graphs)).apply(rows[at : at + step])
        digests.append(graphs.digest())
        assert [row[:2] for row in shown(graphs)] == [(v, "unit:KiloW") for v in ("4", "5", "6")]
    assert digests[0] == digests[1]


def test_rebuild_gives_the_same_bindings(tmp_path: Path) -> None:
    """From the journal alone, with the same tables."""
    (tmp_path / "points.csv").write_text(f"{POINTS}\n*,*,power,,,,export,,max,ROOF,,\n", "utf-8")
    with Ingest(tmp_path / "store", bindings=tmp_path) as store:
        for payload in STORY:
            store.ingest(payload)
        before = store.graphs.digest()
        assert {row[3] for row in shown(store.graphs)} == {"ROOF"}
    rebuild(tmp_path / "store", bindings=tmp_path)
    with Ingest(tmp_path / "store", bindings=tmp_path) as store:
        assert store.graphs.digest() == before


# Tables of one's own


def test_points_table_goes_before_the_message(tmp_path: Path) -> None:
    """A row for VEN, report and rID says unit, direction, sign, aggregation, resource and CIM's name."""
    cim = "0.0.2.4.19.1.12.0.0.0.0.0.0.0.0.3.72.0"
    row = f"VEN-1,USAGE,power,ActiveEnergy,W-HR,k,export,export,sum,ROOF,{cim},feed-in meter"
    (tmp_path / "points.csv").write_text(f"{POINTS}\n*,*,power,,,,net,,,,,\n{row}\n", "utf-8")
    with Ingest(tmp_path / "store", bindings=tmp_path) as store:
        store.ingest(register())
        store.ingest(report("7"))
        assert shown(store.graphs) == [("7", "unit:KiloW-HR", "quantitykind:ActiveEnergy", "ROOF")]
        found = f"""SELECT ?d ?s ?a ?c {{ <{SERIES}> flex:binding ?b . ?b flex:flowDirection ?d ;
        flex:positiveMeans ?s ; flex:aggregation ?a ; flex:cimReadingType ?c }}"""
        export = "vocab:flowDirection/export"
        assert ask(store.graphs, found) == [(export, export, "vocab:aggregation/sum", cim)]


def test_points_table_is_enough_without_a_registration(tmp_path: Path) -> None:
    """Readings of a data point that nobody registered mean what its row says, until a registration comes."""
    (tmp_path / "points.csv").write_text(
        f"{POINTS}\nVEN-1,*,power,ActivePower,W,k,import,,mean,HALL,,\n", "utf-8"
    )
    with Ingest(tmp_path / "store") as store:
        store.ingest(report("1"))
    with Ingest(tmp_path / "store", bindings=tmp_path) as store:
        store.ingest(report("2", "3", request="R-60"))
        assert shown(store.graphs) == [(v, "unit:KiloW", POWER, "HALL") for v in ("2", "3")]
        store.ingest(register(request="R-61"))
        assert {row[1:] for row in shown(store.graphs)} == {("unit:KiloW", POWER, "HALL")}
        assert len(ask(store.graphs, "SELECT ?b { ?b a flex:PayloadBinding }")) == 1


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("VEN-1,USAGE,,,,,,,,,,", "the cell r_id is empty"),
        ("*,*,power,,,,sideways,,,,,", "direction 'sideways' means nothing"),
        ("*,*,power,,,,,net,,,,", "positive_means 'net' means nothing"),
        ("*,*,power,,,,,,average,,,", "aggregation 'average' means nothing"),
        ("*,*,power,,W,kilo,,,,,,", "scale 'kilo' means nothing"),
        ("*,*,power,,,k,,,,,,", "a scale stands without its unit"),
        ("*,*,power,,unit:W,,,,,,,", "unit 'unit:W' means nothing"),
        ("*,*,power,,,,,,,,0.0.2,", "cim_reading_type '0.0.2' means nothing"),
        ("*,*,power,,,,,,,,", "11 cells, not 12"),
    ],
)
def test_a_broken_points_table_is_told_before_anything_is_recorded(
    tmp_path: Path, row: str, words: str
) -> None:
    """File, line, what is wrong and what to write; the service does not start."""
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "points.csv").write_text(f"{POINTS}\n*,*,other,,,,,,,,,\n{row}\n", "utf-8")
    with pytest.raises(AssetError, match=words) as caught:
        Service(load_settings(store=tmp_path / "store", bindings=folder))
    assert caught.value.where == f"{folder / 'points.csv'}:3"
    assert caught.value.cure
    assert not (tmp_path / "store").exists()


def test_points_table_gives_a_range_that_is_warned_of_and_listed(tmp_path: Path) -> None:
    """In the unit that the data point is registered with; a later registration has another scale."""
    (tmp_path / "points.csv").write_text(f"{POINTS},least,most\n*,*,power,,,,,,,,,,-2,5.5\n", "utf-8")
    with Service(load_settings(store=tmp_path / "store", bindings=tmp_path)) as service:
        service.ingest(register())
        assert [v.rule for v in service.ingest(report("4", "6", "7")).report.violations] == ["CTX-37"]
        assert [v.rule for v in service.ingest(report("-3", request="R-60")).report.violations] == ["CTX-38"]
        query = "SELECT ?least ?most { ?b flex:leastValue ?least ; flex:mostValue ?most }"
        assert ask(service.store.graphs, query) == [("-2", "5.5")]
        answer = service.ask("out-of-range")
        at = answer.variables.index("value")
        assert sorted(lexical((row[at] or "").partition("^^")[0]) for row in answer) == ["-3", "6", "7"]
        service.ingest(scaled("none"))
        of_series, as_sent = ("-0.002", "0.0055"), ("-2", "5.5")
        assert set(ask(service.store.graphs, query)) == {of_series, as_sent}


@pytest.mark.parametrize(
    ("name", "row", "words"),
    [
        ("points", "*,*,power,,,,,,,,,,a lot,", "least 'a lot' means nothing"),
        ("points", "*,*,power,,,,,,,,,,5,-5", "least 5 is more than most -5"),
        ("reports", "usage,item,item,import,usage,ours,,100", "a bound other than 0 stands without its unit"),
    ],
)
def test_a_broken_range_is_told(tmp_path: Path, name: str, row: str, words: str) -> None:
    """File, line, what is wrong and what to write."""
    columns = {"points": POINTS, "reports": "report_type,quantity_kind,unit,direction,says,source"}
    (tmp_path / f"{name}.csv").write_text(f"{columns[name]},least,most\n{row}\n", "utf-8")
    with pytest.raises(AssetError, match=words) as caught:
        load(tmp_path)
    assert caught.value.where == f"{tmp_path / name}.csv:2"
    assert caught.value.cure


def test_setting_names_the_folder_of_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FLEXKG_BINDINGS is read like every other setting, and reaches the store."""
    (tmp_path / "points.csv").write_text(f"{POINTS}\n*,*,power,,,,export,,,,,\n", "utf-8")
    monkeypatch.setenv("FLEXKG_BINDINGS", str(tmp_path))
    with Service(load_settings(store=tmp_path / "store")) as service:
        service.ingest(register())
        rows = list(service.ask("series"))
        assert rows[0][5:] == ('"ActivePower"', '"KiloW"', '"export"', '"mean"')


# Stored queries


def test_query_finds_the_point_of_a_quantity_and_direction(tmp_path: Path) -> None:
    """Which rID is the active export energy at this meter: one query."""
    row = "*,*,power,ActiveEnergy,W-HR,k,export,,sum,,,"
    (tmp_path / "points.csv").write_text(f"{POINTS}\n{row}\n", "utf-8")
    data = register().replace(
        b"<ei:resourceID>PUMP-1",
        b"<power:meterAsset><power:mrid>M/1</power:mrid></power:meterAsset><ei:resourceID>PUMP-1",
    )
    with Service(load_settings(store=tmp_path / "store", bindings=tmp_path)) as service:
        service.ingest(data)
        for place in ("M/1", "PUMP-1"):
            values = {"quantity_kind": "quantitykind:ActiveEnergy", "direction": "export", "resource": place}
            (found,) = service.ask("point", values)
            assert found[:3] == ('"VEN-1"', '"USAGE"', '"power"')
            assert found[6] == '"KiloW-HR"'
            assert list(service.ask("point", {**values, "direction": "import"})) == []


# Units


@needs_data
def test_scaled_units_are_those_of_qudt() -> None:
    """Each row names a unit of QUDT, as large as the base unit times the scale; none is left out."""
    size, qudt = {}, "http://qudt.org/schema/qudt/conversionMultiplier"
    names = set()
    for quad in quads(DATA / "ontologies" / "qudt" / "VOCAB_QUDT-UNITS-ALL.ttl"):
        names.add(str(getattr(quad.subject, "value", "")))
        if quad.predicate.value == qudt:
            size[quad.subject.value.removeprefix(UNIT)] = Decimal(quad.object.value)
    exponents = {"p": -12, "n": -9, "micro": -6, "m": -3, "c": -2, "d": -1, "k": 3, "M": 6, "G": 9, "T": 12}
    rows = load().units
    for (unit, scale), row in rows.items():
        scaled_unit = row.cells["scaled_unit"]
        assert UNIT + scaled_unit in names
        if scale != "none":
            assert size[scaled_unit] == size[unit] * Decimal(10) ** exponents[scale], scaled_unit
        else:
            assert scaled_unit == unit
    prefixes = {"k": "Kilo", "M": "Mega", "G": "Giga", "T": "Tera", "m": "Milli", "micro": "Micro"}
    for unit in {unit for unit, scale in rows if scale != "none"}:
        for scale, prefix in prefixes.items():
            assert ((unit, scale) in rows) == (f"{UNIT}{prefix}{unit}" in names), (unit, scale)


def test_units_without_a_name_of_qudt_are_described(store: Ingest) -> None:
    """A tenth of a watt: a unit of our own, with base unit and factor; the number stays as it was sent."""
    store.ingest(scaled("d"))
    store.ingest(report("25"))
    assert shown(store.graphs)[0][:2] == ("25", "id:unit/W/0.1")
    about = "SELECT ?l ?b ?f { ?u a saref:UnitOfMeasure ; rdfs:label ?l ; flex:baseUnit ?b ; flex:factor ?f }"
    assert ask(store.graphs, about) == [("dW", "unit:W", "0.1")]


def test_pulses_are_energy_by_their_factor(store: Ingest) -> None:
    """A pulse of half a kilowatt-hour is a unit of its own; times the factor, numbers are kWh."""
    data = register()
    begin, end = data.index(b"<power:powerReal>"), data.index(b"<ei:readingType>")
    item = (
        b"<oadr:pulseCount><oadr:itemDescription>pulse count</oadr:itemDescription><oadr:itemUnits>count"
        b"</oadr:itemUnits><oadr:pulseFactor>0.5</oadr:pulseFactor></oadr:pulseCount>"
    )
    store.ingest(data[:begin] + item + data[end:])
    store.ingest(report("12"))
    assert shown(store.graphs)[0][:3] == ("12", "id:unit/KiloW-HR/0.5", "quantitykind:ActiveEnergy")
    found = f"SELECT ?u ?f {{ <{SERIES}> flex:binding ?b . ?b flex:unit ?u ; flex:factor ?f }}"
    assert ask(store.graphs, found) == [("unit:KiloW-HR", "0.5")]


@pytest.mark.parametrize(
    ("factor", "other", "expected"),
    [
        ("1", "1000", "0.001"),
        ("1000000", "1000", "1000"),
        ("0.3", "0.1", "3"),
        ("1", "3", None),
        ("1", "0", None),
    ],
)
def test_ratios_are_exact_or_none(factor: str, other: str, expected: str | None) -> None:
    """What no decimal is exactly is not rounded."""
    found = ratio(Decimal(factor), Decimal(other))
    assert (None if found is None else plain(found)) == expected


def test_products_keep_every_digit() -> None:
    """400 digits stay 400 digits."""
    digits = "1234567890" * 40
    assert plain(product(Decimal(digits), Decimal("0.001"))) == f"{digits[:-3]}.{digits[-3:].rstrip('0')}"


def test_money_has_the_unit_of_qudt_where_there_is_one() -> None:
    """Euro for a kilowatt-hour is QUDT's; what it does not have is ours, by its symbol."""
    tables = load()
    name = "CCY_EUR-PER-KiloW-HR"
    assert (name, "none") in tables.units
    assert measured_in("", "", Decimal(1), "JPY/kWh", tables) == ID + "unit/JPY%2FkWh"
