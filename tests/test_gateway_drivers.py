"""Drivers for OCPP and BACnet/IP: what was checked reaches the libraries' own stations and devices."""

import asyncio
import base64
import dataclasses
import json
import os
import signal
import socket
import ssl
import time
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import aiohttp
import pytest

from kg.devices.commands import Command, check_command
from kg.devices.models import find_model, instance, placeholders, written
from kg.devices.sites import load_site
from kg.errors import UsageError
from kg.gateway.apart import Apart
from kg.gateway.bacnet import Objects
from kg.gateway.charging import Stations
from kg.gateway.configuration import read_configuration
from kg.gateway.driver import DeviceUnreachable
from kg.gateway.lines import Lines
from kg.gateway.loop import Loop
from kg.gateway.points import find_point
from kg.gateway.sides import BacnetSide, CentralSystem, EnergyManager
from tests.openadr.test_tls import certified


def site_of(folder, model, base="", **values):
    """A site with one device of a shipped model; gives its plans."""
    made = find_model(model)
    values = {name: values.get(name, "127.0.0.1") for name in placeholders(made)}
    thing = instance(made, "urn:dev:1", values)
    thing["base"] = base or thing["base"]
    (folder / "d.td.jsonld").write_text(written(thing))
    site = {"@context": "https://w3id.org/flexkg/context/site"}
    site["resources"] = [{"resourceID": "R", "devices": ["urn:dev:1"]}]
    (folder / "d.site.jsonld").write_text(json.dumps(site))
    return load_site([str(folder)]).plans


def writes_of(plans, point, value):
    verdict = check_command(plans, "R", Command(point=point, value=Decimal(value)), 0.0)
    assert verdict.allowed, verdict.refusals
    return verdict.writes


class Frames:
    """aiohttp's websocket as the library of the charging station wants it."""

    def __init__(self, socket):
        self.socket = socket

    async def recv(self):
        message = await self.socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionError("gone")
        return message.data

    async def send(self, text):
        await self.socket.send_str(text)


def station(version):
    """The library's own charging station: takes profiles, refuses limits above 15 kW, tells its power."""
    from ocpp import v16, v21, v201
    from ocpp.routing import on

    module = {"1.6": v16, "2.0.1": v201, "2.1": v21}[version]

    class Station(module.ChargePoint):
        def __init__(self, *given):
            super().__init__(*given)
            self.limits = []

        @on("SetChargingProfile")
        def take(self, **said):
            profile = said.get("charging_profile") or said["cs_charging_profiles"]
            schedule = profile["charging_schedule"]
            schedule = schedule[0] if isinstance(schedule, list) else schedule
            self.limits.append(schedule["charging_schedule_period"][0]["limit"])
            status = "Accepted" if self.limits[-1] <= 15000 else "Rejected"
            return module.call_result.SetChargingProfile(status)

        async def begin(self):
            if version == "1.6":
                booted = await self.call(module.call.BootNotification("Maker", "Model"))
                sampled = {"value": "7.4", "measurand": "Power.Active.Import", "unit": "kW"}
                values = [{"timestamp": "2026-12-01T00:00:00Z", "sampled_value": [sampled]}]
                await self.call(module.call.StartTransaction(1, "TAG", 0, "2026-12-01T00:00:00Z"))
                await self.call(module.call.MeterValues(1, values))
            else:
                about = {"vendor_name": "Maker", "model": "Model"}
                booted = await self.call(module.call.BootNotification(about, "PowerUp"))
                sampled = {"value": 7.4, "measurand": "Power.Active.Import"}
                sampled["unit_of_measure"] = {"unit": "W", "multiplier": 3}
                values = [{"timestamp": "2026-12-01T00:00:00Z", "sampled_value": [sampled]}]
                await self.call(module.call.MeterValues(1, values))
            assert booted.status == "Accepted"

    return Station


