"""SPARQL over readings in columns gives what plain Oxigraph gives over the same readings as triples."""

import re

import pytest

from kg.errors import QueryError
from kg.graphs import lexical
from kg.namespaces import ID, XSD
from tests.random_groups import group
from tests.random_queries import Maker
from tests.readings_world import START, World, comparable
from tests.test_reading_store import reading

from .paths import ROOT

QUERIES = [
    text.strip()
    for text in re.sub(
        r"(?m)^# .*$", "", (ROOT / "tests/data/readings-queries.txt").read_text("utf-8")
    ).split("\n\n")
    if text.strip()
]
PV = f"<{ID}series/ven-1/usage/pv>"


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.fixture(scope="module")
def small():
    return World(30)


def test_there_are_enough_queries():
    """The proof is as wide as it is said to be."""
    assert len(set(QUERIES)) >= 150


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:60])
def test_query_is_answered_as_over_triples(world, query):
    """Each query written by hand."""
    plain, fast = world.answers(query)
    assert fast == plain


def test_random_groupings_are_answered_as_over_triples(small):
    """Groupings put together by chance; most of them wholly in the columns."""
    wrong, whole = [], 0
    for seed in range(100):
        query = group(seed)
        plain, fast = small.answers(query)
        wrong += [] if fast == plain else [(seed, query)]
        whole += "GROUP BY" not in small.rewritten(query)
    assert wrong == []
    assert whole > 50


def test_rows_that_columns_give_themselves_are_those_over_triples(small):
    """Without the graph's engine: as terms, CSV, JSON and XML, in the query's order."""
    number = 0
    for query in [*QUERIES, *map(group, range(60))]:
        rows, plain = small.rows(query), small.plain(query)
        if rows is None:
            continue
        number += 1
        text, other = (one.serialize("text/csv").decode() for one in (rows, plain()))
        assert (text if "ORDER BY" in query else sorted(text.split())) == (
            other if "ORDER BY" in query else sorted(other.split())
        ), query
        for media in ("application/sparql-results+json", "text/tab-separated-values"):
            sizes = {len(one.serialize(media)) for one in (rows, plain())}
            assert len(sizes) == 1, query
        assert "LIMIT" in query or comparable(rows) == comparable(plain())
    assert number > 30


@pytest.mark.long
def test_many_random_groupings_are_answered_as_over_triples(small):
    """The same at full size."""
    answers = ((seed, *small.answers(group(seed))) for seed in range(100, 1500))
    differ = [seed for seed, plain, fast in answers if fast != plain]
    assert differ == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?r (GROUP_CONCAT(STR(?v)) AS ?x) {"
        " ?o flex:ofResource ?r ; saref:hasResult/saref:hasValue ?v } GROUP BY ?r",
        "SELECT ?r (GROUP_CONCAT(DISTINCT STR(?v); SEPARATOR=', ') AS ?x) (SUM(?v) AS ?y) {"
        " ?o flex:ofResource ?r ; saref:hasResult/saref:hasValue ?v FILTER(?v > 5) } GROUP BY ?r",
        "SELECT ?s ?h (GROUP_CONCAT(STR(?t); SEPARATOR='|') AS ?x) { ?o flex:series ?s ; flex:startsAt ?t ;"
        " saref:hasResult ?q } GROUP BY ?s (HOURS(?t) AS ?h)",
        "SELECT ?id (GROUP_CONCAT(DISTINCT STR(?v)) AS ?x) { ?e flex:eventID ?id ; flex:currentVersion ?ver ."
        " ?ver flex:startsAt ?a ; flex:endsAt ?b . ?o flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v"
        " FILTER(?a <= ?t && ?t < ?b) } GROUP BY ?id",
    ],
)
def test_texts_are_put_together_in_the_columns(world, query):
    """GROUP_CONCAT gives the same texts; their order is nobody's promise."""
    assert "GROUP BY" not in world.rewritten(query, most=2000)
    plain, fast = map(parted, world.answers(query))
    assert fast == plain
    assert any(len(texts) > 1 for texts, *_ in fast)
    bare = query.replace("STR(?v)", "?v").replace("STR(?t)", "?t")  # no texts: nothing is put together
    assert world.answers(bare)[0] == world.answers(bare)[1]
    with pytest.raises(QueryError, match="takes in"):
        world.rewritten(query, most=20)


def parted(answer):
    """Rows with the texts of column x as a sorted list."""
    names, rows = answer
    at = names.index("x")
    cells = ([(cell or "").strip('"') for cell in row] for row in rows)
    return sorted((sorted(re.split(r"[|, ]+", row[at])), row[:at], row[at + 1 :]) for row in cells)


