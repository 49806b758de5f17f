"""Automatic configuration on what others wrote: records made from samples, not with the patterns in view.

What is right follows from the sample: the SunSpec models that a device has, the type that it gives itself in
SPINE, its logical nodes, its control types. Nothing here looks at a mapping.
"""

import json
import re
from itertools import chain, combinations

import pytest
import yaml
from jsonschema_rs import validator_for

from kg.devices.discovery import records
from kg.devices.suggestions import suggest
from tests.paths import DATA, needs_data

pytestmark = needs_data
DEVICES = DATA / "devices"


def by_models(models):
    """What has the registers: a battery of the DER models, an inverter or meter with integers; else none."""
    if {704, 713} <= set(models):
        return "sunspec-battery"
    for numbers, name in (((101, 102, 103), "sunspec-inverter"), ((201, 202, 203, 204), "sunspec-meter")):
        if set(numbers) & set(models):
            return name
    return "none"


def sunspec_templates():
    """Devices that evcc reads over SunSpec, one record for each product, use and alternative."""
    for path in sorted(DEVICES.glob("evcc-modbus-templates/*.yaml")):
        template = yaml.safe_load(path.read_text("utf-8"))
        for product in template.get("products", [{}]):
            model = (product.get("description") or {}).get("generic", "")
            record = {"protocol": "modbus", "manufacturer": product.get("brand", ""), "model": model}
            uses = re.split(r"\{\{-? (?:else )?if eq \.usage ", str(template["render"]))
            for use in uses[1:] or uses:
                found = {int(number) for number in re.findall(r"\b(\d{3}):(?:\d+:)?[A-Z]", use)}
                for meter in sorted(found & set(range(201, 215))) or [0]:
                    models = sorted((found - set(range(201, 215))) | ({meter} - {0}))
                    told = record | ({"models": [1, *models]} if models else {})
                    yield f"{path.stem} {model} {models}", told, by_models(models)


def sunspec_models():
    """Each model of the samples as the only one beside the common block."""
    for path in sorted(DEVICES.glob("sunspec/model_*.json")):
        number = json.loads(path.read_text("utf-8"))["id"]
        yield path.stem, {"protocol": "Modbus TCP", "models": [1, number]}, by_models([number])


def boot_notifications():
    """Messages that the schemas of OCPP allow, from stations whose makers no mapping names."""
    makers = (
        ("Zaptec", "Go"),
        ("Easee", "Home"),
        ("Wallbox Chargers", "Pulsar Plus"),
        ("Garo", "GLB"),
        ("Vestel", "EVC04"),
    )
    old = validator_for(json.loads((DEVICES / "ocpp/v16/schemas/BootNotification.json").read_text("utf-8")))
    text = (DEVICES / "ocpp/v201/schemas/BootNotificationRequest.json").read_text("utf-8")
    new = validator_for(json.loads(text))
    for number, (vendor, model) in enumerate(makers):
        first = {"chargePointVendor": vendor, "chargePointModel": model, "firmwareVersion": f"{number}.1"}
        second = {"reason": "PowerUp", "chargingStation": {"vendorName": vendor, "model": model}}
        assert old.is_valid(first), first
        assert new.is_valid(second), second
        yield f"1.6 {vendor}", first, "ev-charger-ocpp16"
        yield f"1.6 {vendor} framed", [2, "19223201", "BootNotification", first], "ev-charger-ocpp16"
        yield f"2.0.1 {vendor}", [2, "19223202", "BootNotification", second], "ev-charger-ocpp201"


def spine_datagrams():
    """Each datagram of the samples: a charging station that tells of itself fits, all else is none."""
    for path in sorted(DEVICES.glob("eebus-spine/*.json")):
        text = path.read_text("utf-8")
        data = json.loads(text)
        if "nodeManagementDetailedDiscoveryData" in text or "nodeManagementUseCaseData" in text:
            station = re.search(r'"(deviceType|actor)":\s*"(ChargingStation|EVSE)"', text) is not None
            yield path.stem, data, "wallbox-eebus" if station else "none"


def substations():
    """The IEDs of the SCL files: protection and control, nothing that could be flexible."""
    for path in sorted(DEVICES.glob("iec61850-scl/*")):
        text = path.read_text("utf-8")
        for ied in re.findall(r"<IED\b.*?</IED>", text, re.DOTALL):
            nodes = sorted(set(re.findall(r'lnClass="([A-Z0-9]{4})"', ied)))
            name = (re.search(r'name="([^"]*)"', ied) or ["", ""])[1]
            assert not {"DBAT", "DSTO", "DWGC"} & set(nodes)
            yield (
                f"{path.name} {name}",
                {"protocol": "IEC 61850", "model": name, "nodeClasses": nodes},
                "none",
            )


def resource_managers():
    """Details that the schema of S2 allows: who stores electricity by fill rate is a battery."""
    schema = (DEVICES / "s2-schema" / "messages" / "ResourceManagerDetails.schema.json").read_text("utf-8")
    assert "available_control_types" in schema
    kinds = ("FILL_RATE", "OPERATION_MODE", "POWER_ENVELOPE", "POWER_PROFILE")
    for role, commodity in (
        ("ENERGY_STORAGE", "ELECTRICITY"),
        ("ENERGY_CONSUMER", "HEAT"),
        ("ENERGY_PRODUCER", "ELECTRICITY"),
    ):
        for some in chain(combinations(kinds, 1), combinations(kinds, 2)):
            told = {
                "message_type": "ResourceManagerDetails",
                "name": "x",
                "roles": [{"role": role, "commodity": commodity}],
                "available_control_types": [f"{one}_BASED_CONTROL" for one in some],
            }
            right = "s2-battery" if role == "ENERGY_STORAGE" and "FILL_RATE" in some else "none"
            yield f"{role} {'+'.join(some)}", told, right


def others():
    """Things of the Web of Things and points of buildings: lamps and meters that no mapping is for."""
    for path in sorted(DEVICES.glob("wot-td*/*.jsonld")):
        data = json.loads(path.read_text("utf-8"))
        yield (
            path.stem,
            {"protocol": str(data.get("base", "http")).partition(":")[0], "model": data["title"]},
            "none",
        )
    for path in sorted(DEVICES.glob("volttron/*.csv")):
        protocol = "bacnet" if "bacnet" in path.name else "modbus"
        yield path.stem, {"protocol": protocol, "model": path.stem}, "none"


SOURCES = (
    sunspec_templates,
    sunspec_models,
    boot_notifications,
    spine_datagrams,
    substations,
    resource_managers,
    others,
)


def judged(source):
    for name, told, right in source():
        ((where, record),) = records(told)
        found = suggest(record, where=where)
        yield name, right, found[0].model if found else "none"


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.__name__)
def test_samples_of_others_get_the_right_mapping(source):
    """Of each kind of sample at least 95 of 100 get the right mapping first."""
    rows = list(judged(source))
    wrong = [row for row in rows if row[1] != row[2]]
    assert len(rows) >= 7
    assert len(wrong) <= 0.05 * len(rows), wrong


def test_enough_of_each():
    """More than 100 records, a third with a mapping that fits and a third with none."""
    rows = list(chain.from_iterable(map(judged, SOURCES)))
    fits = [row for row in rows if row[1] != "none"]
    assert len(rows) > 100
    assert len(fits) >= 25
    assert [row for row in rows if row[1] == "none" and row[2] != "none"] == []
