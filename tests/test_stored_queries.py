"""Stored queries: each is asked of one small world, with and without parameters, and answered as expected."""

import csv
import io
import re
from collections.abc import Iterator

import pytest

from kg import assets
from kg.errors import QueryError
from kg.graphs import META
from kg.graphs.embedded import EmbeddedGraphs
from kg.namespaces import PREFIXES
from kg.sparql.gate import refuse
from kg.sparql.stored import stored_queries
from tests.ontologies import declared
from tests.paths import ROOT
from tests.world import world

FOLDER = ROOT / "tests" / "queries"
QUERIES = stored_queries()
#: Query, parameters, and what its rows have to hold: columns with the values in them.
NARROWED = [
    (
        "active",
        {"from": "2026-12-01T18:30:00Z", "to": "2026-12-02T00:00:00Z"},
        {"event": {"PRICE-2026-12-01"}},
    ),
    ("active", {"from": "2026-12-01T19:00:00Z"}, {"event": set()}),
    ("activations", {"resource": "PV-ROOF"}, {"event": {"PRICE-2026-12-01"}}),
    ("certificates", {"before": "2027-01-02T00:00:00Z"}, {"party": {"VEN-HARBOUR", "VEN-MILL"}}),
    ("energy", {"to": "2026-12-01T17:00:00Z"}, {"hour": {"16"}, "kWh": {"3.0625"}}),
    ("energy", {"resource": "CHARGERS"}, {"kWh": set()}),
    ("latest", {"resource": "HEATPUMP-3"}, {"value": {"2.1"}, "unit": {"KiloW"}}),
    ("mandates", {"at": "2026-10-01T00:00:00Z"}, {"for": {"VTN-CITY"}}),
    ("mandates", {"at": "2026-08-01T00:00:00Z"}, {"for": {"VTN-CITY", "METERING"}}),
    ("messages", {"ven": "VEN-HARBOUR", "from": "2026-12-01T15:00:00Z"}, {"row": {"11", "13"}}),
    (
        "missing-reports",
        {"ven": "VEN-HARBOUR", "from": "2026-12-01T17:30:00Z"},
        {"rID": {"import-power", "charging"}},
    ),
    ("missing-reports", {"ven": "VEN-HARBOUR"}, {"rID": set()}),
    ("parties", {"ven": "VEN-HARBOUR"}, {"registration": {"RG-1"}, "messages": {"4"}}),
    ("price-curve", {"from": "2026-12-01T18:00:00Z"}, {"price": {"-0.02"}}),
    ("quality", {"resource": "HEATPUMP-3"}, {"readings": {"4"}}),
    ("resources", {"resource": "PV-ROOF"}, {"least": {"-15000"}, "devices": {"3"}}),
    ("response-rate", {"event": "SHED-7"}, {"percent": {"100"}}),
    ("targets", {"id": "VEN-MILL"}, {"event": {"PRICE-2026-12-01"}}),
    ("unanswered", {"ven": "VEN-MILL"}, {"event": {"PRICE-2026-12-01"}}),
    ("unanswered", {"event": "SHED-7"}, {"ven": set()}),
    ("violations", {"rule": "INT-2"}, {"sender": {"VTN-CITY"}, "rule": {"INT-2"}}),
    ("violations", {"sender": "VTN-NOBODY"}, {"rule": set()}),
]


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedGraphs]:
    """The store that the queries are asked of."""
    with world(tmp_path_factory.mktemp("world") / "store") as graphs:
        yield graphs


def rows(graphs: EmbeddedGraphs, name: str, **values: str) -> str:
    """The answer to a stored query as CSV, rows in the query's order."""
    query = QUERIES[name]
    names = [graph for graph in graphs.graphs() if graph != META]
    found = graphs.query(query.text, default_graph=names, named_graphs=names, bindings=query.bindings(values))
    return found.serialize("text/csv").decode().replace("\r\n", "\n")


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_stored_query_answers(graphs: EmbeddedGraphs, name: str, update_golden: bool) -> None:
    """Without parameters each gives exactly the expected rows."""
    found = rows(graphs, name)
    golden = FOLDER / f"{name}.csv"
    if update_golden:
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text("utf-8")