def test_sums_of_doubles_agree_up_to_rounding(small):
    """What is added up in another order differs in the last digits alone."""
    query = "SELECT (SUM(?v * 1.5e0) AS ?x) { ?o a saref:Observation ; saref:hasResult/saref:hasValue ?v }"
    plain, fast = (float(lexical(next(iter(one[1]))[0].partition("^^")[0])) for one in small.answers(query))
    assert fast == pytest.approx(plain, rel=1e-12)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        (  # by metadata: as many rows as sites, not as series
            "SELECT ?l (SUM(?v) AS ?x) { ?o flex:ofResource/flex:site/rdfs:label ?l ;"
            " saref:hasResult/saref:hasValue ?v } GROUP BY ?l",
            2,
        ),
        (  # windows of events
            "SELECT ?id (AVG(?v) AS ?x) { ?e flex:eventID ?id ; flex:currentVersion ?ver ."
            " ?ver flex:startsAt ?a ; flex:endsAt ?b ."
            " ?o flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v ."
            " FILTER(?a <= ?t && ?t < ?b) } GROUP BY ?id",
            4,
        ),
        (  # thresholds of the graph
            "SELECT ?r (COUNT(*) AS ?n) { ?o flex:ofResource ?r ; saref:hasResult/saref:hasValue ?v ."
            " ?r flex:limit ?m . FILTER(?v > ?m) } GROUP BY ?r",
            3,
        ),
        (  # two stars, each in a sub-select of its own, with the same names
            "SELECT ?l ?x ?y { { SELECT ?l (SUM(?v) AS ?x) {"
            " ?o flex:ofResource/rdfs:label ?l ; flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v"
            " FILTER(HOURS(?t) < 12) } GROUP BY ?l }"
            " { SELECT ?l (SUM(?v) AS ?y) { ?o flex:ofResource/rdfs:label ?l ; flex:startsAt ?t ;"
            " saref:hasResult/saref:hasValue ?v FILTER(HOURS(?t) >= 12) } GROUP BY ?l } }",
            6,
        ),
        (  # local days, 23 and 25 hours long where clocks change
            "SELECT ?day (SUM(?v) AS ?x) { VALUES (?day ?a ?b) {"
            ' ("30" "2026-01-29T23:00:00Z"^^xsd:dateTime "2026-01-30T23:00:00Z"^^xsd:dateTime)'
            ' ("31" "2026-01-31T00:00:00+01:00"^^xsd:dateTime "2026-02-01T00:00:00+01:00"^^xsd:dateTime) }'
            " ?o flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v FILTER(?t >= ?a && ?t < ?b) }"
            " GROUP BY ?day",
            2,
        ),
    ],
)
def test_groups_come_from_the_columns(world, query, rows):
    """Not the readings go into the query, but its groups."""
    plain, fast = world.answers(query)
    assert fast == plain
    assert world.rewritten(query).count("\n(") == rows


def differing(small, seeds):
    """Seeds of random queries whose answers differ, and how many were refused."""
    wrong, refused = [], 0
    for seed in seeds:
        query = Maker(seed).query()
        try:
            plain, fast = small.answers(query)
        except QueryError as error:
            refused += 1
            wrong += [] if error.code == "readings-query" else [(seed, query)]
            continue
        if fast != plain:
            wrong.append((seed, query))
    return wrong, refused


def test_random_queries_are_answered_as_over_triples(small):
    """Queries put together by chance; few are refused."""
    wrong, refused = differing(small, range(400))
    assert wrong == []
    assert refused < 20


