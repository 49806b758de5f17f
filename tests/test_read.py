"""read: every input that is no OpenADR 2.0b message is refused with a code, a place and a cure."""

import random
import threading
import time

import pytest
from lxml import etree

import kg
from bench.payloads import KINDS, fresh
from kg.errors import UnreadablePayload
from kg.xml import MAX_BYTES, read
from tests.paths import DATA, PAYLOADS, ROOT, needs_data

OADR = "http://openadr.org/oadr-2.0b/2012/07"
EI = "http://docs.oasis-open.org/ns/energyinterop/201110"
POLL = (
    f'<o:oadrPoll xmlns:o="{OADR}" xmlns:e="{EI}" e:schemaVersion="2.0b"><e:venID>v1</e:venID></o:oadrPoll>'
)
BOMB = (
    '<!DOCTYPE b [<!ENTITY a "1234567890">'
    + "".join(
        f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefghi", "bcdefghij", strict=True)
    )
    + "]><b>&j;</b>"
)
PAYLOAD = f'<o:oadrPayload xmlns:o="{OADR}">%s</o:oadrPayload>'


def attributes(count: int) -> bytes:
    many = " ".join(f'a{n}=""' for n in range(count))
    return POLL.replace(" e:schemaVersion", f" {many} e:schemaVersion").encode()