class Called:
    """A charging station that calls a central system; ``station`` is the library's object."""

    def __init__(self, port, version, name="CP-1", *, password="", protocol=""):
        self.loop = Loop("station")
        self.made = station(version)
        self.protocol = protocol or f"ocpp{version}"
        try:
            self.loop.run(self.connect(f"http://127.0.0.1:{port}/ocpp/{name}", name, password), 20)
        except Exception:
            self.loop.close()
            raise

    async def connect(self, url, name, password):
        self.session = aiohttp.ClientSession()
        said = base64.b64encode(f"{name}:{password}".encode()).decode()
        headers = {"Authorization": f"Basic {said}"} if password else {}
        try:
            self.socket = await self.session.ws_connect(url, protocols=(self.protocol,), headers=headers)
            if self.socket.protocol is None:
                await self.socket.close()
                raise ConnectionError("no protocol in common")
        except (aiohttp.ClientError, ConnectionError):
            await self.session.close()
            raise
        self.station = self.made(name, Frames(self.socket), 10)
        self.serving = asyncio.ensure_future(self.station.start())
        await self.station.begin()

    def end(self):
        async def leave():
            await self.socket.close()
            await asyncio.gather(self.serving, return_exceptions=True)
            await self.session.close()

        self.loop.run(leave(), 10)
        self.loop.close()


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
def test_charging_station_gets_profiles_and_tells_its_power(tmp_path, version):
    """The library's station of each version calls, is limited, refuses, is read, and leaves."""
    plans = site_of(tmp_path, f"ev-charger-ocpp{version.replace('.', '')}", STATION="CP-1")
    stations = Stations(plans["R"], CentralSystem("127.0.0.1:0"))
    portion, power = plans["R"].portions[0], find_point(plans["R"], "power")
    try:
        (limit,) = writes_of(plans, "limit", 11000)
        assert stations.silent(portion) == "CP-1 is not connected"
        for act in (lambda: stations.write(limit), lambda: stations.read(power)):
            with pytest.raises(DeviceUnreachable, match="CP-1"):
                act()
        called = Called(stations.port, version)
        try:
            assert stations.silent(portion) == ""
            assert stations.read(power) == 7400
            assert stations.read(find_point(plans["R"], "energy")) is None  # nothing was told of it
            assert stations.write(limit) == "confirmed"
            (more,) = writes_of(plans, "limit", 22000)
            assert stations.write(more) == "Rejected"
            assert called.station.limits == [11000, 22000]
        finally:
            called.end()
        with pytest.raises(DeviceUnreachable):
            stations.write(limit)
    finally:
        stations.close()


def test_central_system_lets_nobody_in_who_is_not_of_the_site(tmp_path):
    plans = site_of(tmp_path, "ev-charger-ocpp16", STATION="CP-1")
    words = tmp_path / "words"
    words.write_text("CP-1:long word: with a colon\n")
    stations = Stations(plans["R"], CentralSystem("127.0.0.1:0", passwords=words))
    try:
        for name, password in (("CP-2", "long word: with a colon"), ("CP-1", "wrong"), ("CP-1", "")):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                Called(stations.port, "1.6", name, password=password)
            assert refused.value.status == (404 if name == "CP-2" else 401)
        with pytest.raises(ConnectionError):
            Called(stations.port, "1.6", password="long word: with a colon", protocol="ocpp2.0.1")
        called = Called(stations.port, "1.6", password="long word: with a colon")
        assert stations.read(find_point(plans["R"], "power")) == 7400
        called.end()
    finally:
        stations.close()
    for told, words in (
        (CentralSystem("0.0.0.0:0"), "would be any device"),
        (CentralSystem("nowhere"), "no address"),
        (CentralSystem("127.0.0.1:0", passwords=tmp_path / "none"), "cannot be read"),
    ):
        with pytest.raises(UsageError, match=words):
            Stations(plans["R"], told)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Building:
    """The library's own BACnet device: a set point that is commanded, a stage, and the power."""

    def __init__(self, number=500):
        self.loop, self.port, self.number = Loop("device"), free_port(), number
        self.loop.run(self.open(), 20)

    async def open(self):
        from bacpypes3.ipv4.app import NormalApplication
        from bacpypes3.local.analog import AnalogInputObject, AnalogValueObject
        from bacpypes3.local.cmd import Commandable
        from bacpypes3.local.device import DeviceObject
        from bacpypes3.pdu import IPv4Address

        device = DeviceObject(objectIdentifier=("device", self.number), objectName="building")
        self.app = NormalApplication(device, IPv4Address(f"127.0.0.1:{self.port}"))
        made = type("Commanded", (Commandable, AnalogValueObject), {})
        self.setpoint = made(objectIdentifier=("analog-value", 1), objectName="s", presentValue=22.0)
        self.power = AnalogInputObject(
            objectIdentifier=("analog-input", 10), objectName="p", presentValue=41.5, outOfService=False
        )
        self.app.add_object(self.setpoint)
        self.app.add_object(self.power)

    def end(self):
        async def leave():
            self.app.close()

        self.loop.run(leave(), 10)
        self.loop.close()


