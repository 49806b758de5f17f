"""Damage to what data points are: their type, unit, sampling and state; and to requests for their reports."""

from tests.mutation.damage import Damage, Kind, drop, drop_all, each, put, swap, twice
from tests.mutation.kinds_signal import ENERGY, POWER, PRICE, VOLTAGE

_DESCRIPTION = "//oadr:oadrRegisterReport/oadr:oadrReport/oadr:oadrReportDescription"
_ITEM = "*[scale:siScaleCode or self::oadr:pulseCount]"
_QUANTITY = f"{_DESCRIPTION}[{_ITEM}]"
_REQUEST = "//oadr:oadrReportRequest"
_SPECIFIER = f"{_REQUEST}/ei:reportSpecifier"
_LOAD = "//oadr:oadrPayloadResourceStatus/oadr:oadrLoadControlState"
_ONCE = "once|twice|same|unique|repeat|more than"
_OWN = "x-|extension|declared|known|type"


def _described(kind: str, item: str, reading: str = "Direct Read") -> Damage:
    """Describe a data point otherwise."""
    return each(
        _QUANTITY,
        put("ei:reportType", kind),
        swap(_ITEM, item),
        before=(put("ei:reportType", ""), put("ei:readingType", reading)),
    )


def _point(
    name: str, clause: str, kind: str, item: str, reading: str = "Direct Read", level: str = "strict"
) -> Kind:
    return Kind(
        name,
        clause,
        _described(kind, item, reading),
        "unit|item|type|fit|power|energy|usage|demand",
        within="oadrReportDescription",
        level=level,
    )


def _state(what: str, least: str, most: str, now: str) -> Damage:
    return swap(
        f"{_LOAD}/*",
        f"<oadr:{what}><oadr:oadrMin>{least}</oadr:oadrMin><oadr:oadrMax>{most}</oadr:oadrMax>"
        f"<oadr:oadrCurrent>{now}</oadr:oadrCurrent></oadr:{what}>",
    )