#: name: bytes, code, part of what is said, part of the place, part of the cure
REFUSED = {
    "empty": (b"", "empty", "is empty", "", "send one OpenADR 2.0b message"),
    "white space": (b" \r\n\t ", "empty", "is empty", "", "send one"),
    "byte order mark only": (b"\xef\xbb\xbf", "empty", "is empty", "", "send one"),
    "text": (b"hello", "not-xml", "not well-formed", "line 1, column 1", "well-formed"),
    "JSON": (
        b'{"objectType": "EVENT"}',
        "unknown-message",
        "no OpenADR 3 message",
        "/objectType",
        "send one of",
    ),
    "truncated": (POLL[:-8].encode(), "not-xml", "not well-formed", "line 1", "well-formed"),
    "two roots": ((POLL + POLL).encode(), "not-xml", "not well-formed", "line 1", "well-formed"),
    "control character": (
        POLL.replace("v1", "v\x01").encode(),
        "not-xml",
        "not well-formed",
        "line 1",
        "well-",
    ),
    "unknown entity": (
        POLL.replace("v1", "&v;").encode(),
        "not-xml",
        "not well-formed",
        "line 1",
        "well-formed",
    ),
    "prefix without namespace": (b"<o:oadrPoll/>", "not-xml", "prefix o", "line 1", "well-formed"),
    "ISO-8859-1": (
        f'<?xml version="1.0" encoding="ISO-8859-1"?>{POLL}'.replace("v1", "é").encode("latin-1"),
        *("encoding", "ISO-8859-1", "line 1", "send UTF-8"),
    ),
    "UTF-8 that says ISO-8859-1": (
        f"<?xml version='1.0' encoding = 'iso-8859-1' ?>{POLL}".encode(),
        *("encoding", "iso-8859-1", "line 1", "send UTF-8"),
    ),
    "UTF-8 that says UTF-7": (
        f'<?xml version="1.0" encoding="UTF-7"?>{POLL}'.encode(),
        *("encoding", "UTF-7", "line 1", "send UTF-8"),
    ),
    "invalid UTF-8": (
        POLL.replace("><e", ">\n<e").encode().replace(b"v1", b"v\xff"),
        *("encoding", "is not UTF-8", "line 2", "send UTF-8"),
    ),
    "overlong UTF-8": (
        POLL.encode().replace(b"v1", b"\xc0\xbc"),
        "encoding",
        "is not UTF-8",
        "byte",
        "send UTF-8",
    ),
    "surrogate": (
        POLL.encode().replace(b"v1", b"\xed\xa0\x80"),
        "encoding",
        "is not UTF-8",
        "byte",
        "send UTF-8",
    ),
    "UTF-32": (POLL.encode("utf-32"), "encoding", "UTF-32", "byte 0", "send UTF-8"),
    "UTF-32, big end first": (
        b"\x00\x00\xfe\xff" + POLL.encode("utf-32-be"),
        *("encoding", "NUL", "byte 0", "send UTF-8"),
    ),
    "UTF-16 without mark": (POLL.encode("utf-16-le"), "encoding", "NUL", "byte 1", "byte order mark"),
    "UTF-16, cut": (POLL.encode("utf-16")[:-1], "encoding", "UTF-16", "byte", "send UTF-8"),
    "UTF-16, lone surrogate": (
        POLL.encode("utf-16-le").replace(b"v\x001\x00", b"\x00\xd8v\x00").join([b"\xff\xfe", b""]),
        *("encoding", "UTF-16", "byte", "send UTF-8"),
    ),
    "NUL in text": (POLL.replace("v1", "v\x00").encode(), "encoding", "NUL", "byte 1", "send UTF-8"),
    "NUL at the end": (POLL.encode() + b"\x00", "encoding", "NUL", "byte", "send UTF-8"),
    "NUL in UTF-16": (
        POLL.replace("v1", "v\x00").encode("utf-16"),
        "not-xml",
        "not well-formed",
        "line 1",
        "well-",
    ),
    "DOCTYPE": (f"<!DOCTYPE oadrPoll>{POLL}".encode(), "doctype", "DOCTYPE", "before", "remove the DOCTYPE"),
    "DOCTYPE, lower case": (f"<!doctype x>{POLL}".encode(), "doctype", "DOCTYPE", "before", "remove"),
    "DOCTYPE after a declaration": (
        f'<?xml version="1.0"?>\n<!DOCTYPE x>{POLL}'.encode(),
        *("doctype", "DOCTYPE", "before", "remove"),
    ),
    "DOCTYPE after a comment": (
        f"<!-- <a> --><?p <b> ?>\n<!DOCTYPE x>{POLL}".encode(),
        *("doctype", "DOCTYPE", "before", "remove"),
    ),
    "DOCTYPE after a mark": (
        f"<!DOCTYPE x>{POLL}".encode("utf-8-sig"),
        *("doctype", "DOCTYPE", "before", "remove"),
    ),
    "DOCTYPE in UTF-16": (f"<!DOCTYPE x>{POLL}".encode("utf-16"), "doctype", "DOCTYPE", "before", "remove"),
    "DOCTYPE inside": (
        POLL.replace("v1", "<!DOCTYPE x>").encode(),
        *("not-xml", "not well-formed", "line 1", "well-formed"),
    ),
    "entity bomb": (BOMB.encode(), "doctype", "DOCTYPE", "before", "entities"),
    "external entity": (
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        *("doctype", "DOCTYPE", "before", "entities"),
    ),
    "50 MB": (
        b"<a>" + b" " * 50_000_000 + b"</a>",
        "too-large",
        "more than the 1,048,576 bytes",
        "",
        "FLEXKG_MAX_PAYLOAD_BYTES",
    ),
    "one byte too many": (
        POLL.encode() + b" " * (MAX_BYTES + 1 - len(POLL)),
        *("too-large", "1,048,576 bytes allowed", "", "fewer intervals"),
    ),
    "depth 10,000": (b"<a>" * 10_000, "too-deep", "nests more than 256 elements", "line 1", "nest fewer"),
    "depth 10,000 of elements known": (
        POLL.replace("v1", "<e:venID>" * 10_000).encode(),
        *("too-deep", "nests more than 256 elements", "line 1", "nest fewer"),
    ),
    "unknown root": (b"<html/>", "unknown-message", "'html' in namespace none", "line 1", OADR),
    "unknown root of 2.0b": (
        f'\n<oadrEvent xmlns="{OADR}"/>'.encode(),
        *("unknown-message", "'oadrEvent'", "line 2", OADR),
    ),
    "wrong namespace": (
        POLL.replace(OADR, "http://openadr.org/oadr-2.0c").encode(),
        *("unknown-message", "http://openadr.org/oadr-2.0c", "line 1", OADR),
    ),
    "no namespace": (
        b"<oadrPoll><venID>v</venID></oadrPoll>",
        *("unknown-message", "namespace none", "line 1", OADR),
    ),
    "no message of 2.0a": (
        POLL.replace("2.0b/2012", "2.0a/2012").encode(),
        *("unknown-message", "'oadrPoll'", "line 1", "oadr-2.0a"),
    ),
    "oadrPayload with another thing": (
        (PAYLOAD % "<o:oadrSignedObject><html/></o:oadrSignedObject>").encode(),
        *("unknown-message", "'html'", "line 1", OADR),
    ),
}