def test_building_is_written_at_the_priority_of_the_mapping_and_read(tmp_path, monkeypatch):
    plans = site_of(tmp_path, "building-bacnet", DEVICE="500")
    plan, building = plans["R"], Building()
    told = BacnetSide(f"127.0.0.1:{free_port()}", devices={"500": f"127.0.0.1:{building.port}"})
    lines = Lines(plan, bacnet=told)
    try:
        assert lines.protocols == ["bacnet"]
        assert lines.read(find_point(plan, "power")) == Decimal("41.5")
        (write,) = writes_of(plans, "temperature", 24)
        assert lines.write(write) == "confirmed"
        assert building.setpoint.presentValue == 24
        slots = building.setpoint.priorityArray
        assert [n for n, slot in enumerate(slots, 1) if slot._choice != "null"] == [10]
        assert lines.read(find_point(plan, "setpoint")) == 24
        building.power.outOfService = True
        assert lines.read(find_point(plan, "power")) is None  # whatever it says
        assert lines.read(find_point(plan, "roomTemperature")) is None  # it has no such object
        (stage,) = writes_of(plans, "stage", 2)
        assert lines.write(stage).startswith("refused: object: unknown-object")
    finally:
        building.end()
    monkeypatch.setattr("kg.gateway.bacnet._ANSWER", 0.5)
    with pytest.raises(DeviceUnreachable, match="500"):
        lines.read(find_point(plan, "power"))
    lines.close()


def test_building_whose_address_is_not_told_or_none_says_so(tmp_path):
    plan = site_of(tmp_path, "building-bacnet", DEVICE="500")["R"]
    objects = Objects(plan, BacnetSide(f"127.0.0.1:{free_port()}"))
    with pytest.raises(DeviceUnreachable, match="its address is not told"):
        objects.read(find_point(plan, "power"))
    objects.close()
    for told in (BacnetSide("nowhere"), BacnetSide("192.0.2.1:47808"), BacnetSide(devices={"x": "1.2.3.4"})):
        with pytest.raises(UsageError):
            Objects(plan, told)


def test_line_over_104_is_begun_anew_when_its_process_crashes(tmp_path):
    """As c104 may crash: the gateway's own process stays, the plant is not reached for a moment."""
    import c104

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    plans = site_of(tmp_path, "vhpready-chp-iec104", f"iec104://127.0.0.1:{port}")
    point = find_point(plans["R"], "available")
    server = c104.Server(ip="127.0.0.1", port=port, tick_rate_ms=50)
    told = server.add_station(common_address=1).add_point(
        io_address=point.access["informationObjectAddress"], type=c104.Type.M_SP_TB_1
    )
    told.value = True
    server.start()
    lines = Lines(plans["R"])
    driver = lines.driver("iec60870-5-104")

    def read():
        try:
            return lines.read(point)
        except DeviceUnreachable:
            return None

    def until(found):
        end = time.monotonic() + 20
        while not found():
            assert time.monotonic() < end
            time.sleep(0.1)

    try:
        until(lambda: read() == 1)
        first = driver.pid
        os.kill(first, signal.SIGSEGV)
        with pytest.raises(DeviceUnreachable, match="its process ended"):
            lines.read(point)
        until(lambda: read() == 1)
        assert driver.pid not in (0, first)
        second = driver.pid
    finally:
        lines.close()
        server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)


