"""What the site writes as Turtle and JSON-LD, and how its diagrams are laid out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import CanonicalizationAlgorithm, Dataset, NamedNode, Quad, RdfFormat, parse

from kg.site import jsonld, turtle
from kg.site.catalogue import Catalogue
from kg.site.layers import BARE, layout

CATALOGUE = Catalogue()
WRITERS = {"turtle": (turtle.write, RdfFormat.TURTLE), "jsonld": (jsonld.write, RdfFormat.JSON_LD)}
BOTH = {"ontology": CATALOGUE.facts, "shapes": CATALOGUE.shapes}


def canonical(triples):
    data = Dataset([Quad(s, p, o) for s, p, o in triples])
    data.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return set(data)


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("name", BOTH)
def test_graphs_come_back_as_they_were(name, form):
    """What is written is the same graph when it is read again: nothing lost, nothing added."""
    facts = BOTH[name]
    write, format_ = WRITERS[form]
    subjects = [node.value for node in facts.by_subject if isinstance(node, NamedNode)]
    again = [(q.subject, q.predicate, q.object) for q in parse(write(facts, subjects), format=format_)]
    stated = [(s, NamedNode(p), o) for s, pairs in facts.by_subject.items() for p, o in pairs]
    assert canonical(again) == canonical(stated)


@pytest.mark.parametrize("form", WRITERS)
def test_descriptions_hold_one_subject(form):
    """The description of a term is about it and what belongs to it, and no other term."""
    write, format_ = WRITERS[form]
    iri = "https://w3id.org/flexkg/def#readingType"
    found = {q.subject for q in parse(write(CATALOGUE.facts, [iri]), format=format_)}
    assert {node.value for node in found if isinstance(node, NamedNode)} == {iri}


@pytest.mark.parametrize("form", WRITERS)
def test_descriptions_do_not_change(form):
    """The same files give the same text, so that an ETag lasts from one start to the next."""
    write, _ = WRITERS[form]
    other = Catalogue()
    for entry in CATALOGUE.entries.values():
        assert write(CATALOGUE.facts, [entry.record.iri]) == write(other.facts, [entry.record.iri])


def test_turtle_keeps_blank_nodes_inside():
    """A union is read where it belongs."""
    text = turtle.body(CATALOGUE.facts, "https://w3id.org/flexkg/def#readingType")
    assert "owl:unionOf ( flex:ReportDescription flex:RequestedPoint )" in text
    assert "_:" not in text


SIZES = st.tuples(st.integers(20, 300), st.integers(20, 200))
NAMES = [f"n{number}" for number in range(9)]
EDGES = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from(NAMES),
        st.one_of(st.just(BARE), st.tuples(st.integers(20, 150), st.integers(16, 60))),
    ).filter(lambda edge: edge[0] != edge[1]),
    min_size=1,
    max_size=14,
)


def _apart(one, other):
    """Whether two rectangles, given by centre and size, have no inner point in common."""
    (x1, y1), (w1, h1) = one
    (x2, y2), (w2, h2) = other
    return abs(x1 - x2) >= (w1 + w2) / 2 - 1e-6 or abs(y1 - y2) >= (h1 + h2) / 2 - 1e-6


@given(sizes=st.lists(SIZES, min_size=9, max_size=9), edges=EDGES)
def test_boxes_and_labels_lie_apart(sizes, edges):
    """No box or label lies on another one, and all lie in the picture; cycles do no harm."""
    used = dict.fromkeys(name for source, target, _ in edges for name in (source, target))
    boxes = {name: size for name, size in zip(NAMES, sizes, strict=True) if name in used}
    made = layout(boxes, edges)
    things = [(made.boxes[name], boxes[name]) for name in boxes]
    things += [(place, size) for place, (_, _, size) in zip(made.labels, edges, strict=True)]
    for number, one in enumerate(things):
        (x, y), (width, height) = one
        assert width / 2 - 1e-6 <= x <= made.size[0] - width / 2 + 1e-6
        assert height / 2 - 1e-6 <= y <= made.size[1] - height / 2 + 1e-6
        assert all(_apart(one, other) for other in things[number + 1 :])


@given(sizes=st.lists(SIZES, min_size=9, max_size=9), edges=EDGES)
def test_edges_begin_and_end_at_their_boxes(sizes, edges):
    """Each route leaves its source's side and enters its target's."""
    used = dict.fromkeys(name for source, target, _ in edges for name in (source, target))
    boxes = {name: size for name, size in zip(NAMES, sizes, strict=True) if name in used}
    made = layout(boxes, edges)
    for (source, target, _), route in zip(edges, made.routes, strict=True):
        for name, (x, y) in ((source, route[0]), (target, route[-1])):
            (cx, cy), (width, height) = made.boxes[name], boxes[name]
            assert abs(abs(x - cx) - width / 2) < 1e-6
            assert abs(y - cy) <= height / 2
