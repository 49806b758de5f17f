"""OpenADR 3: read from JSON, lifted to the terms of 2.0 where it means the same, checked, converted."""

import csv
import json
import random
import re

import pyoxigraph as ox
import pytest
from typer.testing import CliRunner

import kg
from kg import vocabulary
from kg.check import check
from kg.cli import app
from kg.context_files import FileContext
from kg.convert import convert
from kg.errors import UnreadablePayload, UsageError
from kg.explain import explain
from kg.lift import lift
from kg.lower_json import lowered_json
from kg.namespaces import FLEX, ID, RDF
from kg.statements import Statements
from kg.xml import read
from tests.openadr3 import DATA, FOLDER, VERSIONS, example, examples, plain, schemas, sent
from tests.paths import needs_data

EVENT = json.loads((FOLDER / "event.json").read_text("utf-8"))
REPORT = json.loads((FOLDER / "report.json").read_text("utf-8"))
each_example = pytest.mark.parametrize(("version", "name", "whole"), examples(), ids=lambda value: str(value))
#: What only 2.0b says, and what only 3 says, of an event or a report: docs/decisions/0015-openadr-3.md.
ONLY_20 = {
    *("requestID", "vtnID", "vtn", "schemaVersion", "modificationNumber", "eventStatus", "responseRequired"),
    *("signalID", "reportID", "reportRequestID", "reportSpecifierID", "reportName"),
}
ONLY_3 = {
    *("objectKind", "payloadType", "describedBy", "payloadDescriptor", "intervalDuration", "durationStated"),
    *(
        "eventName",
        "objectID",
        "objectModifiedAt",
        "clientID",
        "reportedEventID",
        "reportLabel",
        "resourceName",
    ),
}


def leaves(value: object) -> int:
    """Number of scalars in a document, nulls aside."""
    if isinstance(value, dict):
        return sum(leaves(item) for item in value.values())
    if isinstance(value, list):
        return sum(leaves(item) for item in value)
    return value is not None


def texts(node) -> int:
    """Number of scalars in a tree."""
    return (node.text is not None and not node.tag.endswith("[]")) + sum(texts(child) for child in node)


def lifted(value: dict):
    return lift(read(sent(value)))


def meaning(data: bytes) -> list[str]:
    """The graph of a payload without what one standard alone says, in canonical form."""
    graph = lift(read(data))
    store = ox.Dataset()
    names: dict[str, ox.BlankNode] = {}
    about = [t.triple for t in ox.parse(graph.ntriples.encode(), format=ox.RdfFormat.N_TRIPLES)]
    described = {
        t.subject.value for t in about if getattr(t.object, "value", "") == FLEX + "PayloadDescriptor"
    }

    def named(term):
        if isinstance(term, ox.NamedNode) and term.value.startswith(ID):
            return names.setdefault(term.value, ox.BlankNode())
        return term

    for triple in about:
        local = triple.predicate.value.removeprefix(FLEX)
        if local not in ONLY_20 | ONLY_3 and triple.subject.value not in described:
            store.add(ox.Quad(named(triple.subject), triple.predicate, named(triple.object)))
    store.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return sorted(str(quad) for quad in store)


@needs_data
@each_example
def test_example_is_lifted_whole(version, name, whole):
    """Every object that the OpenAPI documents have examples for has the right form and no member unmapped."""
    document = read(sent(example(version, name, whole=whole)))
    assert document.schema_errors == ()
    assert lift(document).unmapped == []
    assert texts(document.body) == leaves(example(version, name, whole=whole))


@needs_data
@each_example
def test_example_conforms(version, name, whole):
    """No rule refuses an example of the standard itself."""
    report = check(sent(example(version, name, whole=whole)))
    assert [v for v in report.violations if v.severity == "Violation"] == []


@needs_data
@each_example
def test_example_comes_back_the_same(version, name, whole):
    """What is lowered from the graph has the same members with the same values: no leaf is lost."""
    value = example(version, name, whole=whole)
    (made,) = lowered_json(Statements.of(lifted(value).ntriples))
    assert plain(json.loads(made.data)) == plain(value)
    assert made.left == ()


@needs_data
@pytest.mark.parametrize("version", VERSIONS)
def test_version_is_told_by_what_only_one_has(version):
    """A whole object of 3.0 is told from one of 3.1 by its members."""
    for name in ("event", "program", "report", "subscription", "notification"):
        assert read(sent(example(version, name))).profile == version[:3]


