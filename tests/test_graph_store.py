"""The contract of GraphStore, run over every back end."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.errors import QueryError, StoreError, StoreUnavailable
from kg.graphs import META, ONTOLOGY, Change, Statement, below, month_graph, parse_line
from kg.graphs.embedded import EmbeddedGraphs
from kg.literals import decimal, string
from kg.namespaces import GRAPH, ID, XSD

EVENT, LATER, OP = GRAPH + "event/202611", GRAPH + "event/202612", GRAPH + "op/202611"
V = "https://a.example/v#"


def line(subject, predicate, object_):
    term = object_ if object_[0] in '"<' else f"<{ID}{object_}>"
    return f"<{ID}{subject}> <{V}{predicate}> {term} ."


def embedded_in_memory(path):
    return EmbeddedGraphs()


def embedded_in_directory(path):
    return EmbeddedGraphs(path / "graph")


@pytest.fixture(params=[embedded_in_memory, embedded_in_directory], ids=["memory", "directory"])
def store(request, tmp_path):
    opened = request.param(tmp_path)
    yield opened
    opened.close()


def version(number, *values, seq=0, graph=EVENT):
    """An event's version with a signal for each value."""
    root = f"event/vtn/e/{number}"
    lines = [line("event/vtn/e", "eventID", '"e"'), line(root, "versionOf", "event/vtn/e")]
    for n, value in enumerate(values):
        lines.append(line(root, "signal", f"{root}/signal/{n}"))
        lines.append(line(f"{root}/signal/{n}", "value", decimal(value)))
    return Change(graph, lines, roots=[ID + root], seq=seq)


def everything(store):
    return sorted(statement for statement in store.match() if statement.graph != META)


def values(store, graphs):
    rows = store.query(f"SELECT ?o {{ ?s <{V}value> ?o }} ORDER BY ?o", default_graph=graphs, named_graphs=[])
    return [row[0].split('"')[1] for row in rows]


def test_query_without_a_default_graph_reads_them_all(store):
    """As one graph; GRAPH may name those alone that are given."""
    store.write([Change(EVENT, [line("a", "p", "b")]), Change(OP, [line("a", "q", "b")])])
    text = f"SELECT ?x {{ {{ ?s <{V}p> ?x ; <{V}q> ?x }} UNION {{ GRAPH ?g {{ ?s <{V}p>|<{V}q> ?x }} }} }}"
    found = list(store.query(text, default_graph=None, named_graphs=[OP]))
    assert found == [(f"<{ID}b>",), (f"<{ID}b>",)]


def test_write_puts_lines_into_their_graph(store):
    """Each line of a change is a triple of its graph."""
    store.write([version(0, "1.5"), Change(OP, [line("a", "p", "b")])])
    assert store.graphs() == [EVENT, OP]
    assert [store.count(graph) for graph in (EVENT, OP, None)] == [4, 1, 5]
    assert list(store.match(graph=OP)) == [Statement(f"<{ID}a>", f"<{V}p>", f"<{ID}b>", OP)]
    assert values(store, [EVENT]) == ["1.5"]


def test_write_twice_changes_nothing(store):
    """The same changes again leave the same graph, with and without row numbers."""
    for changes in (
        [version(0, "1", "2"), version(1, "3")],
        [version(0, "1", seq=1), version(1, "3", seq=2)],
    ):
        store.write(changes)
        before, digest = everything(store), store.digest()
        store.write(changes)
        assert (everything(store), store.digest()) == (before, digest)


def test_write_remembers_the_last_row(store):
    """A row is applied once: a change of a row that was applied is passed over."""
    assert store.applied() == 0
    store.write([version(0, "1", seq=3), Change(OP, seq=7)])
    assert store.applied() == 7
    store.write([version(0, "99", seq=3), version(0, "98", seq=7)])
    assert values(store, [EVENT]) == ["1"]
    store.write([version(0, "5", seq=8)])
    assert (values(store, [EVENT]), store.applied(), store.count(META)) == (["5"], 8, 1)


def test_write_replaces_the_subtree_of_a_root_and_nothing_else(store):
    """What lies below a root goes, wherever it stands; neighbours whose name merely begins alike stay."""
    store.write([version(1, "1", "2", "3"), version(10, "10"), version(2, "20")])
    store.write([version(1, "7", graph=LATER)])
    assert values(store, [EVENT, LATER]) == ["7", "10", "20"]
    left = {s.subject for s in store.match(graph=EVENT) if below(s.subject, ID + "event/vtn/e/1")}
    assert left == set()