def test_driver_apart_that_cannot_be_made_says_why(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        Apart(partial(read_configuration, tmp_path), "it")
    with pytest.raises(ModuleNotFoundError) as missing:
        Apart(partial(__import__, "no_such_package"), "it")
    assert missing.value.name == "no_such_package"


def test_charging_station_proves_who_it_is_by_its_certificate(tmp_path):
    """Its name is the CN; another station's certificate, or none, does not open."""
    authority = certified(tmp_path, "CA")
    for name in ("gateway", "CP-1", "CP-2"):
        certified(tmp_path, name, authority)
    plans = site_of(tmp_path, "ev-charger-ocpp16", STATION="CP-1")
    keys = (tmp_path / "gateway.pem", tmp_path / "gateway.key")
    stations = Stations(plans["R"], CentralSystem("127.0.0.1:0", *keys, clients=tmp_path / "CA.pem"))

    async def calls(name):
        context = ssl.create_default_context(cafile=tmp_path / "CA.pem")
        context.check_hostname = False
        if name:
            context.load_cert_chain(tmp_path / f"{name}.pem", tmp_path / f"{name}.key")
        url = f"https://127.0.0.1:{stations.port}/ocpp/CP-1"
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(url, protocols=("ocpp1.6",), ssl=context) as made,
        ):
            return made.protocol

    loop = Loop("stations")
    try:
        assert loop.run(calls("CP-1"), 20) == "ocpp1.6"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            loop.run(calls("CP-2"), 20)
        with pytest.raises((aiohttp.ClientError, OSError)):
            loop.run(calls(""), 20)
    finally:
        loop.close()
        stations.close()


def resource_manager(taken):
    """The library's own resource manager: a battery by fill rate or envelope; refuses more than a half."""
    import uuid

    from s2python import common, frbc, pebc
    from s2python.connection.asset_details import AssetDetails
    from s2python.connection.async_.control_type import class_based

    def some():
        return uuid.uuid4()

    commodity = common.CommodityQuantity.ELECTRIC_POWER_3_PHASE_SYMMETRIC
    modes = [
        {
            "id": some(), "diagnostic_label": label, "abnormal_condition_only": False,
            "elements": [{
                "fill_level_range": {"start_of_range": 0, "end_of_range": 100},
                "fill_rate": {"start_of_range": 0, "end_of_range": rate},
                "power_ranges": [{
                    "start_of_range": 0, "end_of_range": 5000, "commodity_quantity": commodity,
                }],
            }],
        }
        for label, rate in (("charge", 1), ("discharge", -1))
    ]  # fmt: skip
    actuator = {
        "id": some(), "diagnostic_label": "battery", "supported_commodities": ["ELECTRICITY"],
        "operation_modes": modes, "transitions": [], "timers": [],
    }  # fmt: skip

    class ByFillRate(class_based.FRBCControlType):
        async def activate(self, connection):
            storage = {
                "provides_leakage_behaviour": False, "provides_fill_level_target_profile": False,
                "provides_usage_forecast": False,
                "fill_level_range": {"start_of_range": 0, "end_of_range": 100},
            }  # fmt: skip
            said = {"message_id": some(), "valid_from": datetime.now(UTC), "actuators": [actuator]}
            made = frbc.FRBCSystemDescription(**said, storage=storage)
            await connection.send_and_forget(made)

        async def deactivate(self, connection):
            pass

        async def handle_instruction(self, connection, msg, send_okay):
            await send_okay()
            mode = next(one for one in modes if one["id"] == msg.operation_mode)
            taken.append((mode["diagnostic_label"], msg.operation_mode_factor))
            state = "ACCEPTED" if msg.operation_mode_factor <= 0.5 else "REJECTED"
            told = {"message_id": some(), "instruction_id": msg.id, "timestamp": datetime.now(UTC)}
            await connection.send_and_forget(common.InstructionStatusUpdate(**told, status_type=state))

    class ByEnvelope(class_based.PEBCControlType):
        async def activate(self, connection):
            limits = [
                {"commodity_quantity": commodity, "limit_type": kind, "abnormal_condition_only": False,
                 "range_boundary": {"start_of_range": 0, "end_of_range": 5000}}
                for kind in ("UPPER_LIMIT", "LOWER_LIMIT")
            ]  # fmt: skip
            said = {"message_id": some(), "id": some(), "valid_from": datetime.now(UTC)}
            said |= {"valid_until": None, "consequence_type": "VANISH", "allowed_limit_ranges": limits}
            await connection.send_and_forget(pebc.PEBCPowerConstraints(**said))

        async def deactivate(self, connection):
            pass

        async def handle_instruction(self, connection, msg, send_okay):
            await send_okay()
            taken.append(("envelope", msg.power_envelopes[0].power_envelope_elements[0].upper_limit))

    details = AssetDetails(
        some(), False, [commodity], common.Duration.from_milliseconds(1000),
        [common.Role(role="ENERGY_STORAGE", commodity="ELECTRICITY")],
    )  # fmt: skip
    power = common.PowerMeasurement(
        message_id=some(), measurement_timestamp=datetime.now(UTC),
        values=[common.PowerValue(commodity_quantity=commodity, value=1234.5)],
    )  # fmt: skip
    return class_based.ResourceManagerHandler([ByFillRate(), ByEnvelope()], details), power


