"""Damage to messages of OpenADR 3: a member by its JSON pointer, ``*`` for the first item and the last."""

from dataclasses import dataclass

#: Stands for a member that is taken away.
GONE = object()


@dataclass(frozen=True)
class Kind:
    """A kind of damage to a JSON object.

    Attributes:
        name: what is wrong afterwards.
        clause: what the standard says about it, in words.
        messages: kinds of message that it fits.
        path: the member; done where there is one, or where the object around it is when ``new``.
        to: what stands there afterwards.
        speaks: pattern for what the finding that refuses it talks about.
        new: whether the member may be missing before.
        within: pointer of the object in which a finding may point; empty: the one that holds the member.
        gap: why nothing catches it, where nothing does.
        level: the level of strictness at which it is refused; only messages that conform there are damaged.
        since: first version whose documents say so.
    """

    name: str
    clause: str
    messages: tuple[str, ...]
    path: str
    to: object
    speaks: str
    new: bool = False
    within: str = ""
    gap: str = ""
    level: str = "core"
    since: str = "3.0"


_LENGTH = "a duration is a length of time of ISO 8601, and not negative"
_TIME = "a date-time is one of RFC 3339: a day that exists, a time and a zone"
_ID = "an object's ID has 1 to 128 letters, digits, hyphens and underscores"
_NAME = "a name has 1 to 128 characters"
_LONG = "x" * 129
_EVENT, _REPORT, _PROGRAM, _SUBSCRIPTION = ("event",), ("report",), ("program",), ("subscription",)