@pytest.mark.long
def test_many_random_queries_are_answered_as_over_triples(small):
    """The same at full size."""
    wrong, _ = differing(small, range(400, 4000))
    assert wrong == []


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT * { ?s ?p ?o }", "any predicate of \\?s"),
        ("SELECT (COUNT(*) AS ?n) { ?s !rdf:type ?o }", "a path with"),
        ("SELECT ?c { ?x a ?c ; flex:startsAt ?t }", "could be any reading"),
        ("SELECT * { ?x flex:startsAt ?t }", "add \\?x a saref:Observation"),
        ("SELECT * { ?x flex:startsAt ?t ; flex:endsAt ?e }", "span"),
        ("SELECT * { ?x saref:hasValue 5 }", "write a variable"),
        (
            f'SELECT * {{ ?x saref:hasResult ?r ; flex:startsAt "2026-01-01T00:00:00Z"^^<{XSD}dateTime> }}',
            "FILTER",
        ),
        (f"SELECT * {{ <{ID}observation/ven-1/usage/pv/20260130T200000Z> ?p ?o }}", "named by its IRI"),
        ("SELECT * { GRAPH ?g { ?o a saref:Observation } }", "outside of GRAPH"),
        ("SELECT * { GRAPH graph:report\\/202601 { ?o saref:hasResult ?r } }", "outside of GRAPH"),
        ("SELECT * FROM <urn:x> { ?o saref:hasResult ?r }", "without naming graphs"),
        ("DESCRIBE ?o { ?o a saref:Observation }", "cannot be described"),
        ("BASE <urn:x> SELECT * { ?o a saref:Observation }", "BASE"),
        ("SELECT ?__n { ?o a saref:Observation ; flex:series ?__n }", "begin with __"),
        ("SELECT * { ?x flex:series? ?y }", "a path with"),
        ("SELECT (COUNT(DISTINCT *) AS ?n) { ?o a saref:Observation ; flex:startsAt ?t }", "different"),
        (
            "SELECT (SUM(?n) AS ?x) {"
            " { SELECT (COUNT(DISTINCT *) AS ?n) { ?o saref:hasResult/saref:hasValue ?v } } }",
            "different",
        ),
    ],
)
def test_query_that_columns_cannot_answer_is_refused_with_advice(world, query, says):
    """Never a wrong or a partial answer."""
    with pytest.raises(QueryError, match=says) as caught:
        world.rewritten(query)
    assert caught.value.cure


def test_query_that_takes_in_too_much_is_refused_with_its_number(world):
    """The pattern, how many readings it takes in, and what to add."""
    with pytest.raises(QueryError, match=r"takes in 5\d\d readings, more than the 100 allowed") as caught:
        world.rewritten("SELECT * { ?o a saref:Observation ; saref:hasResult/saref:hasValue ?v }", most=100)
    assert "saref.etsi.org/core/hasValue" in caught.value.where
    assert "flex:startsAt" in caught.value.cure
    assert "sub-select" not in caught.value.cure
    with pytest.raises(QueryError) as caught:
        world.rewritten(
            "SELECT ?r (SUM(?v * ?w) AS ?x) {"
            " ?o flex:ofResource ?r ; flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v ."
            " ?p flex:ofResource ?r ; flex:startsAt ?t ; saref:hasResult/saref:hasValue ?w } GROUP BY ?r",
            most=100,
        )
    assert "sub-select of its own" in caught.value.cure


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?t ?v { ?o flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v } LIMIT 5",
        "SELECT ?t ?v { ?o flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v } ORDER BY DESC(?t) LIMIT 5",
        "SELECT ?l (SUM(?v) AS ?x) { ?o flex:ofResource/rdfs:label ?l ; saref:hasResult/saref:hasValue ?v }"
        " GROUP BY ?l",
        f"SELECT ?t {{ ?o flex:series {PV} ; flex:startsAt ?t ; saref:hasResult ?r"
        f' FILTER(?t < "2026-01-30T21:00:00Z"^^<{XSD}dateTime>) }}',
        "SELECT DISTINCT ?s { ?o flex:series ?s ; saref:hasResult ?r }",
        "SELECT ?s ?v { { SELECT ?s (MAX(?x) AS ?t) {"
        " ?p flex:series ?s ; flex:startsAt ?x ; saref:hasResult ?r } GROUP BY ?s }"
        " ?o flex:series ?s ; flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v }",
        "SELECT ?v { ?e flex:eventID 'E-1' ; flex:currentVersion ?x . ?x flex:startsAt ?a ; flex:endsAt ?b ."
        " ?o flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v FILTER(?t >= ?a && ?t < ?b) }",
        "ASK { ?o flex:confidence ?c ; flex:series ?s ; saref:hasResult ?r }",
    ],
)
def test_small_answers_take_in_little(world, query):
    """Where few rows or groups answer a query, only those are fetched."""
    assert world.rewritten(query, most=100).count("\n(") <= 100


def test_limit_without_order_gives_so_many_rows(world):
    """Any rows will do, but there must be as many."""
    plain, fast = world.answers("SELECT * { ?o saref:hasResult/saref:hasValue ?v } LIMIT 7")
    assert (sum(plain[1].values()), sum(fast[1].values())) == (7, 7)


def test_all_columns_come_in_the_engines_order(world):
    """SELECT * shows no helper, and its columns as over triples."""
    text = world.rewritten(
        "SELECT * { ?o flex:series ?s ; flex:confidence ?c ; saref:hasResult/saref:hasValue ?v }"
    )
    assert world.ask(text).variables == ("c", "o", "s", "v")


