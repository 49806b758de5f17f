"""The mapping of Green Button names all that the schema admits below atom:feed."""

from collections.abc import Iterator

from lxml import etree

from kg.lift import lifter_for
from kg.plan import Plan
from tests import schemas
from tests.greenbutton import ATOM, FEED, NAMES, document, kind_of, named, references

#: What the schema admits and no mapping names, with the reason.
LEFT_OUT = {
    "Object/extension": "of xs:anyType: only the one who wrote it knows what it means; reported as unmapped",
    "textType/xhtml": "the schema declares no XHTML, so a valid message has none; reported as unmapped",
    "##other/not ESPI": "OpenADR's own elements have no meaning in a feed; reported as unmapped",
    "anyAttribute": "beside xml:space, which is mapped, only ei:schemaVersion and gml:id are declared for it",
}


def uncovered(namespace: str, found: etree._Element, plan: Plan, seen: set[tuple[str, str]]) -> Iterator[str]:
    """What the schema admits from a type on and the plan does not name."""
    if (found.get("name"), plan.name) in seen:
        return
    seen.add((found.get("name"), plan.name))
    kind = kind_of(namespace, found)
    reads = {name for name, _ in references(plan)}
    yield from kind.wildcards
    yield from (f"{found.get('name')}/@{name}" for name in kind.attributes - reads)
    if kind.text and "" not in reads:
        yield f"{found.get('name')}/text()"
    for tag, (where, below) in kind.children.items():
        node = plan.table.get(tag)
        if node is None or not (node.starts or (node.emits and below is None)):
            yield where
            continue
        for _, _, started, _ in node.starts:
            if below is not None:
                yield from uncovered(tag[1:].partition("}")[0], below, started, seen)
            elif "" not in {name for name, _ in references(started)}:
                yield f"{where}/text()"


def test_every_element_and_attribute_of_the_schema_is_mapped():
    """From atom:feed on, the mapping names all that the schema admits, but for what is listed."""
    seen: set[tuple[str, str]] = set()
    feed = named(ATOM, "complexType", "feedType")
    assert set(uncovered(ATOM, feed, lifter_for("2.0b").plans["Feed"], seen)) == set(LEFT_OUT)
    assert len(seen) > 40


def test_wildcard_attributes_are_the_ones_listed():
    """Beside those of xml:, xs:anyAttribute of an Atom element lets in two declared attributes."""
    declared = {
        attribute.get("name")
        for name, tree in schemas.trees("2.0b").items()
        if name != "oadr_xml.xsd"
        for attribute in tree.getroot().findall(f"{schemas.XS}attribute")
    }
    assert declared == {"schemaVersion", "id"}


def test_payloads_use_every_element():
    """Between them, the two payloads use each element of Atom and ESPI that the schema admits."""
    used = {
        (element.getparent().tag, element.tag)
        for name in NAMES
        for feed in document(name).root.iter(FEED)
        for element in feed.iterdescendants()
    }
    todo = [(FEED, ATOM, named(ATOM, "complexType", "feedType"))]
    seen: set[str] = set()
    places: dict[str, set[tuple[str, str]]] = {}
    while todo:
        tag, namespace, found = todo.pop()
        if found is None or tag in seen:
            continue
        seen.add(tag)
        for child, (where, below) in kind_of(namespace, found).children.items():
            outside = where.startswith("##other") and tag != f"{{{ATOM}}}content"
            if not outside and where not in LEFT_OUT:
                places.setdefault(where, set()).add((tag, child))
                todo.append((child, child[1:].partition("}")[0], below))
    assert [where for where, pairs in places.items() if not pairs & used] == []
