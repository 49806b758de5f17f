"""Damage to reports and to the requests for them: what was offered, what was asked for and what was read."""

from tests.mutation.damage import Damage, Kind, after, drop, drop_all, each, inside, put, swap, twice
from tests.mutation.kinds_event import LENGTHS

_UPDATE = "//oadr:oadrUpdateReport/oadr:oadrReport"
_USAGE = f"{_UPDATE}[not(contains(ei:reportName, 'STATUS')) and not(contains(ei:reportName, 'GREENBUTTON'))]"
_REGISTER = "//oadr:oadrRegisterReport/oadr:oadrReport"
_DESCRIPTION = f"{_REGISTER}/oadr:oadrReportDescription"
_INTERVAL = f"{_UPDATE}/strm:intervals/ei:interval"
_PAYLOAD = f"{_INTERVAL}/oadr:oadrReportPayload"
_SPECIFIER = "//oadr:oadrReportRequest/ei:reportSpecifier"
_RATE = f"{_DESCRIPTION}/oadr:oadrSamplingRate"
_STATUS = (
    "<oadr:oadrPayloadResourceStatus><oadr:oadrOnline>true</oadr:oadrOnline>"
    "<oadr:oadrManualOverride>false</oadr:oadrManualOverride></oadr:oadrPayloadResourceStatus>"
)
_ONCE = "once|twice|same|unique|repeat|more than"
_NAME = "reportName|METADATA|metadata|name"
_SPAN = "overlap|span|begins before"

_LENGTHS = {
    "interval of readings": (f"{_INTERVAL}/xcal:duration/xcal:duration", "interval"),
    "duration of a report": (f"{_UPDATE}/xcal:duration/xcal:duration", "oadrReport"),
    "duration of what is offered": (f"{_REGISTER}/xcal:duration/xcal:duration", "oadrReport"),
    "granularity": (f"{_SPECIFIER}/xcal:granularity/xcal:duration", "reportSpecifier"),
    "report-back duration": (f"{_SPECIFIER}/ei:reportBackDuration/xcal:duration", "reportSpecifier"),
    "reporting period": (
        f"{_SPECIFIER}/ei:reportInterval/xcal:properties/xcal:duration/xcal:duration",
        "reportSpecifier",
    ),
    "shortest sampling period": (f"{_RATE}/oadr:oadrMinPeriod", "oadrSamplingRate"),
    "longest sampling period": (f"{_RATE}/oadr:oadrMaxPeriod", "oadrSamplingRate"),
}


def _both(*damages: Damage) -> Damage:
    return each("/*", *damages)