@pytest.mark.parametrize(
    "inside", ["", "<o:oadrSignedObject/>", "<o:oadrSignedObject>poll</o:oadrSignedObject>"]
)
def test_an_envelope_without_a_message_violates_the_schema(inside):
    """It is well-formed and of a known namespace, so the schema can say what is wrong with it."""
    data = (PAYLOAD % inside).encode()
    report = kg.check(data)
    assert (report.verdict, report.message_type) == ("violates", "oadrPayload")
    assert {violation.rule for violation in report.violations} == {"XSD"}
    with pytest.raises(UnreadablePayload, match="no message"):
        read(data, standard="2.0a")


@pytest.mark.parametrize("name", REFUSED)
def test_read_refuses_with_code_place_and_cure(name):
    """What is no message is refused in one line that says what, where and what to do."""
    data, code, what, where, cure = REFUSED[name]
    with pytest.raises(UnreadablePayload) as caught:
        read(data)
    error = caught.value
    assert error.code == code
    assert what in error.what
    assert where in error.where
    assert bool(error.where) == bool(where)
    assert cure in error.cure
    assert "\n" not in str(error)
    assert len(str(error)) < 400


@pytest.mark.parametrize("name", REFUSED)
def test_check_reports_what_read_refuses(name):
    """kg.check raises nothing for such bytes: it gives a report with one finding and the bytes' digest."""
    data, code, what, _, cure = REFUSED[name]
    report = kg.check(data)
    assert (report.verdict, report.message_type, report.conforms) == ("unreadable", "", False)
    (finding,) = report.violations
    assert (finding.rule, finding.severity) == (f"READ-{code}", "Violation")
    assert what in finding.message
    assert cure in finding.cure
    assert len(report.digest) == 64
    says = {
        "encoding": "XML 1.0",
        "not-xml": "XML 1.0",
        "empty": "XML 1.0",
        "unknown-message": "oadr_20b.xsd",
    }
    if data[:1] != b"{":
        assert says.get(code, "no clause of OpenADR") in finding.source


