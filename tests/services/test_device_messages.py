"""What a command becomes is taken by others' parts: BACnet, IEC 60870-5-104, IEC 61850, DLMS/COSEM and S2.

Libraries that are not ours carry the message to a device that they play on loopback, which then has the value
(BACnet, 104, 61850), or make and read the protocol's own form of it (DLMS, S2).
"""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from kg.devices.commands import Command, check_command
from kg.devices.models import find_model, instance, placeholders, written
from kg.devices.sites import load_site

pytestmark = pytest.mark.services
NOW = 1_800_000_000.0
FILLED = {"HOST": "127.0.0.1", "PORT": "2404", "UNIT": "1", "DEVICE": "500", "STATION": "CP-1"}


@pytest.fixture(scope="module")
def message(tmp_path_factory):
    """A function from a shipped model, a point and a value to the message of the command."""
    folder = tmp_path_factory.mktemp("devices")
    names = ("building-bacnet", "vhpready-chp-iec104", "der-iec61850", "smart-meter-dlms", "s2-battery")
    for number, name in enumerate(names):
        model = find_model(name)
        values = {key: FILLED.get(key, f"x{number}") for key in placeholders(model)}
        (folder / f"{name}.td.jsonld").write_text(written(instance(model, f"urn:dev:{name}", values, name)))
    plans = load_site([str(folder)]).plans

    def make(model, point, value):
        verdict = check_command(plans, model, Command(point=point, value=Decimal(str(value))), NOW)
        assert verdict.allowed, verdict.refusals
        (write,) = verdict.writes
        return write.message

    return make


def port():
    """A port that is free."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until(true, seconds=10.0):
    """Wait for something, and not for ever."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def test_iec104_station_takes_the_commands(message):
    """lib60870 (c104) carries type, addresses and value; its station gets each as an activation."""
    import c104

    asked = [("start", 1), ("setpoint", 25), ("setpoint", 35.5), ("start", 0)]
    told = [message("vhpready-chp-iec104", point, value) for point, value in asked]
    where, got = port(), []

    def receive(
        point: c104.Point, previous_info: c104.Information, message: c104.IncomingMessage
    ) -> c104.ResponseState:
        got.append((point.io_address, message.cot.value, float(point.value)))
        return c104.ResponseState.SUCCESS

    def points(station, listening):
        made = {}
        for one in told:
            address = one["informationObjectAddress"]
            kind = next(k for k in c104.Type.__members__.values() if k.value == one["type"])
            if address not in made:
                made[address] = station.add_point(io_address=address, type=kind)
                if listening:
                    made[address].on_receive(callable=receive)
        return made

    server, client = c104.Server(ip="127.0.0.1", port=where), c104.Client(command_timeout_ms=10_000)
    points(server.add_station(common_address=told[0]["commonAddress"]), True)
    line = client.add_connection(ip="127.0.0.1", port=where, init=c104.Init.NONE)
    local = points(line.add_station(common_address=told[0]["commonAddress"]), False)
    server.start()
    client.start()
    try:
        until(lambda: line.is_connected)
        line.unmute()
        until(lambda: line.state == c104.ConnectionState.OPEN)
        for one in told:
            point = local[one["informationObjectAddress"]]
            point.value = bool(one["value"]) if one["type"] in (45, 58) else float(one["value"])
            assert point.transmit(cause=c104.Cot(one["cause"]))
        until(lambda: len(got) == len(told))
    finally:
        client.stop()
        server.stop()
    assert got == [(one["informationObjectAddress"], 6, float(one["value"])) for one in told]


@pytest.mark.parametrize("value", [250_000, -1000])
def test_iec61850_server_takes_the_command(message, value):
    """libiec61850 operates the control of that reference, and reads the value back by it."""
    told = message("der-iec61850", "setpoint", value)
    assert (told["service"], told["functionalConstraint"]) == ("Operate", "CO")
    command = [
        sys.executable,
        str(Path(__file__).with_name("iec61850_peer.py")),
        json.dumps(told, default=str),
    ]
    for _ in range(5):  # now and then a call of that library does not return
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
            assert done.returncode == 0, done.stderr
            assert float(done.stdout) == value
            return
    pytest.fail("libiec61850 never answered")