KINDS = [
    *(
        Kind(f"{what} {how}", clause, messages, path, to, speaks, new=new)
        for what, clause, messages, path, speaks, new, damage in (
            ("duration of an event", _LENGTH, _EVENT, "/duration", "duration|length", True, "length"),
            (
                *("duration of the intervals", _LENGTH, _EVENT, "/intervalPeriod/duration"),
                *("duration|length", False, "length"),
            ),
            (
                *("randomised start of an event", _LENGTH, _EVENT, "/intervalPeriod/randomizeStart"),
                *("random|after|duration", True, "length"),
            ),
            (
                *("duration of an interval", _LENGTH, _EVENT, "/intervals/*/intervalPeriod/duration"),
                *("duration|length", False, "length"),
            ),
            (
                *("randomised start of an interval", _LENGTH, _EVENT),
                *("/intervals/*/intervalPeriod/randomizeStart", "random", True, "length"),
            ),
            (
                *(
                    "duration of a report's intervals",
                    _LENGTH,
                    _REPORT,
                    "/resources/*/intervalPeriod/duration",
                ),
                *("duration|length", False, "length"),
            ),
            ("start of an event", _TIME, _EVENT, "/intervalPeriod/start", "start|time", False, "time"),
            (
                *("start of a report", _TIME, _REPORT, "/resources/*/intervalPeriod/start"),
                *("start|time", False, "time"),
            ),
            (
                *("creation of a program", _TIME, _PROGRAM, "/createdDateTime"),
                *("time|creat", False, "time"),
            ),
            (
                *("change of a program", _TIME, _PROGRAM, "/modificationDateTime"),
                *("time|chang|modif", False, "time"),
            ),
            ("creation of an event", _TIME, _EVENT, "/createdDateTime", "time|creat", False, "time"),
            ("change of an event", _TIME, _EVENT, "/modificationDateTime", "time|chang|modif", False, "time"),
            ("creation of a report", _TIME, _REPORT, "/createdDateTime", "time|creat", False, "time"),
            (
                *("change of a report", _TIME, _REPORT, "/modificationDateTime"),
                *("time|chang|modif", False, "time"),
            ),
            ("program of an event", _ID, _EVENT, "/programID", "program|ID", False, "id"),
            ("event of a report", _ID, _REPORT, "/eventID", "event|ID", False, "id"),
            ("ID of an event", _ID, _EVENT, "/id", "ID|identif", False, "id"),
            ("ID of a program", _ID, _PROGRAM, "/id", "ID|identif", False, "id"),
            (
                *("payload type of an event", _NAME, _EVENT, "/intervals/*/payloads/*/type"),
                *("type", False, "name"),
            ),
            (
                *("payload type of a report", _NAME, _REPORT, "/resources/*/intervals/*/payloads/*/type"),
                *("type|rID|data point", False, "name"),
            ),
            (
                *("payload type of a descriptor", _NAME, _REPORT, "/payloadDescriptors/*/payloadType"),
                *("type", False, "name"),
            ),
            (
                "resource of a report",
                _NAME,
                _REPORT,
                "/resources/*/resourceName",
                "resource|name",
                False,
                "name",
            ),
            ("client of a report", _NAME, _REPORT, "/clientName", "client|VEN|name", False, "name"),
            ("name of a program", _NAME, _PROGRAM, "/programName", "name", False, "name"),
            ("name of a VEN", _NAME, ("ven",), "/venName", "name", False, "name"),
            ("client of a subscription", _NAME, _SUBSCRIPTION, "/clientName", "client|name", False, "name"),
        )
        for how, to in {
            "length": {"negative": "-PT1H", "without any unit": "PT", "in words": "an hour"},
            "time": {
                "without a zone": "2026-12-01T16:00:00",
                "on a day that does not exist": "2026-02-30T16:00:00Z",
                "without a time": "2026-12-01",
            },
            "id": {"with a space": "a b", "empty": "", "too long": _LONG},
            "name": {"empty": "", "too long": _LONG},
        }[damage].items()
    ),
    Kind(
        "level that SIMPLE does not have",
        "SIMPLE is one of 0, 1, 2 and 3",
        _EVENT,
        "/intervals/*/payloads/*[type=SIMPLE]/values/0",
        4,
        "SIMPLE|level",
    ),
    Kind(
        "price in words",
        "PRICE has one number",
        _EVENT,
        "/intervals/*/payloads/*[type=PRICE]/values",
        ["dear"],
        "number|value",
    ),
    Kind(
        "event of negative priority",
        "a priority is a whole number from 0, the highest",
        _EVENT,
        "/priority",
        -1,
        "priority",
        new=True,
    ),
    Kind(
        "interval of a report without payloads",
        "an interval has at least one payload",
        _REPORT,
        "/resources/*/intervals/*/payloads",
        [],
        "reading|payload|interval",
    ),
    Kind(
        "more than full confidence",
        "confidence is a percentage from 0 to 100",
        _REPORT,
        "/payloadDescriptors/*/confidence",
        101,
        "confidence",
        new=True,
    ),
    Kind(
        "number beyond all measure",
        "a number on the wire is a 32-bit float",
        _REPORT,
        "/resources/*/intervals/*/payloads/*/values/0",
        1e70,
        "number|value",
    ),
    Kind(
        "report wanted of fewer than no intervals",
        "numIntervals is -1 for all, else a number of intervals",
        _EVENT,
        "/reportDescriptors/*/numIntervals",
        -2,
        "interval|number",
        new=True,
    ),
    Kind(
        "report wanted of no payload type",
        _NAME,
        _EVENT,
        "/reportDescriptors/*/payloadType",
        "",
        "type",
    ),
    Kind(
        "subscription to nothing",
        "a subscription has at least one operation on objects",
        _SUBSCRIPTION,
        "/objectOperations",
        [],
        "operation|subscri",
    ),
    Kind(
        "subscription without an address",
        "callbackUrl is required: the notifications go there",
        _SUBSCRIPTION,
        "/objectOperations/*/callbackUrl",
        GONE,
        "address|callback|URL",
    ),
    Kind(
        "subscription to objects that nobody has",
        "the objects are those of the standard",
        _SUBSCRIPTION,
        "/objectOperations/*/objects",
        ["TARIFF"],
        "object",
    ),
    Kind(
        "subscription to an operation that nobody does",
        "the operations are those of the standard",
        _SUBSCRIPTION,
        "/objectOperations/*/operations",
        ["PATCH"],
        "operation",
    ),
    Kind(
        "notification of an operation that nobody does",
        "the operations are those of the standard",
        ("notification",),
        "/operation",
        "PATCH",
        "operation",
    ),
]