def test_a_query_without_readings_stays_as_it_is(world):
    """Not a character is changed."""
    text = "PREFIX flex: <https://w3id.org/flexkg/def#> SELECT ?e { ?x a flex:Event ; flex:eventID ?e }"
    assert world.rewritten(text) == text


@pytest.mark.parametrize(
    ("query", "given"),
    [
        (
            "SELECT ?v ?from ?to { ?o flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v"
            " FILTER(?t >= ?from && ?t < ?to) }",
            {
                "from": f'"2026-01-30T21:00:00Z"^^<{XSD}dateTime>',
                "to": f'"2026-01-30T23:00:00Z"^^<{XSD}dateTime>',
            },
        ),
        ("SELECT ?s ?v { ?o flex:series ?s ; saref:hasResult/saref:hasValue ?v }", {"s": PV}),
        (
            "SELECT ?s (SUM(?v) AS ?x) { ?o flex:series ?s ; saref:hasResult/saref:hasValue ?v } GROUP BY ?s",
            {"s": PV},
        ),
        (
            "SELECT ?l ?v { ?o flex:ofResource/rdfs:label ?l ; saref:hasResult/saref:hasValue ?v }",
            {"l": '"pump"'},
        ),
    ],
)
def test_parameters_are_bound_as_over_triples(world, query, given):
    """What a stored query is given reaches the columns, and the answer is the same."""
    plain, fast = world.answers(query, given)
    assert fast == plain
    assert sum(fast[1].values()) > 0


def test_values_beyond_columns_are_exact():
    """Numbers with many digits are kept as text and summed up by the engine."""
    odd = [
        reading(n, value, series=f"{ID}series/ven-9/odd/x", payload="c", seq=9)
        for n, value in enumerate(("12345678901234.123456789", "0.0000001", "-99999999999999999.5"))
    ]
    world = World(5, odd)
    for query in (
        "SELECT (SUM(?v) AS ?x) (MAX(?v) AS ?y) { ?r saref:hasValue ?v }",
        "SELECT ?s (AVG(?v) AS ?x) { ?o flex:series ?s ; saref:hasResult/saref:hasValue ?v } GROUP BY ?s",
        "SELECT ?v { ?r saref:hasValue ?v FILTER(?v < 0.00001) }",
        "SELECT (COUNT(*) AS ?n) { ?r saref:hasValue ?v FILTER(?v < 0.00001) }",
        "SELECT ?s (COUNT(*) AS ?n) { ?o flex:series ?s ; saref:hasResult/saref:hasValue ?v"
        " FILTER(?v > 5 || ?v < -1e0) } GROUP BY ?s",
        "SELECT ?s (MAX(?t) AS ?x) { ?o flex:series ?s ; flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v"
        " FILTER(?v > 1e1) } GROUP BY ?s",
        "SELECT ?s (COUNT(DISTINCT ?v) AS ?n) (GROUP_CONCAT(STR(?t)) AS ?x) { ?o flex:series ?s ;"
        " flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v FILTER(?v > 1e12) } GROUP BY ?s",
        "SELECT ?s (GROUP_CONCAT(STR(?v)) AS ?n) { ?o flex:series ?s ; saref:hasResult/saref:hasValue ?v"
        " FILTER(?v > 10000000 && ?v < 10000001) } GROUP BY ?s",
        "SELECT (GROUP_CONCAT(STR(?v)) AS ?n) { ?o saref:hasResult/saref:hasValue ?v FILTER(?v = 0.123) }",
    ):
        plain, fast = world.answers(query)
        assert fast == plain
    assert START


def test_observations_that_the_graph_has_are_seen_beside_those_in_columns(world):
    """Where a graph speaks of observations of its own, a pattern matches both."""
    mixed = World(10)
    triples = (
        "<urn:x:o> <https://saref.etsi.org/core/hasResult> <urn:x:r> .\n"
        f'<urn:x:r> <https://saref.etsi.org/core/hasValue> "7"^^<{XSD}decimal> .'
    )
    for store in (mixed.triples, mixed.graph):
        store.add("https://w3id.org/flexkg/graph/other", triples)
    for query in (
        "SELECT ?o ?v { ?o saref:hasResult/saref:hasValue ?v }",
        "SELECT (COUNT(*) AS ?n) (SUM(?v) AS ?x) { ?o saref:hasResult/saref:hasValue ?v }",
        "SELECT ?o ?v ?q { ?o saref:hasResult/saref:hasValue ?v OPTIONAL { ?o flex:dataQuality ?q } }",
    ):
        plain, fast = mixed.answers(query)
        assert fast == plain