KINDS = [
    Kind(
        "longest sampling period negative, shortest in months",
        "a sampling period is a length of time and not negative",
        each(
            f"{_DESCRIPTION}/oadr:oadrSamplingRate",
            put("oadr:oadrMaxPeriod", "-PT5M"),
            put("oadr:oadrMinPeriod", "P1M"),
        ),
        "negative",
        within="oadrReportDescription",
    ),
    Kind(
        "pulses of an energy that is no number",
        "pulseFactor is the energy of one pulse",
        swap(
            f"{_QUANTITY}/{_ITEM}",
            "<oadr:pulseCount><oadr:itemDescription>pulse count</oadr:itemDescription>"
            "<oadr:itemUnits>count</oadr:itemUnits><oadr:pulseFactor>NaN</oadr:pulseFactor></oadr:pulseCount>",
        ),
        "pulse",
        within="oadrReportDescription",
    ),
    Kind(
        "data point in a unit without a symbol",
        "a unit has a symbol",
        swap(
            f"{_QUANTITY}/{_ITEM}",
            "<oadr:customUnit><oadr:itemDescription>comfort</oadr:itemDescription>"
            "<oadr:itemUnits> </oadr:itemUnits>"
            "<scale:siScaleCode>none</scale:siScaleCode></oadr:customUnit>",
        ),
        "unit|blank",
        within="oadrReportDescription",
    ),
    Kind(
        "sampling that takes longer at least than at most",
        "the shortest sampling period is not longer than the longest",
        each(
            f"{_DESCRIPTION}/oadr:oadrSamplingRate",
            put("oadr:oadrMinPeriod", "PT50H"),
            put("oadr:oadrMaxPeriod", "PT1M"),
        ),
        "min|max|sampling",
        within="oadrReportDescription",
    ),
    Kind(
        "data point of usage without a unit",
        "usage is an amount of units, which itemBase denominates",
        drop(f"{_DESCRIPTION}[ei:reportType='usage']/{_ITEM}"),
        "unit|item",
        within="oadrReportDescription",
        level="strict",
    ),
    _point("usage in volts", "usage is an amount: of energy, or of power over a time", "usage", VOLTAGE),
    _point("usage in money", "usage is an amount: of energy, or of power over a time", "usage", PRICE),
    _point("demand in energy", "demand is power", "demand", ENERGY),
    _point("demand in money", "demand is power", "demand", PRICE),
    _point("stored energy in power", "stored energy is expressed as real energy", "storedEnergy", POWER),
    _point(
        "target energy in power", "target energy is expressed as real energy", "targetEnergyStorage", POWER
    ),
    _point("storage left in volts", "what can be stored yet is energy", "availableEnergyStorage", VOLTAGE),
    _point(
        "up regulation in energy",
        "regulation capacity is expressed as real power",
        "upRegulationCapacityAvailable",
        ENERGY,
    ),
    _point(
        "down regulation in money",
        "regulation capacity is expressed as real power",
        "downRegulationCapacityAvailable",
        PRICE,
    ),
    _point("reported level with a unit", "no item is relevant to a level", "level", POWER),
    _point(
        "operating state with a unit", "no item is relevant to an operating state", "operatingState", POWER
    ),
    _point("resource status with a unit", "a status is no quantity", "x-resourceStatus", POWER),
    _point(
        "peak of energy",
        "Peak is valid for flow rates only: for power, not for energy",
        "usage",
        ENERGY,
        "Peak",
    ),
    Kind(
        "data point of a type of one's own",
        "an x- token means something only to those who have declared it",
        put(f"{_DESCRIPTION}/ei:reportType", "x-mood"),
        _OWN,
        within="oadrReportDescription",
        level="strict",
    ),
    Kind(
        "reading type of one's own",
        "an x- token means something only to those who have declared it",
        put(f"{_DESCRIPTION}/ei:readingType", "x-guess"),
        _OWN,
        within="oadrReportDescription",
        level="strict",
    ),
    Kind(
        "status offered as usage",
        "METADATA_TELEMETRY_STATUS offers states of resources: type x-resourceStatus",
        put(
            "//oadr:oadrReport[ei:reportName='METADATA_TELEMETRY_STATUS']/oadr:oadrReportDescription/ei:reportType",
            "usage",
        ),
        "status|type",
        within="oadrReport",
        level="strict",
    ),
    Kind(
        "usage offered as status",
        "METADATA_TELEMETRY_USAGE offers quantities, not x-resourceStatus",
        put(
            "//oadr:oadrReport[ei:reportName='METADATA_TELEMETRY_USAGE']/oadr:oadrReportDescription/ei:reportType",
            "x-resourceStatus",
        ),
        "status|type",
        within="oadrReport",
        level="strict",
    ),
    Kind(
        "telemetry that does not say how often it samples",
        "oadrSamplingRate is the sampling rate of telemetry",
        drop(
            "//oadr:oadrReport[ei:reportName='METADATA_TELEMETRY_USAGE'][count(oadr:oadrReportDescription)=1]"
            "/oadr:oadrReportDescription/oadr:oadrSamplingRate"
        ),
        "sampl",
        within="oadrReport",
        level="told",
    ),
    Kind(
        "two requests with the same identifier",
        "reportRequestID is unique: reports refer to it",
        twice("//oadr:oadrCreateReport/oadr:oadrReportRequest"),
        _ONCE,
        within="oadrCreateReport",
        level="strict",
    ),
    Kind(
        "two requests with the same identifier in the answer to an offer",
        "reportRequestID is unique: reports refer to it",
        twice("//oadr:oadrRegisteredReport/oadr:oadrReportRequest"),
        _ONCE,
        within="oadrRegisteredReport",
        level="strict",
    ),
    Kind(
        "request for a data point twice",
        "a request names each data point once",
        twice(f"{_SPECIFIER}/ei:specifierPayload"),
        _ONCE,
        within="reportSpecifier",
        level="told",
        gap="a list without order: what is asked for twice is asked for once",
    ),
    Kind(
        "report due more often than it is measured",
        "a report comes back at most as often as there is something new: after a granularity or later",
        each(
            _SPECIFIER,
            put("xcal:granularity/xcal:duration", "PT10H"),
            put("ei:reportBackDuration/xcal:duration", "PT1M"),
        ),
        "granularity|back",
        within="oadrReportRequest",
        level="told",
    ),
    *(
        Kind(
            f"state of a load {how}",
            clause,
            _state("oadrCapacity" if "capacity" in clause else "oadrSetPoint", *values),
            speaks,
            within="oadrPayloadResourceStatus",
            level=level,
        )
        for how, values, clause, speaks, level in (
            (
                "below its least",
                ("5", "9", "1"),
                "the current value lies between the least and the most",
                "min|max|between|range",
                "strict",
            ),
            (
                "above its most",
                ("5", "9", "12"),
                "the current value lies between the least and the most",
                "min|max|between|range",
                "strict",
            ),
            (
                "with its least above its most",
                ("9", "5", "7"),
                "the least is not above the most",
                "min|max|between|range",
                "strict",
            ),
            ("that is no number", ("5", "9", "NaN"), "a state is a number", "number|NaN|value", "core"),
            ("whose most is infinite", ("5", "INF", "7"), "a state is a number", "number|NaN|value", "core"),
            (
                "whose least is no number",
                ("NaN", "9", "7"),
                "a state is a number",
                "number|NaN|value",
                "core",
            ),
            (
                "of more than the whole",
                ("0", "1", "1.5"),
                "a capacity is a part of the whole",
                "capacity|between|range|max",
                "strict",
            ),
        )
    ),
    Kind(
        "state of a load whose normal value is no number",
        "a state is a number",
        swap(
            f"{_LOAD}/*",
            "<oadr:oadrSetPoint><oadr:oadrCurrent>1</oadr:oadrCurrent><oadr:oadrNormal>NaN</oadr:oadrNormal>"
            "</oadr:oadrSetPoint>",
        ),
        "number|NaN|value",
        within="oadrPayloadResourceStatus",
    ),
    Kind(
        "load control state of nothing",
        "a load control state has at least one of its four kinds",
        drop_all(f"{_LOAD}/*"),
        "state|one of|empty",
        within="oadrPayloadResourceStatus",
        level="told",
        gap="each of the four kinds is optional, and a state of none of them says nothing wrong",
    ),
]
