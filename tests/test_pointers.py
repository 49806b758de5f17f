"""Pointers: a finding leads by XPath to the element of the payload that was changed to cause it."""

import random

import pytest
from lxml import etree

import kg
from bench.payloads import fresh
from tests.leaves import mapping_file

SIGNAL = "//ei:eiEventSignal[1]"
#: kind of payload, XPath of what is changed, its new text (None: taken away), XPath of where the finding is
EDITS = {
    "negative event": (
        "oadrDistributeEvent",
        "//ei:eiActivePeriod//xcal:duration/xcal:duration",
        "-PT5M",
        "",
    ),
    "event without ID": ("oadrDistributeEvent", "//ei:eventDescriptor/ei:eventID", "", ""),
    "negative interval": (
        "oadrDistributeEvent",
        f"{SIGNAL}//ei:interval[3]/xcal:duration/xcal:duration",
        "-PT5M",
        "",
    ),
    "interval of no length": (
        "oadrDistributeEvent",
        f"{SIGNAL}//ei:interval[2]/xcal:duration/xcal:duration",
        "P",
        "",
    ),
    "level out of range": (
        "oadrDistributeEvent",
        f"{SIGNAL}//ei:interval[4]//ei:value",
        "9",
        "",
    ),
    "no number": ("oadrDistributeEvent", f"{SIGNAL}//ei:interval[1]//ei:value", "NaN", ""),
    "no such uid": ("oadrDistributeEvent", f"{SIGNAL}//ei:interval[2]/xcal:uid/xcal:text", "x", ""),
    "signal without ID": ("oadrDistributeEvent", "//ei:eiEventSignal[2]/ei:signalID", "", ""),
    "interval without uid": (
        "oadrDistributeEvent",
        f"{SIGNAL}//ei:interval[2]/xcal:uid",
        None,
        f"{SIGNAL}//ei:interval[2]",
    ),
    "poll without VEN": ("oadrPoll", "//ei:venID", "", ""),
    "reading without rID": ("oadrUpdateReport", "//ei:interval[7]//ei:rID", "", ""),
    "infinite reading": ("oadrUpdateReport", "//ei:interval[7]//ei:value", "INF", ""),
    "report without specifier": ("oadrUpdateReport", "//ei:reportSpecifierID", "", ""),
    "data point without rID": ("oadrRegisterReport", "//oadr:oadrReportDescription/ei:rID", "", ""),
}


@pytest.mark.parametrize("name", EDITS)
def test_check_points_to_what_was_changed(name):
    """A change to a payload that conforms gives a finding whose pointer and line are those of the change."""
    kind, changed, text, place = EDITS[name]
    spaces = mapping_file()["prefixes"]
    data = fresh(kind, 10 if kind == "oadrUpdateReport" else 1, 1, random.Random(8))[0]
    assert kg.check(data).conforms
    root = etree.fromstring(data.replace(b"><", b">\n<"))
    (element,) = root.xpath(changed, namespaces=spaces)
    if text is None:
        element.getparent().remove(element)
    else:
        element.text = text
    payload = etree.tostring(root)
    report = kg.check(payload)
    tree = etree.fromstring(payload)
    (expected,) = tree.xpath(place or changed, namespaces=spaces)
    found = []
    for violation in report.violations:
        assert violation.rule != "XSD"
        path = violation.pointer
        while not (at := tree.xpath(path, namespaces=spaces)):
            path = path.rpartition("/")[0]
        assert len(at) == 1
        if at[0] is expected:
            found.append(violation)
            assert violation.line == expected.sourceline
    assert found, [(violation.rule, violation.pointer) for violation in report.violations]
