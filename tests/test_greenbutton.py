"""Green Button inside OpenADR: each text of a payload is lifted to a property of its own."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from lxml import etree
from pyoxigraph import NamedNode, RdfFormat, parse

from kg import vocabulary
from kg.lift import lift
from kg.namespaces import FLEX, RDF, VOCAB, XSD
from kg.xml import read
from tests.greenbutton import FEED, FOLDER, NAMES, document, references
from tests.paths import PAYLOADS, needs_data

SAMPLES = ["Sample_oadrRegisiterReport_GreenButton.xml", "Sample_oadrUpdateReport_GreenButton.xml"]


@pytest.mark.parametrize("name", NAMES)
def test_payload_is_valid_and_lifted_whole(name):
    """The two payloads of this test are valid, and nothing in them is unmapped."""
    found = document(name)
    assert found.schema_errors == ()
    assert lift(found).unmapped == []


def graph(lifted) -> dict[tuple[str, str], list]:
    found: dict[tuple[str, str], list] = {}
    for quad in parse(lifted.ntriples, format=RdfFormat.N_TRIPLES):
        found.setdefault((quad.subject.value, quad.predicate.value), []).append(quad.object)
    return found


def leaves(lifted) -> Iterator[tuple[str, str, str]]:
    """Subject, property and wire text of each leaf and attribute of a payload's feeds."""
    owners = {element: (subject[1:-1], plan) for subject, (element, plan) in lifted.nodes.items()}
    for feed in [element for element in owners if element.tag == FEED]:
        for element in feed.iter():
            if element not in owners:
                subject, plan = owners[element.getparent()]
                ((predicate, _, _),) = plan.table[element.tag].emits
                yield subject, predicate.strip(" <>"), element.text or ""
                continue
            subject, plan = owners[element]
            reads = dict(references(plan))
            for name, text in element.attrib.items():
                yield subject, reads[name], text
            if not len(element) and element.text:
                yield subject, reads[""], element.text


def means(value, text: str) -> bool:
    """Whether an object of a triple holds a text of the wire."""
    if isinstance(value, NamedNode):
        token = quote(" ".join(text.split()), safe="-_.~!*'()")
        return re.fullmatch(re.escape(VOCAB) + r"[\w-]+/" + re.escape(token), value.value) is not None
    if value.datatype.value == XSD + "integer":
        return int(value.value) == int(text)
    if value.datatype.value == XSD + "string":
        return value.value == text
    return value.value == text.strip()


@pytest.mark.parametrize("name", NAMES)
def test_each_leaf_is_found_at_its_subject_and_property(name):
    """Each text and attribute is the one object of one subject and property: none is lost, none shares."""
    lifted = lift(document(name))
    found = graph(lifted)
    places = list(leaves(lifted))
    assert len(places) > 50
    for subject, predicate, text in places:
        values = found.get((subject, predicate), [])
        assert len(values) == 1, (subject, predicate, text, values)
        assert means(values[0], text), (subject, predicate, text, values)
    assert len({(subject, predicate) for subject, predicate, _ in places}) == len(places)


REPORT = "report/0/interval/0/green-button/0/feed/0"
DESCRIPTION = "item/0/feed/0"
EXPECTED = [
    ("update-report", REPORT, "atomLanguage", '"en"'),
    ("update-report", REPORT, "atomSpace", "xmlSpace/default"),
    ("update-report", REPORT, "atomBase", '"https://meters.example/espi/"^^anyURI'),
    ("update-report", f"{REPORT}/title/1", "atomText", '"Verbrauch der <b>Bäckerei</b>"'),
    ("update-report", f"{REPORT}/title/1", "atomTextType", "atomTextType/html"),
    ("update-report", f"{REPORT}/subtitle/0", "atomText", '" February  2026 "'),
    ("update-report", f"{REPORT}/author/0/name/1", "atomText", '"Meter data desk"'),
    ("update-report", f"{REPORT}/author/0/uri/0", "atomReference", '"desk"^^anyURI'),
    ("update-report", f"{REPORT}/generator/0", "atomVersion", '"3.1"'),
    ("update-report", f"{REPORT}/link/0", "atomLength", '"8192"^^integer'),
    ("update-report", f"{REPORT}/entry/0/link/1", "atomText", '"seven"'),
    ("update-report", f"{REPORT}/entry/0/updated/0", "atomDateTime", '"2026-03-01T05:30:00+01:00"^^dateTime'),
    ("update-report", f"{REPORT}/entry/3/content/0", "atomSrc", '"contract.pdf"^^anyURI'),
    (
        "update-report",
        f"{REPORT}/entry/0/content/0/meter-reading/0/batch-item-info/0",
        "espiStatusCode",
        "espi-statusCode/200",
    ),
    (
        "update-report",
        f"{REPORT}/entry/0/content/0/interval-block/1/interval/0",
        "espiStartEpoch",
        '"1769904000"^^integer',
    ),
    (
        "update-report",
        f"{REPORT}/entry/0/content/0/interval-block/1/interval-reading/0/reading-quality/1",
        "espiQuality",
        "espi-qualityOfReading/14",
    ),
    (
        "update-report",
        f"{REPORT}/entry/0/content/0/interval-block/1/interval-reading/1",
        "espiValue",
        '"-300"^^integer',
    ),
    (
        "update-report",
        f"{REPORT}/entry/1/content/0/electric-power-usage-summary/0/cost-additional-detail-last-period/1",
        "espiNote",
        '"Levy"',
    ),
    (
        "update-report",
        f"{REPORT}/entry/1/content/0/electric-power-usage-summary/0/ratchet-demand/0",
        "espiUom",
        "espi-unitSymbolKind/38",
    ),
    (
        "update-report",
        f"{REPORT}/entry/2/content/0/electric-power-quality-summary/0",
        "espiMainsVoltage",
        '"230000025"^^integer',
    ),
    ("register-report", f"{DESCRIPTION}/entry/0/content/0/usage-point/0", "espiRoleFlags", '"001c"'),
    (
        "register-report",
        f"{DESCRIPTION}/entry/0/content/0/usage-point/0/service-category/0",
        "espiServiceKind",
        "espi-serviceKind/0",
    ),
    (
        "register-report",
        f"{DESCRIPTION}/entry/1/content/0/reading-type/0",
        "espiPowerOfTenMultiplier",
        "espi-unitMultiplierKind/-3",
    ),
    (
        "register-report",
        f"{DESCRIPTION}/entry/1/content/0/reading-type/0",
        "espiMeasuringPeriod",
        "espi-timeAttributeKind/7",
    ),
    (
        "register-report",
        f"{DESCRIPTION}/entry/1/content/0/reading-type/0/interharmonic/0",
        "espiDenominator",
        '"2"^^integer',
    ),
    (
        "register-report",
        f"{DESCRIPTION}/entry/2/content/0/service-status/0",
        "espiCurrentStatus",
        "espi-espiServiceStatus/1",
    ),
]