def test_write_finds_what_points_up_to_its_root(store):
    """A node below the root that is linked only towards the root is removed as well."""
    root = "opt/ven/1"
    up = [line(f"{root}/a", "partOf", root), line(f"{root}/a/b", "partOf", f"{root}/a")]
    store.write([Change(OP, up, roots=[ID + root])])
    store.write([Change(OP, [line(root, "p", '"x"')], roots=[ID + root])])
    assert everything(store) == [Statement(f"<{ID}{root}>", f"<{V}p>", '"x"', OP)]


def test_write_orders_changes_that_touch_one_another(store):
    """In one batch the last of several versions of the same thing stays."""
    store.write(
        [version(0, "1", seq=1), version(1, "5", seq=2), version(0, "2", "3", seq=3), version(0, "4", seq=4)]
    )
    assert (values(store, [EVENT]), store.applied()) == (["4", "5"], 4)


def test_write_removes_what_a_change_unsets(store):
    """A property with one value is replaced, within a batch and across batches."""
    event = (ID + "event/vtn/e", V + "currentVersion")
    for numbers in ((1, 2), (3, 4)):
        store.write(
            [
                Change(EVENT, [line("event/vtn/e", "currentVersion", f"event/vtn/e/{n}")], unset=[event])
                for n in numbers
            ]
        )
        assert [s.object for s in everything(store)] == [f"<{ID}event/vtn/e/{numbers[1]}>"]


def test_write_keeps_a_shared_triple_in_one_graph(store):
    """What several payloads say stands in the graph that said it last, so no query counts it twice."""
    fact = line("event/vtn/e", "eventID", '"e"')
    store.write([Change(EVENT, [fact]), Change(LATER, [fact]), Change(LATER, [fact])])
    assert [s.graph for s in everything(store)] == [LATER]
    answer = store.query("SELECT * { ?s ?p ?o }", default_graph=[EVENT, LATER], named_graphs=[])
    assert len(list(answer)) == 1


def test_write_takes_the_word_for_what_is_new(store):
    """Roots that are known to be new are written as others are, and can be replaced later."""
    new = version(3, "1", "2")
    store.write([Change(new.graph, new.lines, new.roots, fresh=frozenset(new.roots))])
    assert values(store, [EVENT]) == ["1", "2"]
    store.write([version(3, "9")])
    assert values(store, [EVENT]) == ["9"]


def test_write_empties_memory_beside_the_next_writes(tmp_path, monkeypatch):
    """What lay in memory is in the files, and nothing is lost or told twice."""
    monkeypatch.setattr("kg.graphs.flusher._IN_MEMORY", 5)
    store = EmbeddedGraphs(tmp_path / "graph")
    for n in range(20):
        store.write([version(n, str(n), seq=n + 1)])
    assert len(list((tmp_path / "graph").glob("*.sst"))) > 0
    store.reopen()
    assert (len(values(store, [EVENT])), store.applied()) == (20, 20)
    store.close()


@pytest.mark.parametrize(
    "bad",
    [
        "<https://a.example/s> <https://a.example/p> _:b .",
        "_:b <https://a.example/p> <https://a.example/o> .",
        '<https://a.example/s> <https://a.example/p> "x" . } ; DROP ALL ; INSERT DATA { <urn:a> <urn:b> 1 .',
        '<https://a.example/s> <https://a.example/p> "x"y" .',
        '<https://a.example/s> <https://a.example/p> "x\\" .',
        "<https://a.example/s> <https://a.example/a b> <https://a.example/o> .",
        "<https://a.example/\\u003E> <https://a.example/p> <https://a.example/o> .",
        "",
    ],
)
def test_write_refuses_what_is_no_line(store, bad):
    """Text that is no triple is refused before anything is written."""
    store.write([version(0, "1")])
    with pytest.raises(StoreError, match="N-Triples"):
        store.write([Change(OP, [line("a", "p", "b"), bad], seq=4)])
    assert (store.count(), store.applied()) == (4, 0)


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_write_keeps_any_text(text):
    """No text of a payload is changed or taken for syntax."""
    store = EmbeddedGraphs()
    fact = f"<{ID}a> <{V}p> {string(text)} ."
    store.write([Change(OP, [fact])])
    row = next(
        iter(store.query("SELECT ?o (STRLEN(?o) AS ?n) { ?s ?p ?o }", default_graph=[OP], named_graphs=[]))
    )
    assert int(row[1].split('"')[1]) == len(text)
    other = EmbeddedGraphs()
    other.add(OP, fact)
    assert everything(other) == everything(store)
    store.write([Change(OP, [], unset=[(ID + "a", V + "p")])])
    assert everything(store) == []