ACCEPTED = {
    "plain": POLL.encode(),
    "declared": f'<?xml version="1.0" encoding="utf-8"?>\n{POLL}\n'.encode(),
    "ASCII": f'<?xml version="1.0" encoding="US-ASCII"?>{POLL}'.encode(),
    "standalone": f"<?xml version='1.0' encoding='UTF-8' standalone='yes'?>{POLL}".encode(),
    "UTF-8 with mark": POLL.encode("utf-8-sig"),
    "UTF-16": POLL.encode("utf-16"),
    "UTF-16, big end first": b"\xfe\xff" + POLL.encode("utf-16-be"),
    "UTF-16, declared": f'<?xml version="1.0" encoding="UTF-16"?>{POLL}'.encode("utf-16"),
    "comments before and after": f"<!-- DOCTYPE -->{POLL}<!-- <!DOCTYPE> -->".encode(),
    "comment in text": POLL.replace("v1", "v<!-- 0 -->1").encode(),
    "instruction in text": POLL.replace("v1", "v<?go on?>1").encode(),
    "CDATA": POLL.replace("v1", "<![CDATA[v1]]>").encode(),
    "CDATA and comment": POLL.replace("v1", "<![CDATA[v]]><!-- - --><![CDATA[1]]>").encode(),
    "character reference": POLL.replace("v1", "&#118;&#x31;").encode(),
    "in a payload": (PAYLOAD % f"<o:oadrSignedObject>{POLL}</o:oadrSignedObject>").encode(),
    "in a payload with comments": (
        PAYLOAD % f"<!-- a --><o:oadrSignedObject><!-- b -->{POLL}</o:oadrSignedObject>"
    ).encode(),
    "as large as allowed": POLL.encode() + b" " * (MAX_BYTES - len(POLL)),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_read_accepts_what_xml_allows(name):
    """One message in any form that XML 1.0 allows without a DOCTYPE gives the same values."""
    document = read(ACCEPTED[name])
    assert (document.message_type, document.profile, document.schema_errors) == ("oadrPoll", "2.0b", ())
    assert document.body.findtext(f"{{{EI}}}venID") == "v1"
    assert document.data == ACCEPTED[name]


def test_read_takes_the_cap_as_a_setting():
    """The cap on bytes is the caller's to choose, both ways."""
    with pytest.raises(UnreadablePayload, match="100 bytes allowed"):
        read(POLL.encode(), max_bytes=100)
    assert kg.check(POLL.encode(), max_bytes=100).violations[0].rule == "READ-too-large"
    large = POLL.encode() + b" " * MAX_BYTES
    assert read(large, max_bytes=2 * MAX_BYTES).message_type == "oadrPoll"


def test_check_bounds_what_the_schema_finds():
    """100,000 attributes, or a wrong value in each reading, give 100 findings and a count of the rest."""
    readings = fresh("oadrUpdateReport", 150, 1, random.Random(1))[0]
    readings = readings.replace(b"<ei:confidence>", b"<ei:confidence>-")
    for data, count in ((attributes(100_000), 100_000), (readings, 150)):
        assert len(data) < MAX_BYTES
        report = kg.check(data)
        assert report.verdict == "violates"
        assert [violation.rule for violation in report.violations] == ["XSD"] * 101
        assert report.violations[-1].message.endswith("more errors are not listed")
        assert count // 2 <= 100 + int(report.violations[-1].message.split()[0].replace(",", "")) <= 2 * count
    assert len({violation.pointer for violation in report.violations}) > 50


INVALID = {
    "unknown element": (
        POLL.replace("</o:", "<e:x/></o:"),
        "'x': This element is not expected",
        "/oadr:oadrPoll/ei:x",
    ),
    "missing element": (POLL.replace("<e:venID>v1</e:venID>", ""), "Missing child", "/oadr:oadrPoll"),
    "twice": (
        POLL.replace("<e:venID>v1</e:venID>", "<e:venID>v1</e:venID>" * 2),
        *("not expected", "/oadr:oadrPoll/ei:venID[2]"),
    ),
    "text between": (POLL.replace("</o:", "text</o:"), "not allowed", "/oadr:oadrPoll"),
    "unknown attribute": (POLL.replace("<e:venID>", "<e:venID x='1'>"), "'x'", "/oadr:oadrPoll/ei:venID"),
    "child in a leaf": (POLL.replace("v1", "<e:venID/>"), "not allowed", "/oadr:oadrPoll/ei:venID"),
}


@pytest.mark.parametrize("name", INVALID)
def test_check_places_what_the_schema_refuses(name):
    """A payload that can be read and is not valid violates, with the schema's words, line and XPath."""
    text, words, pointer = INVALID[name]
    report = kg.check(text.encode())
    assert (report.verdict, report.message_type) == ("violates", "oadrPoll")
    first = report.violations[0]
    assert (first.rule, first.severity, first.line) == ("XSD", "Violation", 1)
    assert words in first.message
    assert first.pointer == pointer
    assert first.cure
    assert first.source


@needs_data
@pytest.mark.parametrize("path", sorted((DATA / "hostile-xml").glob("*")), ids=lambda path: path.name)
def test_read_refuses_hostile_xml(path):
    """Entity bombs, cyclic and external entities and foreign DTDs end at the DOCTYPE."""
    with pytest.raises(UnreadablePayload) as caught:
        read(path.read_bytes())
    assert caught.value.code == "doctype"


@needs_data
@pytest.mark.parametrize(
    "path", sorted(PAYLOADS.rglob("*.xml")), ids=lambda path: str(path.relative_to(PAYLOADS))
)
def test_every_payload_gets_a_verdict(path):
    """Whatever the file, reading gives a document or one kind of error, and checking gives a verdict."""
    data = path.read_bytes()
    report = kg.check(data)
    if report.verdict == "unreadable":
        with pytest.raises(UnreadablePayload) as caught:
            read(data)
        assert report.violations[0].rule == f"READ-{caught.value.code}"
        assert caught.value.cure
    else:
        document = read(data)
        assert report.message_type == document.message_type
        assert (report.verdict == "violates") >= bool(document.schema_errors)


@needs_data
def test_every_payload_of_2_0a_is_told_its_profile():
    """Where 2.0b is asked for, a 2.0a message is told so and nothing else."""
    codes = {}
    for path in sorted((PAYLOADS / "2.0a").rglob("*.xml")):
        with pytest.raises(UnreadablePayload) as caught:
            read(path.read_bytes(), standard="2.0b")
        codes[path.name] = caught.value.code
    damaged = {"genOadrCreatedEvent.xml": "empty", "genOadrDistributeEvent.xml": "not-xml"}
    assert {name: code for name, code in codes.items() if code != "profile"} == damaged


def seeds() -> list[bytes]:
    made = [fresh(kind, sizes[0], 1, random.Random(7))[0] for kind, (_, sizes) in KINDS.items()]
    found = [*(ROOT / "examples").glob("*/*.xml"), *(PAYLOADS / "2.0b").rglob("*.xml")]
    return made + [path.read_bytes() for path in sorted(found)]


ODD = (
    "",
    " ",
    "P",
    "-PT5M",
    "NaN",
    "INF",
    "1e400",
    "9" * 400,
    "24:00:00",
    "\u202e",
    "<>",
    'a"b\\c\n',
    "0",
    "ä€😀",
)


def bytes_changed(data: bytes, rng: random.Random) -> bytes:
    """Change, drop, insert, repeat or cut bytes; often few and mild, so that some stays readable."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 6))):
        at, to = sorted(rng.randrange(len(out) + 1) for _ in range(2))
        to = min(to, at + 40)
        match rng.randrange(6):
            case 0 if out:
                out[min(at, len(out) - 1)] = rng.randrange(256)
            case 5 if out:
                out[min(at, len(out) - 1)] = rng.choice(b"0123456789-:.TZazAZ ")
            case 1:
                del out[at:to]
            case 2:
                out[at:at] = rng.randbytes(rng.randint(1, 4))
            case 3:
                out[at:at] = out[at:to]
            case _:
                out[at:at] = rng.choice(
                    (b"<!DOCTYPE x>", b"&a;", b"]]>", b"<!--", b"\x00", b"\xff\xfe", b"<a>", b'"')
                )
    return bytes(out)


def tree_changed(data: bytes, rng: random.Random) -> bytes:
    """Remove, repeat, move, rename elements; give leaves odd texts; keep the XML well-formed."""
    root = etree.fromstring(data)
    for _ in range(rng.randint(1, 3)):
        inner = [element for element in root.iterdescendants() if isinstance(element.tag, str)]
        if not inner:
            break
        element, other = rng.choice(inner), rng.choice(inner)
        parent = element.getparent()
        match rng.randrange(6):
            case 0:
                parent.remove(element)
            case 1:
                parent.append(etree.fromstring(etree.tostring(element)))
            case 2 if other not in element.iterdescendants() and other is not element:
                other.append(element)
            case 3:
                element.tag = other.tag
            case 4:
                element.set(rng.choice(("a", f"{{{EI}}}schemaVersion")), rng.choice(ODD))
            case _ if not len(element):
                element.text = rng.choice(ODD)
    return etree.tostring(root)


def values_changed(data: bytes, rng: random.Random) -> bytes:
    """Give leaves texts of other leaves or odd ones: what the schema often lets pass."""
    root = etree.fromstring(data)
    leaves = [element for element in root.iter() if isinstance(element.tag, str) and not len(element)]
    for element in rng.sample(leaves, min(3, len(leaves))):
        element.text = rng.choice([*ODD, *(leaf.text for leaf in leaves)])
    return etree.tostring(root)


@pytest.mark.parametrize("change", [bytes_changed, tree_changed, values_changed])
def test_check_never_raises(change):
    """A thousand damaged payloads of each kind of damage: each gets a report, none an exception."""
    rng = random.Random(20260301)
    wellformed = []
    for data in seeds():
        try:
            etree.fromstring(data)
        except etree.XMLSyntaxError:
            continue
        wellformed.append(data)
    verdicts = {"conforms": 0, "violates": 0, "unreadable": 0}
    for _ in range(1000):
        changed = change(rng.choice(wellformed), rng)
        report = kg.check(changed)
        verdicts[report.verdict] += 1
        for violation in report.violations:
            assert violation.rule
            assert violation.message
            assert "\n" not in violation.pointer
    assert sum(verdicts.values()) == 1000
    assert verdicts["violates"] >= 10


def test_read_is_safe_in_threads():
    """Threads that read at the same time get the documents of their own bytes."""
    names = [f"ven-{n}" for n in range(8)]
    wrong: list[str] = []

    def work(name: str) -> None:
        data = POLL.replace("v1", name).encode()
        broken = data.replace(b"</o:", b"<e:x/></o:")
        for _ in range(50):
            if read(data).body.findtext(f"{{{EI}}}venID") != name:
                wrong.append(name)
            if len(kg.check(broken).violations) != 1:
                wrong.append(f"{name} broken")
            time.sleep(0)

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_element_of_another_namespace_is_told_by_it() -> None:
    """Both have the same name, so the name alone would say that it is not expected and expected."""
    data = (ROOT / "examples" / "01-price-event" / "price.xml").read_bytes()
    moved = data.replace(b"ei:vtnID>", b"oadr:vtnID>")
    told = [error.message for error in read(moved).schema_errors]
    assert told == [
        "Element 'vtnID': This element is not expected. Expected is ( vtnID ),"
        " of the namespace http://docs.oasis-open.org/ns/energyinterop/201110."
    ]