@pytest.mark.parametrize(("name", "place", "term", "value"), EXPECTED)
def test_values_are_lifted_as_written_down(name, place, term, value):
    """Texts, codes, whole numbers, references and times come out in the form that this table states."""
    found = graph(lift(document(name)))
    ((_, values),) = [
        item for item in found.items() if item[0][0].endswith(f"/{place}") and item[0][1] == FLEX + term
    ]
    if value.startswith('"'):
        text, _, datatype = value[1:].rpartition('"')
        assert [(v.value, v.datatype.value) for v in values] == [
            (text, XSD + (datatype.removeprefix("^^") or "string"))
        ]
    else:
        assert [v.value for v in values] == [VOCAB + value]


def test_resources_of_one_content_keep_their_order():
    """Resources are numbered together, whatever their kinds: the order of the content is known."""
    found = graph(lift(document("register-report")))
    (resources,) = [
        values
        for (subject, predicate), values in found.items()
        if predicate == FLEX + "espiResource" and subject.endswith("entry/2/content/0")
    ]
    kinds = [found[value.value, RDF + "type"][0].value.removeprefix(FLEX) for value in resources]
    places = [int(found[value.value, FLEX + "position"][0].value) for value in resources]
    assert places == list(range(10))
    assert kinds[:2] == ["EspiServiceStatus", "EspiBatchItemInfo"]
    assert kinds[-2:] == ["EspiMeterReading", "EspiMeterReading"]


@pytest.mark.parametrize("name", NAMES)
def test_codes_are_concepts(name):
    """Each code is a concept of its scheme, but for the phase 769, which the schema does not list."""
    concepts = {concept[1:-1] for concept in lift(document(name)).concepts}
    unknown = {concept for concept in concepts if vocabulary.known(concept) is None}
    assert unknown == ({f"{VOCAB}espi-phaseCodeKind/769"} if name == "register-report" else set())


FOREIGN = [
    ("<Object/>", "<Object><extension><Object/></extension></Object>", ["extension"], True),
    ("<MeterReading/>", "<MeterReading><extension>4</extension></MeterReading>", ["extension"] * 2, True),
    ("<denominator>1<", "<denominator>1<Object/><", ["Object"], True),
    ("<atom:entry>", "<pyld:requestID>r</pyld:requestID><atom:entry>", ["requestID"] * 3, True),
    ("<Object/>", "<xcal:properties/><Object/>", ["properties"], False),
    ("Single values<", 'Single <i xmlns="http://www.w3.org/1999/xhtml">values</i><', ["i"], False),
]


@pytest.mark.parametrize(("old", "new", "names", "valid"), FOREIGN)
def test_what_no_mapping_names_is_reported(old, new, names, valid):
    """Extensions, foreign elements and elements inside a leaf are unmapped, not dropped in silence."""
    text = (FOLDER / "register-report.xml").read_text(encoding="utf-8").replace(old, new)
    found = read(text.encode())
    assert (found.schema_errors == ()) is valid
    assert [etree.QName(element).localname for element in lift(found).unmapped] == names


def test_own_text_is_read_around_children():
    """text() gives the characters directly in an element, around its children too; none if blank."""
    text = (FOLDER / "register-report.xml").read_text(encoding="utf-8")
    text = text.replace("<UsagePoint>", "one <UsagePoint>").replace("</UsagePoint>", "</UsagePoint> two")
    found = graph(lift(read(text.encode())))
    contents = [s for s, p in found if p == RDF + "type" and s.endswith("/content/0")]
    texts = {s: found[s, FLEX + "atomText"] for s in contents if (s, FLEX + "atomText") in found}
    assert len(contents) == 3
    ((subject, (value,)),) = texts.items()
    assert subject.endswith("entry/0/content/0")
    assert value.value.split() == ["one", "two"]


@needs_data
@pytest.mark.parametrize("name", SAMPLES)
def test_corpus_samples_are_lifted_whole(name):
    """The two Green Button samples of the corpus leave nothing unmapped, and no text is lost."""
    found = read((PAYLOADS / "2.0b" / "enernoc-spec-samples" / name).read_bytes())
    lifted = lift(found)
    assert lifted.unmapped == []
    triples = graph(lifted)
    for subject, predicate, text in leaves(lifted):
        (value,) = triples[subject, predicate]
        assert means(value, text)
