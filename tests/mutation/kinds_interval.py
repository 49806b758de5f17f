"""Damage to the intervals of signals and baselines: sums, numbers, gaps, payloads."""

from tests.mutation.damage import Kind, drop, each, inside, prepend, put, trade, twice

_PERIOD = "//ei:eiActivePeriod/xcal:properties"
_INTERVAL = "//ei:eiEventSignal/strm:intervals/ei:interval"
_BASELINE = "//ei:eiEventBaseline"
_MANY = "[count(../ei:interval) > 1]"
_LENGTH = "xcal:duration/xcal:duration"
_OPEN = "[not(contains(., 'PT0'))]"  # not the period without an end


def _text(path: str) -> str:
    return f"{path}/xcal:uid/xcal:text"


KINDS = [
    Kind(
        "intervals that add up to less than the active period",
        "the intervals of a signal fill the active period: their durations add up to its duration",
        put(f"{_PERIOD}[xcal:duration{_OPEN}]/{_LENGTH}", "P99D"),
        "add up|sum|fill",
        within="oadrEvent",
    ),
    Kind(
        "intervals that add up to more than the active period",
        "the intervals of a signal fill the active period: their durations add up to its duration",
        put(f"{_INTERVAL}[xcal:duration{_OPEN}]/{_LENGTH}", "P99D"),
        "add up|sum|fill",
        within="oadrEvent",
    ),
    Kind(
        "active period of nothing, intervals of something",
        "a period of zero has no end, so its one interval has none either",
        put(f"{_PERIOD}[xcal:duration{_OPEN}]/{_LENGTH}", "PT0S"),
        "add up|sum|fill|open|end|zero",
        within="oadrEvent",
    ),
    Kind(
        "interval of no length among others",
        "an interval of zero never ends: nothing can come before or after it",
        each(f"{_INTERVAL}{_MANY}", put(_LENGTH, "PT0S")),
        "add up|sum|zero|open|positive",
        within="oadrEvent",
    ),
    Kind(
        "interval without a duration",
        "each interval of a signal says how long it lasts",
        drop(f"{_INTERVAL}/xcal:duration"),
        "duration",
        within="eiEventSignal",
    ),
    Kind(
        "interval that starts elsewhere",
        "intervals follow each other without gap or overlap: each starts where the one before ends",
        each(
            f"{_INTERVAL}[preceding-sibling::ei:interval]",
            put("xcal:dtstart/xcal:date-time", "2001-01-01T00:00:00Z"),
            before=(
                drop("xcal:dtstart"),
                prepend(
                    ".", "<xcal:dtstart><xcal:date-time>2026-01-01T00:00:00Z</xcal:date-time></xcal:dtstart>"
                ),
            ),
        ),
        "gap|overlap|start",
        within="eiEventSignal",
        level="strict",
    ),
    Kind(
        "interval without a number",
        "uid numbers the intervals of a signal",
        drop(f"{_INTERVAL}/xcal:uid"),
        "uid",
        within="eiEventSignal",
    ),
    Kind(
        "numbers of the intervals not from 0",
        "uid counts the intervals of a signal from 0",
        put(f"({_text(_INTERVAL)})[1]", "1"),
        "uid",
        within="eiEventSignal",
    ),
    Kind(
        "numbers of the intervals in disorder",
        "uid counts the intervals of a signal from 0, in their order",
        trade(_text(f"{_INTERVAL}{_MANY}")),
        "uid",
        within="eiEventSignal",
    ),
    Kind(
        "number of an interval that came before",
        "uid counts the intervals of a signal: no two have the same",
        put(_text(f"{_INTERVAL}[position() > 1]"), "0"),
        "uid",
        within="eiEventSignal",
    ),
    Kind(
        "interval numbered with a word",
        "uid is a whole number",
        put(_text(_INTERVAL), "first"),
        "uid",
        within="interval",
    ),
    Kind(
        "interval numbered below zero",
        "uid counts from 0",
        put(_text(_INTERVAL), "-1"),
        "uid",
        within="interval",
    ),
    Kind(
        "interval with a blank number",
        "uid is a whole number",
        put(_text(_INTERVAL), ""),
        "uid",
        within="interval",
    ),
    Kind(
        "interval with two values",
        "an interval of a signal has one signalPayload",
        twice(f"{_INTERVAL}/ei:signalPayload"),
        "one|payload|value",
        within="interval",
        level="told",
    ),
    Kind(
        "interval of a signal with a report's payload",
        "an interval of a signal has a signalPayload; oadrReportPayload is for reports",
        each(
            _INTERVAL,
            inside(
                ".",
                "<oadr:oadrReportPayload><ei:rID>r</ei:rID><ei:payloadFloat><ei:value>1</ei:value></ei:payloadFloat>"
                "</oadr:oadrReportPayload>",
            ),
            before=(drop("ei:signalPayload"),),
        ),
        "payload|value",
        within="eiEventSignal",
    ),
    Kind(
        "interval of a signal with a resource's status for a value",
        "the value of a signal is a payloadFloat; oadrPayloadResourceStatus is for reports",
        each(
            f"{_INTERVAL}/ei:signalPayload",
            inside(
                ".",
                "<oadr:oadrPayloadResourceStatus><oadr:oadrOnline>true</oadr:oadrOnline>"
                "<oadr:oadrManualOverride>false</oadr:oadrManualOverride></oadr:oadrPayloadResourceStatus>",
            ),
            before=(drop("ei:payloadFloat"),),
        ),
        "payload|value|status",
        within="eiEventSignal",
    ),
    Kind(
        "two signals with the same identifier",
        "signalID is unique within the event",
        twice("//ei:eiEventSignal"),
        "signalID|same|unique|signal ID|identifier",
        within="oadrEvent",
        level="strict",
    ),
    Kind(
        "baseline whose intervals do not add up",
        "the intervals of a baseline add up to its duration",
        put(f"{_BASELINE}/{_LENGTH}", "P99D"),
        "add up|sum|fill",
        within="eiEventBaseline",
        level="strict",
    ),
    Kind(
        "baseline with numbers of intervals not from 0",
        "uid counts the intervals of a baseline from 0",
        put(f"({_text(f'{_BASELINE}/strm:intervals/ei:interval')})[1]", "4"),
        "uid",
        within="eiEventBaseline",
        level="strict",
    ),
    Kind(
        "baseline with a value that is no number",
        "a baseline has numbers",
        put(f"{_BASELINE}//ei:value", "NaN"),
        "number|NaN|value",
        within="interval",
    ),
    Kind(
        "baseline without a unit",
        "a baseline says in which unit its values are",
        drop(f"{_BASELINE}/*[scale:siScaleCode]"),
        "unit|item",
        within="eiEventBaseline",
        level="strict",
    ),
    Kind(
        "baseline in money",
        "a baseline is what would have been used: power or energy, not a price",
        each(
            _BASELINE,
            inside(
                ".",
                "<oadr:currencyPerKWh><oadr:itemDescription>currencyPerKWh</oadr:itemDescription>"
                "<oadr:itemUnits>EUR</oadr:itemUnits><scale:siScaleCode>none</scale:siScaleCode></oadr:currencyPerKWh>",
            ),
            before=(drop("*[scale:siScaleCode]"),),
        ),
        "unit|item|price|currency|money",
        within="eiEventBaseline",
        level="strict",
    ),
]