@pytest.mark.parametrize("name", ["event", "report"])
def test_both_standards_have_one_graph(name):
    """An event and a report mean the same in 2.0b and in 3.1, apart from what one of the two cannot say."""
    assert meaning((FOLDER / f"{name}.json").read_bytes()) == meaning((FOLDER / f"{name}.xml").read_bytes())


@pytest.mark.parametrize("name", ["event", "report"])
def test_twins_conform(name):
    """The payloads that are compared are ones that the rules accept."""
    for suffix in ("json", "xml"):
        assert check((FOLDER / f"{name}.{suffix}").read_bytes()).conforms


@needs_data
def test_vocabularies_hold_what_the_documents_enumerate():
    """Payload types, reading types, kinds of objects and operations are those of the documents."""
    folder = DATA / "openadr3" / "3.1.0" / "enumerations"
    found = vocabulary.schemes()
    types = set()
    for name in ("event-interval-payloads", "report-payloads"):
        text = (folder / f"{name}.schema.yaml").read_text("utf-8")
        types |= set(re.findall(r"^    ([A-Z0-9_]+):$", text, re.MULTILINE))
    assert set(found["payloadType"].concepts) == types
    readings = re.findall(
        r"^    - ([A-Z_]+)$", (folder / "reading-types.schema.yaml").read_text(), re.MULTILINE
    )
    assert set(found["payloadReadingType"].concepts) == set(readings)
    operations, kinds = set(), set()
    for version in VERSIONS:
        operations |= set(schemas(version)["notification"]["properties"]["operation"]["enum"])
        for schema in schemas(version).values():
            said = schema.get("properties", {}).get("objectType", {})
            kinds |= set(said.get("enum", ())) | set(schemas(version)["objectTypes"]["enum"])
    assert set(found["objectOperation"].concepts) == operations
    assert set(found["objectKind"].concepts) == kinds


BAD = {
    "no JSON": (b"{]", "not-json", "not well-formed JSON"),
    "cut off": (sent(EVENT)[:-5], "not-json", "not well-formed JSON"),
    "a list": (b"[]", "unknown-message", "list"),
    "no members": (b"{}", "unknown-message", "no objectType"),
    "unknown objectType": (b'{"objectType": "TARIFF", "id": "1"}', "unknown-message", "'TARIFF'"),
    "objectType no text": (b'{"objectType": {"a": 1}, "id": "1"}', "unknown-message", "no OpenADR 3 message"),
    "key twice": (b'{"objectType": "EVENT", "id": "1", "id": "2"}', "duplicate-key", "'id' twice"),
    "deep lists": (b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "too-deep", "nests more than 32"),
    "deep objects": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "too-deep", "nests more than 32"),
    "a little too deep": (b'{"a":' * 40 + b"1" + b"}" * 40, "too-deep", "nests more than 32"),
    "400 digits": (b'{"id": ' + b"1" * 400 + b"}", "number", "400 characters"),
    "400 digits of a fraction": (b'{"id": 0.' + b"1" * 400 + b"}", "number", "402 characters"),
    "NaN": (b'{"id": NaN}', "not-json", "NaN"),
    "Infinity": (b'{"id": -Infinity}', "not-json", "-Infinity"),
    "no UTF-8": (b'{"id": "\xff"}', "encoding", "not UTF-8"),
    "half a character": (b'{"id": "\\ud800"}', "character", "surrogate"),
    "control character": (b'{"id": "\\u0000"}', "character", "control"),
    "too large": (b'{"id": "' + b"x" * 1_100_000 + b'"}', "too-large", "1,048,576"),
}


@pytest.mark.parametrize("name", BAD)
def test_read_refuses_with_code_and_cure(name):
    """What is no OpenADR 3 object is refused in one line that says what and what to do."""
    data, code, what = BAD[name]
    with pytest.raises(UnreadablePayload) as caught:
        read(data)
    assert caught.value.code == code
    assert what in caught.value.what
    assert caught.value.cure
    assert "\n" not in str(caught.value)
    assert check(data).verdict == "unreadable"