KINDS = [
    *(
        Kind(
            f"{what} {how}",
            "a duration is a length of time, not negative, and one that can be counted in seconds",
            put(path, text),
            speaks,
            within=within,
            level="strict" if how in ("in months", "in years") else "core",
        )
        for what, (path, within) in _LENGTHS.items()
        for how, (text, speaks) in LENGTHS.items()
    ),
    Kind(
        "readings under a METADATA name",
        "METADATA_ names stand for what is offered, in oadrRegisterReport only",
        put(f"{_UPDATE}/ei:reportName", "METADATA_TELEMETRY_USAGE"),
        _NAME,
        within="oadrReport",
    ),
    Kind(
        "offer under a name of readings",
        "what is offered has a METADATA_ name",
        put(f"{_REGISTER}/ei:reportName", "TELEMETRY_USAGE"),
        _NAME,
        within="oadrRegisterReport",
    ),
    Kind(
        "report without a name",
        "a report names its kind, which says what its values are",
        drop("//oadr:oadrReport/ei:reportName"),
        _NAME,
        within="oadrReport",
        level="strict",
    ),
    Kind(
        "report with a name of one's own",
        "an x- token means something only to those who have declared it",
        put(f"{_UPDATE}/ei:reportName", "x-weather"),
        _NAME + "|x-",
        within="oadrReport",
        level="strict",
    ),
    Kind(
        "offer that answers a request",
        "an offer answers no request: its reportRequestID is 0",
        put(f"{_REGISTER}/ei:reportRequestID", "request-9"),
        "reportRequestID|0|request",
        within="oadrRegisterReport",
    ),
    Kind(
        "offer with readings",
        "an offer has descriptions of data points and no intervals",
        each(
            _REGISTER,
            after(
                "xcal:duration",
                "<strm:intervals><ei:interval><oadr:oadrReportPayload><ei:rID>r</ei:rID><ei:payloadFloat><ei:value>1</ei:value></ei:payloadFloat></oadr:oadrReportPayload></ei:interval></strm:intervals>",
            ),
        ),
        "interval|reading",
        within="oadrReport",
        level="strict",
    ),
    Kind(
        "offer of nothing",
        "an offer describes at least one data point",
        drop_all(f"{_DESCRIPTION}"),
        "descri|data point",
        within="oadrRegisterReport",
        level="strict",
    ),
    Kind(
        "readings that are none",
        "oadrUpdateReport has intervals with values",
        drop(f"{_UPDATE}/strm:intervals"),
        "interval",
        within="oadrReport",
        level="strict",
    ),
    Kind(
        "readings with a description",
        "oadrReportDescription is used in metadata reports only",
        each(
            _UPDATE,
            after(
                "(ei:eiReportID | strm:intervals)[last()]",
                "<oadr:oadrReportDescription><ei:rID>r</ei:rID><ei:reportType>usage</ei:reportType><ei:readingType>Mean</ei:readingType></oadr:oadrReportDescription>",
            ),
        ),
        "descri|metadata|METADATA",
        within="oadrReport",
    ),
    Kind(
        "two offers under the same specifier",
        "reportSpecifierID is unique within the offer",
        twice(_REGISTER),
        _ONCE,
        within="oadrRegisterReport",
    ),
    Kind(
        "data point described twice",
        "rID is unique within a report specifier",
        twice(_DESCRIPTION),
        _ONCE,
        within="oadrReport",
    ),
    Kind(
        "data point read twice in one interval",
        "a data point has one value in an interval",
        twice(f"{_PAYLOAD}"),
        _ONCE,
        within="oadrReport",
        level="strict",
    ),
    *(
        Kind(
            f"reading of {value}",
            "a reading is a number: neither NaN nor infinite",
            put(f"{_PAYLOAD}/ei:payloadFloat/ei:value", value),
            "number|NaN|finite|value",
            within="interval",
        )
        for value in ("NaN", "INF", "-INF")
    ),
    Kind(
        "accuracy below zero",
        "accuracy is the likely error, in the units of the value",
        put(f"{_PAYLOAD}/ei:accuracy", "-1"),
        "accuracy",
        within="oadrReportPayload",
        level="strict",
    ),
    Kind(
        "accuracy that is no number",
        "accuracy is the likely error, in the units of the value",
        put(f"{_PAYLOAD}/ei:accuracy", "NaN"),
        "accuracy",
        within="oadrReportPayload",
    ),
    Kind(
        "quality that nobody knows",
        "an x- token means something only to those who have declared it",
        put(f"{_PAYLOAD}/oadr:oadrDataQuality", "x-fair"),
        "quality|x-",
        within="oadrReportPayload",
        level="strict",
    ),
    Kind(
        "interval of a report with a signal's payload",
        "an interval of a report has oadrReportPayload; signalPayload is for events",
        each(
            _INTERVAL,
            inside(
                ".",
                "<ei:signalPayload><ei:payloadFloat><ei:value>1</ei:value></ei:payloadFloat></ei:signalPayload>",
            ),
            before=(drop_all("oadr:oadrReportPayload | oadr:oadrGBPayload"),),
        ),
        "payload|reading",
        within="oadrReport",
    ),
    Kind(
        "usage that is a status",
        "TELEMETRY_USAGE and HISTORY_USAGE have quantities",
        each(f"{_USAGE}//oadr:oadrReportPayload", swap("ei:payloadFloat", _STATUS)),
        "status|quantit|payload",
        within="oadrReport",
    ),
    Kind(
        "status that is a quantity",
        "TELEMETRY_STATUS has states of resources",
        each(
            f"{_UPDATE}[contains(ei:reportName, 'STATUS')]//oadr:oadrReportPayload",
            swap(
                "oadr:oadrPayloadResourceStatus", "<ei:payloadFloat><ei:value>1</ei:value></ei:payloadFloat>"
            ),
        ),
        "status|quantit|payload",
        within="oadrReport",
    ),
    Kind(
        "Green Button data that is a quantity",
        "HISTORY_GREENBUTTON has a Green Button feed",
        put(f"{_USAGE}/ei:reportName", "HISTORY_GREENBUTTON"),
        "Green ?Button|feed|payload",
        within="oadrReport",
    ),
    Kind(
        "reading without any time",
        "a reading has a time: its interval's start, or the report's",
        _both(drop_all(f"{_INTERVAL}/xcal:dtstart"), drop(f"{_UPDATE}/xcal:dtstart")),
        "start|time",
        within="oadrReport",
        level="strict",
    ),
    Kind(
        "interval of readings that begins inside another",
        "intervals of a report do not overlap",
        each(
            f"{_INTERVAL}[position() = 1 and xcal:dtstart and following-sibling::ei:interval]",
            put("xcal:duration/xcal:duration", "P9D"),
        ),
        _SPAN,
        within="oadrReport",
        level="told",
    ),
    Kind(
        "interval of readings there twice",
        "intervals of a report do not overlap",
        twice(f"{_INTERVAL}[xcal:dtstart and xcal:duration]"),
        _SPAN + "|uid|twice",
        within="oadrReport",
        level="told",
    ),
    Kind(
        "readings numbered not from 0",
        "uid counts intervals from 0",
        put(f"({_INTERVAL}/xcal:uid/xcal:text)[1]", "4"),
        "uid",
        within="intervals",
        level="told",
    ),
]