def test_replace_puts_a_graph_in_the_place_of_another(store):
    """The old triples go and the new ones come, blank nodes included; other graphs stay."""
    store.write([version(0, "1")])
    for text in (
        '_:a <https://a.example/p> _:b .\n_:b <https://a.example/p> "x" .',
        f"{line('a', 'p', 'b')}\n",
    ):
        store.replace(GRAPH + "ontology", text)
        assert store.count(GRAPH + "ontology") == len(text.strip().splitlines())
    assert values(store, [EVENT]) == ["1"]
    with pytest.raises(StoreError, match="no triples"):
        store.replace(GRAPH + "ontology", "<a> b")
    assert store.count(GRAPH + "ontology") == 1


def test_add_and_drop_a_graph(store):
    """Adding is a union; dropping removes the graph with its name; both may be repeated."""
    store.add(OP, line("a", "p", "b"))
    store.add(OP, line("a", "p", "b") + "\n" + line("a", "p", "c"))
    assert (store.count(OP), store.graphs(GRAPH + "op/")) == (2, [OP])
    store.drop(OP)
    store.drop(OP)
    assert (store.count(), store.graphs()) == (0, [])


def test_match_finds_by_any_position(store):
    """Each position of a pattern may be given or left open."""
    store.write([version(0, "1.50"), Change(OP, [line("a", "p", '"x"@en')])])
    assert len(list(store.match(f"<{ID}event/vtn/e/0>"))) == 2
    assert [s.subject for s in store.match(None, f"<{V}value>", None)] == [f"<{ID}event/vtn/e/0/signal/0>"]
    assert len(list(store.match(None, None, decimal("1.5")))) == 1
    assert len(list(store.match(None, None, '"x"@en', OP))) == 1
    assert list(store.match(None, None, None, LATER)) == []


def test_query_reads_the_graphs_given_and_no_others(store):
    """Neither the default graph nor GRAPH reaches what was not listed."""
    store.write([version(0, "1"), version(1, "2", graph=LATER), Change(OP, [line("a", "value", '"3"')])])
    everywhere = f"SELECT ?o {{ {{ ?s <{V}value> ?o }} UNION {{ GRAPH ?g {{ ?s <{V}value> ?o }} }} }}"

    def found(**graphs):
        return sorted(row[0].split('"')[1] for row in store.query(everywhere, **graphs))

    assert found(default_graph=[], named_graphs=[]) == []
    assert found(default_graph=[EVENT], named_graphs=[]) == ["1"]
    assert found(default_graph=[EVENT, LATER], named_graphs=[OP]) == ["1", "2", "3"]
    assert found(default_graph=[GRAPH + "none"], named_graphs=[GRAPH + "none"]) == []


def test_query_answers_in_every_form(store):
    """SELECT, ASK and CONSTRUCT; rows, truth, triples; their media types."""
    store.write([version(0, "1")])
    over = {"default_graph": [EVENT], "named_graphs": []}
    rows = store.query(f"SELECT ?s ?x {{ ?s <{V}value> ?o }}", **over)
    assert (rows.kind, rows.variables) == ("select", ("s", "x"))
    assert list(rows) == [(f"<{ID}event/vtn/e/0/signal/0>", None)]
    csv = store.query(f"SELECT ?o {{ ?s <{V}value> ?o }}", **over).serialize("text/csv")
    assert csv.splitlines() == [b"o", b"1"]
    ask = store.query("ASK { ?s ?p ?o }", **over)
    assert ask.kind == "ask"
    assert ask
    assert not store.query("ASK { ?s ?p 99 }", **over)
    assert b"true" in store.query("ASK { ?s ?p ?o }", **over).serialize("application/sparql-results+json")
    made = store.query(f"CONSTRUCT {{ ?s <{V}p> ?o }} WHERE {{ ?s <{V}value> ?o }}", **over)
    assert made.kind == "graph"
    assert [row[1] for row in made] == [f"<{V}p>"]
    graph = store.query("CONSTRUCT WHERE { ?s ?p ?o }", **over).serialize("application/n-triples")
    assert len(graph.splitlines()) == 4


def test_query_takes_values_for_its_variables(store):
    """Values are bound, never written into the text."""
    store.write([version(0, "1", "2")])
    answer = store.query(
        f"SELECT ?s ?o {{ ?s <{V}value> ?o }}",
        default_graph=[EVENT],
        named_graphs=[],
        bindings={"s": f"<{ID}event/vtn/e/0/signal/1>", "o": decimal("2.0")},
    )
    assert len(list(answer)) == 1


@pytest.mark.parametrize(
    ("text", "bindings", "reason"),
    [
        ("SELECT ?x {", {}, "does not parse"),
        ("DROP ALL", {}, "does not parse"),
        ("INSERT DATA { <urn:a> <urn:b> 1 }", {}, "does not parse"),
        ("SELECT ?s { ?s ?p ?o }", {"nothing": '"x"'}, "cannot be answered"),
        ("SELECT ?s { ?s ?p ?o }", {"s": "no term"}, "does not parse"),
    ],
)
def test_query_that_cannot_be_answered_is_an_error(store, text, bindings, reason):
    """The message says what is wrong; nothing is changed."""
    store.write([version(0, "1")])
    with pytest.raises(QueryError, match=reason):
        store.query(text, default_graph=[EVENT], named_graphs=[], bindings=bindings)
    assert store.count() == 4