WRONG = {
    "text for a number": ({"priority": "1"}, "/priority", "number"),
    "number for a text": ({"eventName": 7}, "/eventName", "string"),
    "object for a list": ({"intervals": {}}, "/intervals", "a list"),
    "text for a list": ({"intervals": "x"}, "/intervals", "a list"),
    "list for an object": ({"intervalPeriod": []}, "/intervalPeriod", "no list"),
    "text for an object": ({"intervalPeriod": "PT1H"}, "/intervalPeriod", "an object"),
    "number for an item": ({"intervals": [1]}, "/intervals/0", "an object"),
    "number for values": (
        {"intervals": [{"id": 0, "payloads": [{"type": "X", "values": 1}]}]},
        "/intervals/0/payloads/0/values",
        "a list",
    ),
    "text for an id": (
        {"intervals": [{"id": "0", "payloads": [{"type": "X", "values": [1]}]}]},
        "/intervals/0/id",
        "number",
    ),
    "list in a list": ({"payloadDescriptors": [[]]}, "/payloadDescriptors/0", "an object"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_kinds_are_told_with_their_pointer(name):
    """A member of the wrong kind is refused with its JSON pointer, the kind asked for, and a cure."""
    change, pointer, asked = WRONG[name]
    report = check(sent({**EVENT, **change}))
    assert report.verdict == "violates"
    found = {v.pointer: v for v in report.violations}
    assert found[pointer].rule == "JSON"
    assert asked in found[pointer].message
    assert found[pointer].cure


def test_unknown_members_are_reported():
    """What no mapping names is reported with its pointer, and the rest is lifted."""
    report = check(sent({**EVENT, "a/b~c": 1, "event": {"id": "2"}}))
    assert report.conforms
    assert {v.pointer for v in report.violations if v.rule == "LIFT-1"} == {"/a~1b~0c", "/event"}


def changed(value: dict, path: str, to: object) -> dict:
    """Copy a document with the member at a JSON pointer changed; taken out where ``to`` is None."""
    made = json.loads(json.dumps(value))
    *way, last = path.strip("/").split("/")
    at = made
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at[step]
    at[int(last) if isinstance(at, list) else last] = to
    return made


SUBSCRIPTION = {
    "clientName": "VEN-1",
    "objectOperations": [
        {"objects": ["EVENT"], "operations": ["CREATE"], "callbackUrl": "https://c.example/n"}
    ],
}
NOTIFICATION = {"objectType": "EVENT", "operation": "UPDATE", "object": EVENT}
WISH = {**EVENT, "reportDescriptors": [{"payloadType": "USAGE", "numIntervals": -1}]}
VEN = {"objectType": "VEN_VEN_REQUEST", "venName": "V"}
PROGRAM = {"id": "p", "objectType": "PROGRAM", "programName": "P", "createdDateTime": "2026-01-01T00:00:00Z"}
BROKEN = {
    "A30-1": (EVENT, "/duration", "-PT1H"),
    "A30-2": (EVENT, "/intervalPeriod/start", "2026-12-01T16:00:00"),
    "A30-3": (EVENT, "/programID", "a b"),
    "A30-4": (EVENT, "/intervals/2/intervalPeriod/duration", "-PT30M"),
    "A30-5": (REPORT, "/resources/0/intervals/0/intervalPeriod", {"randomizeStart": "-PT1M"}),
    "A30-6": (EVENT, "/intervals/0/payloads/0/type", ""),
    "A30-7": (REPORT, "/resources/0/resourceName", "x" * 129),
    "A30-8": (PROGRAM, "/programName", ""),
    "A30-9": (PROGRAM, "/id", "a/b"),
    "A30-10": (PROGRAM, "/createdDateTime", "2026-01-01"),
    "A30-11": (VEN, "/venName", "x" * 129),
    "A30-12": (SUBSCRIPTION, "/clientName", ""),
    "A30-13": (SUBSCRIPTION, "/objectOperations", []),
    "A30-14": (SUBSCRIPTION, "/objectOperations/0/callbackUrl", None),
    "A30-15": (NOTIFICATION, "/operation", "PATCH"),
    "A30-16": (SUBSCRIPTION, "/objectOperations/0/objects", ["TARIFF"]),
    "A30-17": (REPORT, "/eventID", "a b"),
    "A30-18": (REPORT, "/clientName", ""),
    "A30-19": (WISH, "/reportDescriptors/0/payloadType", ""),
    "A30-20": (REPORT, "/payloadDescriptors/0/confidence", 101),
    "A30-21": (WISH, "/reportDescriptors/0/numIntervals", -2),
    "A30-22": (EVENT, "/intervals/0/payloads/0/values", ["dear"]),
    "A30-23": (EVENT, "/intervalPeriod/duration", "-PT15M"),
    "A30-24": (PROGRAM, "/modificationDateTime", "2026-01-01"),
    "A30-25": (REPORT, "/createdDateTime", "2026-01-01"),
}


def violations(value: dict) -> set[str]:
    return {v.rule for v in check(sent(value)).violations if v.severity == "Violation"}


@pytest.mark.parametrize("rule", BROKEN)
def test_rule_finds_what_breaks_it(rule):
    """Each rule of shapes/openadr-3.ttl is silent on a good object and finds the one that breaks it."""
    value, path, to = BROKEN[rule]
    assert violations(value) == set()
    assert rule in violations(changed(value, path, to))


SHARED = {
    "EVT-18": (EVENT, "/priority", -1),
    "INT-6": (EVENT, "/intervals/0/payloads/1/values/0", 7),
    "RDG-2": (REPORT, "/resources/0/intervals/0/payloads/0/values/0", 1e70),
    "RIN-5": (REPORT, "/resources/0/intervals/0/payloads", []),
}


@pytest.mark.parametrize("rule", SHARED)
def test_rules_of_2_0_hold_where_they_mean_the_same(rule):
    """A rule that was written for 2.0 finds the same fault in an object of 3."""
    value, path, to = SHARED[rule]
    assert rule in violations(changed(value, path, to))


def test_pointers_are_json_pointers():
    """A finding names the member by its JSON pointer."""
    value = changed(EVENT, "/intervals/1/payloads/1/values/0", 7)
    assert {v.pointer for v in check(sent(value)).violations if v.rule == "INT-6"} == {
        "/intervals/1/payloads/1/values/0"
    }


def test_mutations_never_fail_but_by_a_finding():
    """A thousand damaged documents are each judged, whatever was done to them."""
    dice = random.Random(31)
    junk = [
        None,
        True,
        0,
        -1,
        1e9,
        "",
        "x",
        "PT1H",
        [],
        {},
        [[]],
        [None],
        {"x": 1},
        ["a", 1, {"x": 1, "y": 2}],
    ]

    def damage(value):
        if isinstance(value, dict) and value and dice.random() < 0.8:
            key = dice.choice(list(value))
            return {**value, key: damage(value[key])}
        if isinstance(value, list) and value and dice.random() < 0.8:
            place = dice.randrange(len(value))
            return [*value[:place], damage(value[place]), *value[place + 1 :]]
        return dice.choice(junk)

    bases = [EVENT, REPORT, SUBSCRIPTION, NOTIFICATION, WISH, PROGRAM]
    for _ in range(1000):
        value = dice.choice(bases)
        for _ in range(dice.randint(1, 3)):
            value = damage(value)
        data = sent(value)
        if dice.random() < 0.1:
            place = dice.randrange(len(data))
            data = data[:place] + bytes([dice.randrange(256)]) + data[place + 1 :]
        report = check(data)
        assert report.verdict in ("conforms", "violates", "unreadable"), data


@pytest.mark.parametrize("name", ["event", "report"])
def test_conversion_there_and_back_keeps_the_meaning(name):
    """A payload of 3.1 in 2.0b is accepted there, and back in 3.1 means what it meant."""
    data = (FOLDER / f"{name}.json").read_bytes()
    there = convert(data, "2.0b", vtn="VTN-CITY")
    (xml,) = there.payloads
    assert check(xml).conforms
    assert meaning(xml) == meaning(data)
    assert there.assumed
    (back,) = convert(xml, "3.1").payloads
    assert check(back).conforms
    assert meaning(back) == meaning(data)


@pytest.mark.parametrize("name", ["event", "report"])
def test_conversion_from_2_0b(name):
    """A payload of 2.0b in 3.1 is accepted there and means the same; what has no place is told."""
    data = (FOLDER / f"{name}.xml").read_bytes()
    made = convert(data, "3.1")
    (payload,) = made.payloads
    assert check(payload).conforms
    assert meaning(payload) == meaning(data)
    assert any("requestID" in text for text in made.lost)


def test_conversion_tells_what_is_lost():
    """A payload type without counterpart in 2.0b is left out, and said."""
    value = json.loads(json.dumps(EVENT))
    for interval in value["intervals"]:
        interval["payloads"][0] = {"type": "GHG", "values": [300]}
    made = convert(sent(value), "2.0b", vtn="V")
    assert any("GHG" in text for text in made.lost)
    assert any("eventName evening peak" in text for text in made.lost)


def test_conversion_asks_for_the_vtn():
    """What 2.0b cannot be without and nobody can guess is asked for."""
    with pytest.raises(UsageError, match="--vtn"):
        convert(sent(EVENT), "2.0b")


def test_conversion_refuses_its_own_standard():
    """A payload is not converted to what it is."""
    with pytest.raises(UsageError, match="already"):
        convert(sent(EVENT), "3.1")
    with pytest.raises(UsageError, match="no standard"):
        convert(sent(EVENT), "2.0c")


def test_convert_command_tells_losses_and_is_strict_on_demand():
    """The command prints the payload, tells losses on standard error, and with --strict ends with 1."""
    asked = ["convert", str(FOLDER / "event.json"), "--to", "2.0b", "--vtn", "V"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0
    assert done.stdout.startswith("<?xml")
    assert "not carried over: eventName" in done.stderr
    assert CliRunner().invoke(app, [*asked, "--strict"]).exit_code == 1


def test_numbers_keep_their_digits():
    """A number is what its text says, not the nearest binary fraction."""
    data = sent(EVENT).replace(b"0.42", b"0.1234567890123456789012345678")
    assert "0.1234567890123456789012345678" in lift(read(data)).ntriples
    (made,) = lowered_json(Statements.of(lift(read(data)).ntriples))
    assert b"0.1234567890123456789012345678" in made.data


def test_values_of_every_kind_come_back():
    """Texts, truth values, points and lists of them keep kind and order."""
    for values in (["a"], [True], [{"x": 1, "y": -2.5}], [1, "a", False, {"x": 0, "y": 1}], [3, 2, 3], []):
        value = changed(EVENT, "/intervals/0/payloads/0", {"type": "X_OWN", "values": values})
        (made,) = lowered_json(Statements.of(lifted(value).ntriples))
        assert plain(json.loads(made.data)) == plain(value)


def test_now_gives_no_times():
    """The start by which OpenADR 3 means now is kept, and no start or end is worked out from it."""
    value = changed(EVENT, "/intervalPeriod/start", "0001-01-01T00:00:00Z")
    graph = lifted(value).ntriples
    assert graph.count("0001-01-01T00:00:00Z") == 1
    assert f"<{FLEX}endsAt>" not in graph
    assert violations(value) == set()


def test_ingest_takes_objects(tmp_path):
    """An object that conforms is recorded and queried like any payload."""
    store = str(tmp_path / "store")
    done = CliRunner().invoke(app, ["ingest", *map(str, FOLDER.iterdir()), "--store", store])
    assert done.exit_code == 0, done.output
    assert "4 accepted, 0 refused" in done.output
    query = "SELECT ?n { ?v a flex:EventVersion ; flex:signal/flex:signalName ?n }"
    done = CliRunner().invoke(app, ["query", query, "--store", store, "--format", "csv"])
    assert done.output.count("ELECTRICITY_PRICE") == 2


def test_no_object_is_answered_by_a_message():
    """OpenADR 3 answers with an HTTP status: there is no reply to print."""
    done = CliRunner().invoke(app, ["reply", str(FOLDER / "event.json")])
    assert done.exit_code == 0
    assert done.stdout == ""


def test_every_node_has_a_class():
    """A subject in the graph of an object has a class."""
    about = Statements.of(lifted(EVENT).ntriples)
    assert [node for node in about.subjects() if not about.objects(node, RDF + "type")] == []


def test_stored_queries_answer_for_events_of_3(tmp_path):
    """The version that changed last is the current one, whatever came last; queries on events show it."""
    store, run = str(tmp_path / "store"), CliRunner()
    later = {**EVENT, "priority": 2}
    earlier = {**EVENT, "modificationDateTime": "2026-11-30T12:10:00Z"}
    for name, value in (("later", later), ("earlier", earlier)):
        (tmp_path / f"{name}.json").write_bytes(sent(value))
        assert run.invoke(app, ["ingest", str(tmp_path / f"{name}.json"), "--store", store]).exit_code == 0

    def rows(name: str, *more: str) -> list[dict[str, str]]:
        done = run.invoke(app, ["query", name, *more, "--store", store, "--format", "csv"])
        assert done.exit_code == 0, done.output
        return list(csv.DictReader(done.stdout.splitlines()))

    assert {(row["event"], row["modified"], row["status"]) for row in rows("events")} == {
        ("E-31", "2026-11-30T12:30:00Z", "")
    }
    assert {row["signal"] for row in rows("active")} == {"ELECTRICITY_PRICE", "SIMPLE"}
    assert [row["modified"] for row in rows("event-history", "event=E-31")] == [
        "2026-11-30T12:10:00Z",
        "2026-11-30T12:30:00Z",
    ]
    assert {row["event"] for row in rows("requested")} == {"E-31"}


POWER = {
    **EVENT,
    "payloadDescriptors": [{"payloadType": "DISPATCH_SETPOINT", "units": "KW"}],
    "intervals": [{"id": 0, "payloads": [{"type": "DISPATCH_SETPOINT", "values": [5.5]}]}],
}


def test_convert_asks_for_the_supply_that_2_0_states_beside_power():
    """What 2.0b asks for and 3 does not say is given, or asked for, never invented."""
    with pytest.raises(kg.FlexKGError, match="--hertz 50"):
        convert(sent(POWER), "2.0b", vtn="V")
    with pytest.raises(kg.FlexKGError, match="--hertz 50"):
        convert(sent(POWER), "2.0b", vtn="V", hertz="fifty", voltage="230")
    (data,) = convert(sent(POWER), "2.0b", vtn="V", hertz="50", voltage="230").payloads
    assert b"<power:hertz>50</power:hertz>" in data
    assert b"<power:ac>true</power:ac>" in data
    assert check(data).verdict == "conforms"


def test_convert_names_the_programme_by_its_id():
    """A programme that is a URI in 2.0b gets the id that it has in 3, or is told to lack it."""
    (data,) = convert(sent(EVENT), "2.0b", vtn="V").payloads
    data = data.replace(b">dynamic-price<", b">https://market.example/dynamic<")
    with pytest.raises(UsageError, match="--program"):
        convert(data, "3.1")
    made = convert(data, "3.1", program="dynamic-price")
    assert not any("--program" in lost for lost in made.lost)
    assert json.loads(made.payloads[0])["programID"] == "dynamic-price"
    with pytest.raises(kg.FlexKGError, match="no id"):
        convert(data, "3.1", program="a b")


def test_objects_are_compared_with_what_is_known(tmp_path):
    """A report's event, an event's state and the client are looked up; the programme tells units."""
    bare = {key: value for key, value in EVENT.items() if key != "payloadDescriptors"}
    descriptors = EVENT["payloadDescriptors"]
    known = {
        "event": EVENT,
        "ven": {"objectType": "VEN", "id": "v-1", "venName": "VEN-HARBOUR"},
        "program": {**PROGRAM, "id": "dynamic-price", "payloadDescriptors": descriptors},
    }
    for name, value in known.items():
        (tmp_path / f"{name}.json").write_bytes(sent(value))
    whole = tmp_path / "complete.ttl"
    whole.write_text("[] <https://w3id.org/flexkg/def#completeFor> <https://w3id.org/flexkg/def#Event> .")
    context = FileContext([tmp_path])

    def found(value: dict, profile: str = "core") -> dict[str, str]:
        report = check(sent(value), profile=profile, context=context)
        return {v.rule: v.pointer for v in report.violations}

    assert found(EVENT, "strict") == found(REPORT) == {}
    assert found({**REPORT, "eventID": "E-99"}) == {"CTX-14": "/eventID"}
    assert found({**REPORT, "clientName": "VEN-X"}) == {"CTX-30": "/clientName"}
    earlier = {**EVENT, "modificationDateTime": "2026-11-30T12:10:00Z"}
    assert found(earlier) == {"CTX-36": "/modificationDateTime"}
    assert found({**EVENT, "priority": 2}) == {"CTX-11": "/modificationDateTime"}
    assert "A30-40" not in found(bare, "strict")
    assert "A30-40" in {v.rule for v in check(sent(bare), profile="strict").violations}
    earlier = [lift(read(sent(known["program"])))]
    assert next(explain(lift(read(sent(bare))), earlier)).binding.symbol == "EUR/kWh"
