"""Damage to what the values of OpenADR 3 are, and to what tells their meaning."""

from typing import Any

from tests.mutation.kinds_openadr3 import GONE, Kind

_EVENT, _REPORT = ("event",), ("report",)
_SENT, _REPORTED = "/intervals/*/payloads/*", "/resources/*/intervals/*/payloads/*"
_DESCRIPTOR = "/payloadDescriptors/*"


def _payload(kind: str, *values: object) -> dict[str, Any]:
    return {"type": kind, "values": list(values)}


def _descriptor(of: str, kind: str, units: str, **more: str) -> dict[str, str]:
    return {"objectType": f"{of}_PAYLOAD_DESCRIPTOR", "payloadType": kind, "units": units, **more}


KINDS = [
    *(
        Kind(
            f"demand that is {what}",
            "DEMAND has one number",
            _REPORT,
            f"{_REPORTED}[type=DEMAND]/values",
            to,
            "value|number",
        )
        for what, to in {
            "a word": ["three"],
            "a number in quotation marks": ["6.2"],
            "true": [True],
            "nothing": [],
            "two numbers": [1, 2],
            "a point": [{"x": 1, "y": 2}],
        }.items()
    ),
    *(
        Kind(
            f"price that is {what}",
            "PRICE has one number",
            _EVENT,
            f"{_SENT}[type=PRICE]/values",
            to,
            "number|value",
        )
        for what, to in {"true": [True], "nothing": [], "two numbers": [1, 2]}.items()
    ),
    *(
        Kind(
            what,
            clause,
            messages,
            path,
            to,
            "value|range|number",
            since="3.1" if "0 or more" in clause else "3.0",
        )
        for what, clause, messages, path, to in (
            (
                *("price beyond all measure", "a payload value is a float", _EVENT),
                *(f"{_SENT}[type=PRICE]/values/0", 1e99),
            ),
            (
                *("offset of a hundred levels", "CONTROL_LEVEL_OFFSET is from -10 to 10", _EVENT),
                *(_SENT, _payload("CONTROL_LEVEL_OFFSET", 100)),
            ),
            (
                *("offset in percent", "CONTROL_LEVEL_OFFSET_PERCENT is from -1 to 1", _EVENT),
                *(_SENT, _payload("CONTROL_LEVEL_OFFSET_PERCENT", 50)),
            ),
            (
                *("charge in percent", "STORAGE_CHARGE_LEVEL is from 0 to 1", _REPORT),
                *(_REPORTED, _payload("STORAGE_CHARGE_LEVEL", 80)),
            ),
            (
                *("level reported that SIMPLE does not have", "SIMPLE_LEVEL is 0, 1, 2 or 3", _REPORT),
                *(_REPORTED, _payload("SIMPLE_LEVEL", 1.5)),
            ),
            (*("negative usage", "USAGE is 0 or more", _REPORT), _REPORTED, _payload("USAGE", -4)),
            (
                *("negative limit", "IMPORT_CAPACITY_LIMIT is 0 or more", _EVENT),
                *(_SENT, _payload("IMPORT_CAPACITY_LIMIT", -4)),
            ),
        )
    ),
    Kind("alert of a number", "ALERT_FIRE has a text", _EVENT, _SENT, _payload("ALERT_FIRE", 7), "alert"),
    Kind(
        *("instruction of nothing", "DISPATCH_INSTRUCTION has texts", _EVENT, _SENT),
        *(_payload("DISPATCH_INSTRUCTION"), "instruction"),
    ),
    Kind(
        *("state that nobody is in", "OPERATING_STATE is one of a list", _REPORT, _REPORTED),
        *(_payload("OPERATING_STATE", "WILD"), "state"),
    ),
    Kind(
        *("quality that nobody knows", "DATA_QUALITY is one of a list", _REPORT, _REPORTED),
        *(_payload("DATA_QUALITY", "SO SO"), "quality"),
    ),
    Kind("curve of a number", "CURVE has points", _EVENT, _SENT, _payload("CURVE", 3), "CURVE"),
    Kind("load of more than all", "OLS is from 0 to 1", _EVENT, _SENT, _payload("OLS", 0.5, 2), "OLS"),
    Kind(
        "point without y",
        "a point has x and y",
        _EVENT,
        _SENT,
        _payload("CURVE", {"x": 1}, {"x": 1, "y": 2}),
        "point",
    ),
    Kind("id of an interval again", "an id is a number of one interval", _EVENT, "/intervals/*/id", 0, "id"),
    Kind(
        "usage in kilowatts",
        "USAGE is energy",
        _REPORT,
        _DESCRIPTOR,
        _descriptor("REPORT", "USAGE", "KW"),
        "units",
    ),
    Kind(
        *("demand in kilowatt-hours", "DEMAND is power", _REPORT, _DESCRIPTOR),
        *(_descriptor("REPORT", "DEMAND", "KWH"), "units"),
    ),
    Kind(
        *("charge in kilowatt-hours", "STORAGE_CHARGE_LEVEL is in PERCENT", _REPORT, _DESCRIPTOR),
        *(_descriptor("REPORT", "STORAGE_CHARGE_LEVEL", "KWH"), "units"),
    ),
    Kind(
        *("price of a volt", "PRICE is one of energy", _EVENT, _DESCRIPTOR),
        *(_descriptor("EVENT", "PRICE", "VOLTS", currency="EUR"), "units"),
    ),
    Kind(
        *("emissions in amperes", "GHG is in g/kWh", _EVENT, _DESCRIPTOR),
        *(_descriptor("EVENT", "GHG", "AMPS"), "units"),
    ),
    *(
        Kind(what, _TOLD, messages, path, to, speaks, new=new, within=within, level="strict")
        for _TOLD in ("a descriptor gives the context in which values are read",)
        for what, messages, path, to, speaks, new, within in (
            ("price without a descriptor", _EVENT, "/payloadDescriptors", GONE, "unit", False, "/intervals"),
            ("price without units", _EVENT, f"{_DESCRIPTOR}/units", GONE, "unit", False, "/intervals"),
            ("price without a currency", _EVENT, f"{_DESCRIPTOR}/currency", GONE, "currency", False, ""),
            (
                "price in a currency of no land",
                _EVENT,
                f"{_DESCRIPTOR}/currency",
                "Euro",
                "currency",
                False,
                "",
            ),
            ("units of nobody in an event", _EVENT, f"{_DESCRIPTOR}/units", "BANANA", "units", False, ""),
            ("units of nobody in a report", _REPORT, f"{_DESCRIPTOR}/units", "BANANA", "units", False, ""),
            (
                "reading without a descriptor",
                _REPORT,
                "/payloadDescriptors",
                GONE,
                "unit",
                False,
                "/resources",
            ),
            ("reading without units", _REPORT, f"{_DESCRIPTOR}/units", GONE, "unit", False, "/resources"),
            (
                *("reading without a way of reading", _REPORT, f"{_DESCRIPTOR}/readingType", GONE),
                *("readingType", False, "/resources"),
            ),
            (
                "way of reading of nobody",
                _REPORT,
                f"{_DESCRIPTOR}/readingType",
                "GUESS",
                "readingType",
                False,
                "",
            ),
            ("payload type of reports in an event", _EVENT, f"{_SENT}/type", "USAGE", "type", False, ""),
            ("payload type of nobody", _EVENT, f"{_SENT}/type", "X_MOOD", "type", False, ""),
            ("payload type of nobody reported", _REPORT, f"{_REPORTED}/type", "X_MOOD", "type", False, ""),
        )
    ),
]
