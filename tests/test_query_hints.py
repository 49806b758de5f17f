"""What is told of a query that does not parse: where, and what may help."""

import time

import pytest

from kg.errors import QueryError
from kg.graphs.embedded import EmbeddedGraphs
from kg.sparql.prologue import declare, explain

CASES = [
    (
        "SELECT (HOURS(?t) AS ?h) (SUM(?v) AS ?x) { ?s ?t ?v } GROUP BY (HOURS(?t))",
        "GROUP BY (HOURS(?t) AS ?hour)",
    ),
    ("SELECT ?s (SUM(?v) AS ?x) { ?s flex:startsAt ?v }", "SAMPLE(?x)"),
    ("SELECT SUM(?v) { ?s ?p ?v }", "(SUM(?value) AS ?sum)"),
    ("SELECT (?o + 1) { ?s ?p ?o }", "with a name"),
    ("SELECT ?a AS ?b { ?s ?p ?a }", "with a name"),
    ("SELECT * { ?s ?p ?o { ", "close 2 brackets: the query has 2 { and 0 }"),
    ("SELECT * { ?s ?p ?o } }", "take away 1 bracket"),
    ("SELECT * { ?s flex:eventID 'x }", "close the string that ' begins"),
    ("SELECT * { ?s a ?o FILTER ?o > 3 }", "FILTER(?value > 3) (line 1, column 20)"),
    ("SELECT * {\n ?s a ?o FILTER(FOO(?o)) }", "FOO is no function of SPARQL (line 2, column 17)"),
    ("SELECT * { ?s a flex:Event } ORDER ?s", "ORDER BY (line 1, column 30)"),
    ("SELECT * { ?s a flex:Event } ORDER BY DESC ?s", "DESC(?variable)"),
    ("SELECT * { ?s flex:eventID }", "three parts: subject, predicate and object (line 1, column 12)"),
    ("SELECT * { ?s a flex:Event } LIMIT x", "at 'x'"),
]


@pytest.mark.parametrize(("query", "cure"), CASES, ids=[cure for _, cure in CASES])
def test_hints_help(query, cure):
    """The cure fits, and places count in the user's own lines."""
    store = EmbeddedGraphs()
    text, shift = declare(query)
    with pytest.raises(QueryError) as caught:
        store.query(text, default_graph=[], named_graphs=[])
    told = explain(caught.value, shift, text)
    assert cure in told.cure
    assert told.code == "syntax"
    assert told.where.startswith("line ")


@pytest.mark.parametrize("text", ["SELECT(" * 2800, "{" * 30 + '"' * 3000, "?s ?p . " * 2000])
def test_hints_take_no_time_over_hostile_texts(text):
    """Whatever the text, something is told, and soon."""
    begun = time.process_time()
    told = explain(QueryError("error at 1:9: expected one of x"), 0, text)
    assert told.cure
    assert time.process_time() - begun < 2