@pytest.mark.parametrize(("name", "values", "expected"), NARROWED)
def test_parameters_narrow_the_answer(graphs: EmbeddedGraphs, name, values, expected) -> None:
    """A parameter keeps the rows that it is about and drops the others."""
    found = list(csv.DictReader(io.StringIO(rows(graphs, name, **values))))
    for column, cells in expected.items():
        assert {row[column] for row in found} == cells


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_parameters_are_variables_that_the_query_projects(name: str) -> None:
    """The engine binds projected variables only; another one would be passed over without a word."""
    head = re.split(r"\bWHERE\b|\{", QUERIES[name].text.partition("SELECT")[2])[0]
    assert set(QUERIES[name].parameters) <= set(re.findall(r"\?(\w+)", head))
    assert all(parameter.description for parameter in QUERIES[name].parameters.values())
    assert "format" not in QUERIES[name].parameters, "the service needs that name"


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_stored_query_could_be_asked_by_hand(name: str) -> None:
    """Each passes the gate before users' queries, uses terms that exist and declares its prefixes."""
    text = assets.text(next(path for path in assets.files("queries", "*.rq") if path.stem == name))
    refuse(text)
    body = re.sub(r'"[^"]*"|<[^<>\s]*>|#.*', "", re.sub(r"^PREFIX.*$", "", text, flags=re.MULTILINE))
    stated = dict(re.findall(r"^PREFIX (\w+): <([^>]+)>$", text, re.MULTILINE))
    used = set(re.findall(r"(?<![\w?])([a-z]\w*):(?=[\w)])", body))
    assert used <= set(stated)
    assert all(PREFIXES[prefix] == base for prefix, base in stated.items())
    assert set(re.findall(r"\bflex:(\w+)", body)) <= set(declared())
    assert set(re.findall(r"<https://w3id.org/flexkg/vocab/([^>]+)>", text)) <= concepts()


def concepts() -> set[str]:
    """Local names of the concepts of the vocabularies, as ``scheme/notation``."""
    found: set[str] = set()
    for path in (*assets.files("ontology", "vocab/*.ttl"), *assets.files("ontology", "concepts/*.ttl")):
        found.update(
            re.findall(r"<(?:https://w3id.org/flexkg/vocab/)?([^<>\s]+/[^<>\s]+)>", assets.text(path))
        )
    return found


def test_there_are_at_least_twenty_and_each_has_its_answer() -> None:
    """No query without an expected answer, no answer without a query."""
    assert len(QUERIES) >= 20
    assert {path.stem for path in FOLDER.glob("*.csv")} == set(QUERIES)


def test_some_rows_are_expected_of_nearly_all() -> None:
    """An empty answer proves little; those few that are empty in this world are named.

    ``interventions`` has rows in tests/test_activation.py, ``out-of-range`` in tests/test_energy.py.
    """
    empty = {path.stem for path in FOLDER.glob("*.csv") if path.read_text("utf-8").count("\n") < 2}
    assert empty <= {"out-of-service", "report-requests", "groups", "interventions", "out-of-range"}


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("active", {"from": "yesterday"}, "no dateTime"),
        ("active", {"since": "2026-01-01T00:00:00Z"}, "no parameter 'since'"),
        ("point", {"quantity_kind": "> } INSERT"}, "no iri"),
    ],
)
def test_wrong_parameters_are_refused(name, values, words) -> None:
    """What is no value of the type, or no parameter, is told."""
    with pytest.raises(QueryError, match=words):
        QUERIES[name].bindings(values)


@pytest.mark.parametrize("text", ['" } DROP ALL #', "' OR 1=1 --", '\\"}', "a\nb", "\u0000", "?event", "<x>"])
def test_hostile_values_are_only_values(graphs: EmbeddedGraphs, text: str) -> None:
    """A value that looks like SPARQL is bound as it is and finds nothing."""
    assert rows(graphs, "event-history", event=text).count("\n") == 1