def test_resource_manager_gets_instructions_of_two_control_types(tmp_path):
    """The library's own calls, says what it is, is instructed, refuses, measures, and leaves."""
    from s2python.connection.async_ import S2AsyncConnection

    from kg.gateway.s2 import Managers, _Medium

    plans = site_of(tmp_path, "s2-battery", RM="BAT-1")
    words = tmp_path / "words"
    words.write_text("BAT-1:secret\n")
    managers = Managers(plans["R"], EnergyManager("127.0.0.1:0", passwords=words))
    taken, loop = [], Loop("resource-manager")
    handler, power = resource_manager(taken)
    ended = []

    async def call(token):
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{managers.port}/BAT-1"
            async with session.ws_connect(url, headers={"Authorization": f"Bearer {token}"}) as made:
                connection = S2AsyncConnection(_Medium(Frames(made)), asyncio.get_running_loop())
                handler.register_handlers(connection)
                running = asyncio.ensure_future(connection.run())
                await asyncio.sleep(0.5)
                await connection.send_and_forget(power)
                while not ended:
                    await asyncio.sleep(0.05)
                await connection.stop()
                await running

    def write(point, value):
        (one,) = writes_of(plans, point, value)
        return managers.write(one)

    try:
        with pytest.raises(DeviceUnreachable, match="BAT-1"):
            write("charge", "0.4")
        with pytest.raises(aiohttp.WSServerHandshakeError):
            loop.run(call("wrong"), 20)
        calling = asyncio.run_coroutine_threadsafe(call("secret"), loop._loop)
        end = time.monotonic() + 20
        while "BAT-1" not in managers.there:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert write("charge", "0.4") == "confirmed"
        assert write("discharge", "0.6") == "refused: REJECTED"
        assert write("limit", 3000) == "confirmed"
        assert [(name, pytest.approx(value)) for name, value in taken] == [
            ("charge", 0.4), ("discharge", 0.6), ("envelope", 3000)
        ]  # fmt: skip
        point = find_point(plans["R"], "limit")
        read = dataclasses.replace(point, writable=False)
        assert managers.read(read) == Decimal("1234.5")
        assert managers.read(point) is None
        ended.append(True)
        calling.result(20)
    finally:
        ended.append(True)
        managers.close()
        loop.close()