@pytest.mark.parametrize(("point", "value"), [("stage", 3), ("setpoint", 21.5)])
def test_bacnet_device_takes_the_command(message, point, value):
    """bacpypes3 writes the property at the priority that the message states, and reads it back."""
    told = message("building-bacnet", point, value)
    kept, array = asyncio.run(asyncio.wait_for(bacnet(told), 30))
    assert kept == pytest.approx(float(told["value"]))
    assert array == told["priority"]


async def bacnet(told):
    """Play the device and the client; gives the value of the object and the priority at which it stands."""
    from bacpypes3.ipv4.app import NormalApplication
    from bacpypes3.local.analog import AnalogValueObject
    from bacpypes3.local.cmd import Commandable
    from bacpypes3.local.device import DeviceObject
    from bacpypes3.local.multistate import MultiStateValueObject
    from bacpypes3.pdu import Address, IPv4Address
    from bacpypes3.primitivedata import ObjectIdentifier

    kind, number = told["object"]
    name = ObjectIdentifier((kind_name(kind), number))
    places = [port(), port()]
    apps = [
        NormalApplication(
            DeviceObject(objectIdentifier=("device", told["device"] + n), objectName=f"d{n}"),
            IPv4Address(f"127.0.0.1:{place}"),
        )
        for n, place in enumerate(places)
    ]
    try:
        kinds = {"analog-value": AnalogValueObject, "multi-state-value": MultiStateValueObject}
        made = type("Commanded", (Commandable, kinds[kind_name(kind)]), {})
        extra = {"numberOfStates": 4} if kind == "multiStateValue" else {}
        held = made(objectIdentifier=name, objectName="o", presentValue=1, **extra)
        apps[0].add_object(held)
        address = Address(f"127.0.0.1:{places[0]}")
        await apps[1].write_property(address, name, "present-value", told["value"], priority=told["priority"])
        value = await apps[1].read_property(address, name, "present-value")
        slots = await apps[1].read_property(address, name, "priority-array")
        taken = [n for n, slot in enumerate(slots, 1) if slot._choice not in (None, "null")]
        return float(value), taken[0]
    finally:
        for app in apps:
            app.close()


def kind_name(kind):
    """analogValue as the standard writes it in its tables: analog-value."""
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in kind)


@pytest.mark.parametrize("value", [1000, 24000])
def test_dlms_request_is_encoded(message, value):
    """dlms-cosem makes the SET request of it, and reads the same from its bytes."""
    from dlms_cosem import cosem, dlms_data, enumerations
    from dlms_cosem.protocol.xdlms import SetRequestNormal

    told = message("smart-meter-dlms", "limit", value)
    kinds = {"double-long-unsigned": dlms_data.DoubleLongUnsignedData}
    data = kinds[told["dataType"]](told["value"]).to_bytes()
    attribute = cosem.CosemAttribute(
        enumerations.CosemInterface(told["class"]), cosem.Obis.from_string(told["obis"]), told["attribute"]
    )
    back = SetRequestNormal.from_bytes(SetRequestNormal(attribute, data).to_bytes())
    assert back.cosem_attribute == attribute
    assert back.cosem_attribute.instance.to_string() == told["obis"].replace("*", ".")
    assert int.from_bytes(back.data[1:], "big") == value


@pytest.mark.parametrize(("point", "value"), [("charge", 0.5), ("discharge", 1), ("limit", 2500)])
def test_s2_instruction_is_valid(message, point, value):
    """s2-python takes the instruction, once the gateway has put in what only it knows: ids and times."""
    from s2python.frbc import FRBCInstruction
    from s2python.pebc import PEBCInstruction

    told = message("s2-battery", point, value)
    some, start = "7d2a4a2e-3d3c-4f1a-9d0b-0a5d7c5a1b11", "2027-01-01T00:00:00Z"
    body = {key: one for key, one in told.items() if key != "endpoint"}
    body |= {"message_id": some, "id": some, "execution_time": start}
    if told["message_type"] == "PEBC.Instruction":
        body["power_constraints_id"] = some
        for envelope in body["power_envelopes"]:
            envelope["id"] = some
            for element in envelope["power_envelope_elements"]:
                element["duration"] = 900_000
        made = PEBCInstruction.from_dict(body)
        assert made.power_envelopes[0].power_envelope_elements[0].upper_limit == value
    else:
        body |= {"actuator_id": some, "operation_mode": some}  # those of the mapping are names for people
        made = FRBCInstruction.from_dict(body)
        assert made.operation_mode_factor == pytest.approx(value)
