"""Importers by protocol: what comes out conforms, what stays out is named with its reason."""

import json
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest

from kg.devices.check import check_document
from kg.devices.commands import Command, check_command
from kg.devices.documents import read_document, read_file
from kg.devices.importers import KINDS, import_bytes, import_files
from kg.devices.models import instance, written
from kg.devices.sites import load_site
from kg.errors import UnreadablePayload, UsageError
from tests.paths import DATA, needs_data

BACNET = b"""Point Name,Volttron Point Name,Units,Unit Details,BACnet Object Type,Property,Writable,Index,Notes
a,SupplyTemp,degreesCelsius,0.00 to 100.00,analogInput,presentValue,FALSE,3,
b,Power,kilowatts,,analogInput,presentValue,FALSE,4,
c,Setpoint,percent,10.00 to 90.00 (default 50.0),analogValue,presentValue,TRUE,7,
d,Free,percent,,analogValue,presentValue,TRUE,8,
e,Relay,State,,binaryOutput,presentValue,TRUE,9,
f,Sensor,volts,0 to 10,analogInput,presentValue,TRUE,10,
g,Odd,,,quantumInput,presentValue,FALSE,1,
h,Far,,,analogInput,presentValue,FALSE,5000000,
i,Again,degreesCelsius,,analogInput,presentValue,FALSE,3,
j,Strange,furlongs,,analogInput,presentValue,FALSE,11,
"""
DLMS = b"""OBIS;Class;Attribute;Description;Unit;Scaler;Access
1.0.1.8.0.255;3;2;Import energy;Wh;0;r
1-0:2.8.0;3;2;Export energy;kWh;-3;r
1-0:16.7.0*255;3;;Net power;W;;r
7-0:3.0.0*255;3;2;Gas;m3;-2;r
0-0:96.3.10*255;70;2;Breaker;;;rw
0.0.96.1.0.255;1;2;Serial;;;r
xx;3;2;bad;;;r
1-0:1.8.1*255;99;2;Odd;;;r
1-0:1.8.0*255;3;2;again;;;r
1-0:1.8.2*255;3;9;no such;;;r
1-0:1.8.3*255;3;2;far;Wh;77;r
"""
OCPP = [
    {"chargePointVendor": "Acme", "chargePointModel": "W22"},
    [
        2,
        "1",
        "MeterValues",
        {
            "connectorId": 1,
            "meterValue": [
                {
                    "timestamp": "2026-01-01T00:00:00Z",
                    "sampledValue": [
                        {"value": "5", "measurand": "Power.Active.Import", "phase": "L1", "unit": "kW"},
                        {"value": "12"},
                        {"value": "1", "measurand": "Foo.Bar"},
                    ],
                }
            ],
        },
    ],
    {
        "configurationKey": [
            {"key": "MeterValuesSampledData", "readonly": False, "value": "Current.Import.L2,SoC"},
            {"key": "ChargeProfileMaxStackLevel", "readonly": True, "value": "10"},
            {"key": "ChargingScheduleAllowedChargingRateUnit", "readonly": True, "value": "Current"},
            {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
        ]
    },
]
OCPP_2 = {
    "requestId": 1,
    "reportData": [
        {
            "component": {"name": "SampledDataCtrlr"},
            "variable": {"name": "TxUpdatedMeasurands"},
            "variableAttribute": [{"value": "Energy.Active.Import.Register, Power.Active.Import"}],
        },
        {
            "component": {"name": "SmartChargingCtrlr"},
            "variable": {"name": "ProfileStackLevel"},
            "variableAttribute": [{"value": "3"}],
        },
        {
            "component": {"name": "SmartChargingCtrlr"},
            "variable": {"name": "RateUnit"},
            "variableAttribute": [{"value": "W"}],
        },
    ],
}
S2 = [
    {
        "message_type": "ResourceManagerDetails",
        "resource_id": "rm-7",
        "name": "Home battery",
        "roles": [{"role": "ENERGY_STORAGE", "commodity": "ELECTRICITY"}],
        "available_control_types": ["FILL_RATE_BASED_CONTROL", "POWER_ENVELOPE_BASED_CONTROL"],
        "provides_power_measurement_types": ["ELECTRIC.POWER.L1", "X"],
    },
    {
        "message_type": "FRBC.SystemDescription",
        "actuators": [{"id": "a1", "operation_modes": [{"id": "m1", "diagnostic_label": "charge"}]}],
    },
    {
        "message_type": "PEBC.PowerConstraints",
        "allowed_limit_ranges": [
            {
                "commodity_quantity": "ELECTRIC.POWER.L1",
                "limit_type": "UPPER_LIMIT",
                "range_boundary": {"start_of_range": 0, "end_of_range": 5000},
                "abnormal_condition_only": False,
            }
        ],
    },
    {"message_type": "OMBC.SystemDescription", "operation_modes": []},
]
SPINE = {
    "datagram": {
        "payload": {
            "cmd": [
                {
                    "nodeManagementDetailedDiscoveryData": {
                        "deviceInformation": {
                            "description": {
                                "deviceAddress": {"device": "d:box"},
                                "deviceType": "ChargingStation",
                            }
                        },
                        "featureInformation": [
                            {
                                "description": {
                                    "featureAddress": {"entity": [1, 1], "feature": 4},
                                    "supportedFunction": [
                                        {
                                            "function": "loadControlLimitListData",
                                            "possibleOperations": {"read": {}, "write": {}},
                                        },
                                        {
                                            "function": "measurementListData",
                                            "possibleOperations": {"read": {}},
                                        },
                                        {"function": "nodeManagementUseCaseData"},
                                    ],
                                }
                            }
                        ],
                    }
                }
            ]
        }
    }
}
CURTAILMENT = "overloadProtectionByEvChargingCurrentCurtailment"
# ruff: noqa: E501 - lines of files as others write them
SCL = b"""<?xml version="1.0" encoding="UTF-8"?>
<SCL xmlns="http://www.iec.ch/61850/2003/SCL" version="2007" revision="B">
  <Header id="x"/>
  <Communication><SubNetwork name="n"><ConnectedAP iedName="BAT" apName="P"><Address><P type="IP">192.0.2.9</P></Address></ConnectedAP></SubNetwork></Communication>
  <IED name="BAT" manufacturer="Acme" type="B1"><AccessPoint name="P"><Server><LDevice inst="LD0">
    <LN0 lnClass="LLN0" inst="" lnType="zero"/>
    <LN lnClass="MMXU" inst="1" lnType="meter"/>
    <LN lnClass="DBAT" inst="1" lnType="gone"/>
    <LN lnClass="DWGC" inst="1" lnType="control"/>
    <LN lnClass="ZZZZ" inst="1" lnType="zero"/>
  </LDevice></Server></AccessPoint></IED>
  <IED name="OTHER"><AccessPoint name="P"/></IED>
  <DataTypeTemplates>
    <LNodeType id="zero" lnClass="LLN0"><DO name="Beh" type="ens"/><DO name="NamPlt" type="lpl"/></LNodeType>
    <LNodeType id="meter" lnClass="MMXU"><DO name="TotW" type="mv"/><DO name="PhV" type="wye"/></LNodeType>
    <LNodeType id="control" lnClass="DWGC"><DO name="WSpt" type="apc"/></LNodeType>
    <DOType id="ens" cdc="ENS"><DA name="stVal" fc="ST" bType="Enum"/></DOType>
    <DOType id="lpl" cdc="LPL"><DA name="vendor" fc="DC" bType="VisString255"/></DOType>
    <DOType id="mv" cdc="MV"><DA name="mag" fc="MX" bType="Struct" type="av"/></DOType>
    <DOType id="wye" cdc="WYE"><SDO name="phsA" type="cmv"/><SDO name="phsB" type="wye"/></DOType>
    <DOType id="cmv" cdc="CMV"><DA name="cVal" fc="MX" bType="Struct" type="vec"/></DOType>
    <DOType id="apc" cdc="APC"><DA name="mxVal" fc="MX" bType="Struct" type="av"/><DA name="Oper" fc="CO" bType="Struct" type="oper"/></DOType>
    <DAType id="av"><BDA name="f" bType="FLOAT32"/><BDA name="i" bType="INT32"/></DAType>
    <DAType id="vec"><BDA name="mag" bType="Struct" type="av"/></DAType>
    <DAType id="oper"><BDA name="ctlVal" bType="Struct" type="av"/></DAType>
  </DataTypeTemplates>
</SCL>
"""


def made(kind, source, **settings):
    """What an importer makes of a source; each mapping that comes out conforms."""
    data = source if isinstance(source, bytes) else json.dumps(source).encode()
    found = import_bytes(kind, data, "source.x", settings)
    for name, thing in found.things.items():
        report = check_document(read_document(written(thing).encode(), f"{name}.tm.jsonld"))
        assert [v for v in report.violations if v.severity == "Violation"] == []
    return found


def left(found):
    return {one.point: one.why for one in found.left}


def points(found):
    (thing,) = found.things.values()
    return thing["properties"]


def test_bacnet_list_is_imported():
    """Objects with unit and range; what can be written has a priority and a range, else it is read-only."""
    found = made("bacnet", BACNET, DEVICE="500", DIRECTION="import")
    properties = points(found)
    assert found.mapped == len(properties) == 7
    assert properties["SupplyTemp"]["unit"] == "qudt-unit:DEG_C"
    assert properties["Power"]["flex:flowDirection"] == "vocab:flowDirection/import"
    setpoint = properties["Setpoint"]
    assert (setpoint["flex:allowedMinimum"], setpoint["flex:allowedMaximum"]) == (10, 90)
    assert setpoint["flex:writePriority"] == 16
    assert setpoint.get("readOnly") is None
    assert properties["Relay"].get("readOnly") is None
    assert properties["Free"]["readOnly"] is properties["Sensor"]["readOnly"] is True
    assert set(left(found)) == {"Odd", "Far", "Again"}
    assert {one.point for one in found.notes} == {"Free", "Sensor", "Strange"}


def test_dlms_list_is_imported():
    """OBIS codes in both spellings; quantity, direction and aggregation come from the code."""
    found = made("dlms", DLMS)
    properties = points(found)
    assert properties["Import_energy"]["flex:obisCode"] == "1-0:1.8.0*255"
    assert properties["Import_energy"]["flex:flowDirection"] == "vocab:flowDirection/import"
    assert properties["Export_energy"]["unit"] == "qudt-unit:KiloW-HR"
    assert properties["Export_energy"]["flex:scaleFactor"] == -3
    assert properties["Net_power"]["flex:quantityKind"] == "quantitykind:ActivePower"
    assert properties["Gas"]["unit"] == "qudt-unit:M3"
    assert set(left(found)) == {"bad", "Odd", "again", "no such", "far"}
    assert "no whole number of -10 to 10" in left(found)["far"], "its value would be wrong by powers of ten"
    assert {one.point for one in found.notes} >= {"Breaker", "Serial"}


def test_ocpp_messages_are_imported():
    """Measurands of meter values and keys, a charging profile where a limit is given."""
    found = made("ocpp", OCPP, MAXIMUM="32", MINIMUM="6", STATION="CP-1")
    (thing,) = found.things.values()
    assert thing["flex:manufacturer"] == "Acme"
    assert thing["base"] == "ocpp:CP-1"
    said = {(p["flex:measurand"], p.get("flex:phase")): p for p in thing["properties"].values()}
    assert said["Power.Active.Import", "L1"]["unit"] == "qudt-unit:KiloW"
    assert ("Current.Import", "L2") in said
    assert ("Energy.Active.Import.Register", None) in said
    (action,) = thing["actions"].values()
    assert (action["flex:stackLevel"], action["flex:chargingRateUnit"], action["flex:allowedMaximum"]) == (
        10,
        "A",
        32,
    )
    assert set(left(found)) == {"Foo.Bar", "HeartbeatInterval"}
    without = made("ocpp", OCPP)
    assert any("give MAXIMUM" in why for why in left(without).values())


def test_ocpp_report_of_variables_is_imported():
    """The device model of 2.0.1."""
    found = made("ocpp", OCPP_2, MAXIMUM="11000")
    (thing,) = found.things.values()
    assert {p["flex:ocppVersion"] for p in thing["properties"].values()} == {"2.0.1"}
    assert len(thing["properties"]) == 2
    (action,) = thing["actions"].values()
    assert (action["flex:stackLevel"], action["input"]["unit"]) == (3, "qudt-unit:W")


def test_s2_details_are_imported():
    """Measurements, limits of the power envelope, operation modes of actuators."""
    found = made("s2", S2)
    (thing,) = found.things.values()
    assert "flex:Battery" in thing["@type"]
    properties = thing["properties"]
    assert len(properties) == 3
    limit = next(p for p in properties.values() if p.get("flex:operationMode") == "UPPER_LIMIT")
    assert (limit["flex:allowedMaximum"], limit["flex:safeValue"]) == (5000, 5000)
    mode = next(p for p in properties.values() if p.get("flex:actuatorID") == "a1")
    assert mode["flex:allowedMaximum"] == 1
    assert set(left(found)) == {"X", "OMBC.SystemDescription"}


def test_spine_discovery_is_imported():
    """Functions under supported use cases; nothing without one."""
    found = made("spine", SPINE, USECASES=CURTAILMENT, MAXIMUM="32", MINIMUM="6")
    (name,) = points(found)
    limit = points(found)[name]
    assert limit["flex:spineFunction"] == "loadControlLimitListData"
    assert limit.get("readOnly") is None
    assert limit["flex:safeValue"] == 6
    assert "none of its use cases" in left(found)["1.1/4 measurementListData"]
    nothing = made("spine", SPINE)
    assert (nothing.things, nothing.mapped) == ({}, 0)
    assert len(nothing.left) == 3


def test_spine_is_read_as_it_goes_over_ship():
    """There an object is a list of objects with one member each."""

    def ship(value):
        if isinstance(value, dict):
            return [{key: ship(one)} for key, one in value.items()]
        return [ship(one) for one in value] if isinstance(value, list) else value

    found = made("spine", {"datagram": ship(SPINE["datagram"])}, USECASES=CURTAILMENT, MAXIMUM="32")
    assert [p["flex:spineFunction"] for p in points(found).values()] == ["loadControlLimitListData"]


def test_nothing_mapped_is_no_success(tmp_path):
    """The outcome says so."""
    source = tmp_path / "odd.csv"
    source.write_text("object type,instance\nquantumInput,1\n")
    (result,) = import_files("bacnet", [str(source)], {}, tmp_path / "out")
    assert not result.conforms
    assert "nothing mapped" in result.summary()


def test_scl_file_is_imported(tmp_path):
    """Types are followed through structures and objects within objects, also where they lead in a circle."""
    found = made("scl", SCL)
    assert list(found.things) == ["BAT"]
    thing = found.things["BAT"]
    assert thing["base"] == "mms://192.0.2.9:102"
    assert "flex:Battery" in thing["@type"]
    references = {p["flex:objectReference"]: p for p in thing["properties"].values()}
    assert set(references) == {
        "BATLD0/LLN0.Beh.stVal",
        "BATLD0/MMXU1.TotW.mag.f",
        "BATLD0/MMXU1.PhV.phsA.cVal.mag.f",
        "BATLD0/DWGC1.WSpt.mxVal.f",
    }
    assert references["BATLD0/MMXU1.TotW.mag.f"]["flex:quantityKind"] == "quantitykind:ActivePower"
    assert "gone" in left(found)["BATLD0/DBAT1"]
    assert "LIMITS" in left(found)["BATLD0/DWGC1.WSpt.Oper.ctlVal.f"]
    limits = tmp_path / "limits.csv"
    limits.write_text("point,minimum,maximum,step,safe\nBATLD0/DWGC1.WSpt.Oper.ctlVal.f,-5000,5000,1,0\n")
    opened = made("scl", SCL, LIMITS=str(limits), IED="BAT")
    control = next(p for p in points(opened).values() if p["flex:objectReference"].endswith("ctlVal.f"))
    assert (control["flex:allowedMinimum"], control.get("readOnly")) == (-5000, None)


LISTED = b"""OBIS;Description;Unit;Access
1-0:15.7.0*255;Limit;W;rw
1-0:16.7.0*255;Power;W;r
1-0:1.7.0*255;Open;W;
"""
VARIABLE = {
    "reportData": [
        {
            "component": {"name": "EVSE", "evse": {"id": 1}},
            "variable": {"name": "Power"},
            "variableCharacteristics": {"dataType": "decimal", "unit": "W"},
            "variableAttribute": [{"type": "Actual", "value": "0"}],
        }
    ]
}
PROFILE = "charging profile TxDefaultProfile level 10"


@pytest.mark.parametrize(
    ("kind", "source", "settings", "rows", "written_to", "told"),
    [
        ("dlms", LISTED, {}, "Limit,0,5000", "Limit", ""),
        ("dlms", LISTED, {}, "1-0:15.7.0*255,0,5000", "Limit", ""),
        ("dlms", LISTED, {}, "Open,0,5000", "Open", ""),
        ("dlms", LISTED, {}, "Power,0,5000", "", "its limits do not count"),
        ("dlms", LISTED, {}, "Open,,5000", "", "neither a range nor a list"),
        ("bacnet", BACNET, {}, "Free,0,5000", "Free", ""),
        ("bacnet", BACNET, {}, "Setpoint,0,5000", "Setpoint", ""),
        ("bacnet", BACNET, {}, "Power,0,5000", "", "its limits do not count"),
        ("ocpp", OCPP, {}, f"{PROFILE},0,5000", PROFILE, ""),
        ("ocpp", OCPP, {"MAXIMUM": "32"}, f"{PROFILE},0,5000", PROFILE, ""),
        ("ocpp", VARIABLE, {}, "EVSE.Power,0,5000", "EVSE.Power", ""),
        ("spine", SPINE, {"USECASES": CURTAILMENT}, "loadControlLimitListData,0,5000", "limits of", ""),
        (
            *("spine", SPINE, {"USECASES": CURTAILMENT, "MAXIMUM": "32"}),
            *("1.1/4 loadControlLimitListData,0,5000", "limits of", ""),
        ),
    ],
)
def test_file_of_limits_makes_points_writable(tmp_path, kind, source, settings, rows, written_to, told):
    """A row opens a point that can be written, goes before other limits, and is told where it cannot count."""
    (tmp_path / "limits.csv").write_text(f"point,minimum,maximum\n{rows}\nnone-such,0,1\n")
    found = made(kind, source, LIMITS=str(tmp_path / "limits.csv"), **settings)
    (thing,) = found.things.values()
    every = [*thing["properties"].values(), *thing.get("actions", {}).values()]
    opened = [p["title"] for p in every if p.get("flex:allowedMaximum") == 5000 and not p.get("readOnly")]
    assert opened == [title for title in opened if written_to and title.startswith(written_to)]
    assert bool(opened) is bool(written_to)
    assert found.unmet == {"none-such"}
    assert any(told in note.why for note in found.notes) or not told


@needs_data
def test_every_valid_scl_file_is_imported(tmp_path):
    """Those with an IED that has types give mappings that conform; each other one says why not."""
    files = sorted((DATA / "devices" / "iec61850-scl").iterdir())
    mapped = 0
    for result in import_files("scl", [str(path) for path in files], {}, tmp_path):
        if result.imported is None:
            assert "parsererror" in result.source
            continue
        assert result.conforms == (result.imported.mapped > 0), list(result.lines())
        assert result.imported.mapped or result.imported.left
        mapped += result.imported.mapped
    assert mapped > 900


@needs_data
def test_reference_lists_are_imported(tmp_path):
    """A BACnet list and SPINE datagrams as they come from others."""
    (result,) = import_files("bacnet", [str(DATA / "devices/volttron/bacnet.csv")], {}, tmp_path)
    assert (result.imported.mapped, result.conforms) == (84, True)
    both = [
        json.loads((DATA / "devices/eebus-spine" / name).read_text("utf-8"))
        for name in (
            "wallbox_detaileddiscoverydata_recv_notify_full.json",
            "nm_usecaseinformationlistdata_recv_reply.json",
        )
    ]
    assert made("spine", both, MAXIMUM="32").mapped == 6


@pytest.mark.parametrize("kind", ["bacnet", "dlms", "ocpp", "s2", "scl", "spine"])
@pytest.mark.parametrize(
    "data", [b"", b"\x00\x01", b"[]", b"{}", b"<a/>", b"a,b\n1,2\n", b"[" * 5000, b'{"a": NaN}']
)
def test_what_is_no_such_file_is_refused(kind, data):
    """With a cause, never a traceback."""
    with pytest.raises(UnreadablePayload):
        import_bytes(kind, data, "x", {})


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_unknown_setting_is_refused(kind):
    """And those that are known are listed."""
    sources = {"bacnet": BACNET, "dlms": DLMS, "scl": SCL, "csv": b"name,address,type\na,1,int16\n"}
    source = sources.get(kind) or json.dumps({"ocpp": OCPP, "s2": S2, "spine": SPINE}.get(kind, {})).encode()
    with pytest.raises(UsageError):
        import_bytes(kind, source, "x", {"COLOUR": "red"})


@pytest.mark.parametrize(
    ("kind", "source", "settings"),
    [
        ("bacnet", BACNET, {"PRIORITY": "17"}),
        ("bacnet", BACNET, {"DEVICE": "5000000"}),
        ("ocpp", OCPP, {"VERSION": "9"}),
        ("ocpp", OCPP, {"MAXIMUM": "inf"}),
        ("spine", SPINE, {"USECASES": "teleportation"}),
        ("spine", SPINE, {"USECASES": CURTAILMENT, "MAXIMUM": "much"}),
    ],
)
def test_wrong_settings_are_refused(kind, source, settings):
    """What is wrong, and what may stand there."""
    data = source if isinstance(source, bytes) else json.dumps(source).encode()
    with pytest.raises(UsageError):
        import_bytes(kind, data, "x", settings)


def test_scl_with_a_doctype_is_refused():
    """No parser sees an entity."""
    bomb = b'<!DOCTYPE a [<!ENTITY x "y">]><SCL xmlns="http://www.iec.ch/61850/2003/SCL">&x;</SCL>'
    with pytest.raises(UnreadablePayload, match="DOCTYPE"):
        import_bytes("scl", bomb, "x.scd", {})


def variable(name, unit, mutability="ReadOnly", evse=None, **kind):
    component = {"name": "EVSE", **({"evse": {"id": evse}} if evse else {})}
    return {
        "component": component,
        "variable": {"name": name},
        "variableAttribute": [{"type": "Actual", "value": "16", "mutability": mutability}],
        "variableCharacteristics": {
            "dataType": "decimal",
            "supportsMonitoring": False,
            **({"unit": unit} if unit else {}),
            **kind,
        },
    }


def test_variables_of_the_device_model_are_points(tmp_path):
    """What is a quantity becomes a point, writable within its own limits by a SetVariables that is valid."""
    import ocpp
    from jsonschema_rs import validator_for

    report = {
        "requestId": 1,
        "generatedAt": "2026-11-27T00:00:00Z",
        "seqNo": 0,
        "reportData": [
            variable("Power", "W", evse=1),
            variable("Current", "A", "ReadWrite", evse=1, minLimit=6, maxLimit=32),
            variable("Voltage", "V", "ReadWrite"),
            variable("Speed", "parsec"),
            variable("Weight", None),
        ],
    }
    folder = Path(ocpp.__file__).parent / "v201" / "schemas"
    valid = validator_for(json.loads((folder / "NotifyReportRequest.json").read_text(encoding="utf-8-sig")))
    assert valid.is_valid(report)
    (tmp_path / "r.json").write_text(json.dumps(report))
    settings = {"STATION": "CP-1", "VERSION": "2.0.1"}
    (result,) = import_files("ocpp", [str(tmp_path / "r.json")], settings, tmp_path / "out")
    assert result.conforms, result.reports
    points = result.imported.things["r"]["properties"]
    assert {name: point.get("readOnly", False) for name, point in points.items()} == {
        "EVSE_Power_1": True,
        "EVSE_Current_1": False,
        "EVSE_Voltage": True,
    }
    assert [note.point for note in result.imported.notes] == ["EVSE.Voltage", "EVSE.Speed"]
    assert {left.point for left in result.imported.left} == {"EVSE.Speed", "EVSE.Weight"}
    model = read_file(tmp_path / "out" / "r.tm.jsonld")
    (tmp_path / "cp.td.jsonld").write_text(written(instance(model, "urn:dev:cp", {})))
    plans = load_site([str(tmp_path / "cp.td.jsonld")]).plans
    (write,) = check_command(
        plans, "urn:dev:cp", Command(point="EVSE_Current_1", value=Decimal(10)), 0.0
    ).writes
    made = validator_for(json.loads((folder / "SetVariablesRequest.json").read_text(encoding="utf-8-sig")))
    assert made.is_valid(write.message["payload"])
    refused = check_command(plans, "urn:dev:cp", Command(point="EVSE_Current_1", value=Decimal(33)), 0.0)
    assert [reason.rule for reason in refused.refusals] == ["CMD-4"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (
            "s2",
            {
                "message_type": "ResourceManagerDetails",
                "available_control_types": [[1]],
                "roles": [{"role": []}],
            },
        ),
        ("s2", {"message_type": "ResourceManagerDetails", "provides_power_measurement_types": True}),
        ("sunspec", {"id": 1, "group": {"points": [], "groups": ["x"]}}),
        ("sunspec", {"id": 1, "group": {"points": [], "groups": 5}}),
        (
            "sunspec",
            {"id": 1, "group": {"points": [{"name": "x", "type": "enum16", "size": 1, "symbols": 1.5}]}},
        ),
        (
            "spine",
            {
                "nodeManagementDetailedDiscoveryData": {
                    "featureInformation": [
                        {
                            "description": {
                                "featureAddress": {"entity": 1.5},
                                "supportedFunction": [{"function": "measurementListData"}],
                            }
                        }
                    ]
                }
            },
        ),
    ],
)
def test_members_of_another_kind_break_nothing(kind, value):
    """A member that is no list where one belongs maps nothing, or is told; it is never an exception of ours."""
    with suppress(UnreadablePayload):
        assert import_bytes(kind, json.dumps(value).encode(), "x.json", {}).mapped <= 1