def test_answer_refuses_what_it_is_not(store):
    """Rows of an ASK, truth of a SELECT and unknown media types are errors."""
    over = {"default_graph": [EVENT], "named_graphs": []}
    with pytest.raises(QueryError, match="no rows"):
        list(store.query("ASK {}", **over))
    with pytest.raises(QueryError, match="only an ASK"):
        bool(store.query("SELECT * {}", **over))
    for text, media_type in (
        ("SELECT * {}", "text/turtle"),
        ("CONSTRUCT WHERE {}", "text/csv"),
        ("ASK {}", "a/b"),
    ):
        with pytest.raises(QueryError, match="no form"):
            store.query(text, **over).serialize(media_type)


def test_digest_does_not_depend_on_order_spelling_or_names_of_blank_nodes(store):
    """Equal graphs have equal digests; what no payload made is left out; another graph or value differs."""
    other = EmbeddedGraphs()
    first = f"_:a <{V}p> _:b .\n_:b <{V}q> {decimal('1.5')} ."
    second = f'_:y <{V}q> "1.50"^^<{XSD}decimal> .\n_:x <{V}p> _:y .'
    store.add(OP, first)
    store.write([Change(EVENT, [line("a", "p", "b")], seq=9)])
    other.add(EVENT, line("a", "p", "b"))
    other.add(OP, second)
    assert store.digest() == other.digest()
    assert store.digest(without=[]) != other.digest(without=[])
    assert store.digest(without=[META, OP]) == other.digest(without=[OP])
    other.replace(ONTOLOGY, line("c", "p", "d"))
    assert store.digest() == other.digest()
    other.add(LATER, line("a", "p", "b"))
    assert store.digest() != other.digest()


def test_snapshot_is_a_store_of_its_own(store, tmp_path):
    """The copy has what the store had, and neither sees later changes of the other."""
    store.write([version(0, "1", seq=2)])
    store.snapshot(tmp_path / "copy")
    store.write([version(1, "2", seq=3)])
    copy = EmbeddedGraphs(tmp_path / "copy")
    assert (values(copy, [EVENT]), copy.applied()) == (["1"], 2)
    copy.drop(EVENT)
    copy.close()
    assert values(store, [EVENT]) == ["1", "2"]


def test_a_reader_never_sees_half_a_change(store):
    """While versions are replaced, each query sees exactly one of them."""
    store.write([version(0, "0", "0", "0")])
    wrong, done = [], threading.Event()

    def read():
        while not done.is_set():
            seen = values(store, [EVENT])
            if len(seen) != 3 or len(set(seen)) != 1:
                wrong.append(seen)

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(200):
        store.write([version(0, *([str(n)] * 3))])
    done.set()
    reader.join()
    assert wrong == []


def test_a_closed_store_says_so(store):
    """Closing twice is allowed, using afterwards is an error."""
    store.flush()
    store.close()
    store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        store.count()


def test_directory_keeps_what_was_written(tmp_path):
    """A store that is opened again, or reopened after a failure, has everything."""
    first = EmbeddedGraphs(tmp_path / "graph")
    first.write([version(0, "1", seq=5)])
    first.reopen()
    assert first.applied() == 5
    first.close()
    second = EmbeddedGraphs(tmp_path / "graph")
    assert (values(second, [EVENT]), second.applied()) == (["1"], 5)
    second.close()


def test_directory_that_cannot_be_opened_is_an_error(tmp_path):
    """A file in the place of the directory, and a directory in use, are named."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreUnavailable, match="cannot be read or written"):
        EmbeddedGraphs(tmp_path / "file")
    held = EmbeddedGraphs(tmp_path / "graph")
    with pytest.raises(StoreUnavailable, match="cannot be read or written"):
        EmbeddedGraphs(tmp_path / "graph")
    held.close()


def test_month_graph_is_named_by_kind_and_month():
    """Kind and month are the unit of retention."""
    assert month_graph("op", "2026-01-31T23:59:59Z") == GRAPH + "op/202601"


def test_parse_line_takes_literals_with_types_and_languages():
    """Every form of literal that a lift can write is read."""
    for text in ('"x"', '"x"@en-GB', decimal("1"), '"a \\"b\\" \\\\ \\n"', '"\\u00e9"'):
        assert parse_line(f"<https://a.example/s> <https://a.example/p> {text} .").object == text
