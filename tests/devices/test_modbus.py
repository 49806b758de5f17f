"""Real parts: three simulated devices behind a Modbus server, read and dispatched to by their mappings."""

from collections import Counter
from decimal import Decimal
from random import Random

import pytest
from pymodbus.client import ModbusTcpClient

from kg.devices.commands import Command, Past, Situation, check_command
from kg.devices.models import find_model, instance, written
from kg.devices.reads import read_of, value_of
from kg.devices.sites import load_site
from tests.devices.plant import Plant

MODELS = {1: "sunspec-battery", 2: "generic-heat-pump", 3: "ev-charger-modbus"}
RAW = {
    1: {"St": 1, "W": -1250, "W_SF": 0, "Hz": 4998, "Hz_SF": -2, "WSet_SF": 0, "WMaxLimPct_SF": 0}
    | {"WHRtg": 1000, "SoC": 625, "WH_SF": 1, "Pct_SF": -1},
    2: {
        "outdoorTemperature": -53,
        "flowTemperature": -32768,
        "electricPower": 70_123,
        "tankTemperature": 481,
    },
    3: {"state": 3, "chargingPower": 11_040, "currentL1": 160},
}
VALUES = {
    1: {"W": -1250, "Hz": "49.98", "WHRtg": 10000, "SoC": "62.5"},
    2: {
        "outdoorTemperature": "-5.3",
        "flowTemperature": None,
        "electricPower": 70_123,
        "tankTemperature": "48.1",
    },
    3: {"state": 3, "chargingPower": 11_040, "currentL1": 16},
}
#: What the devices bear, by unit and address, written here anew: lowest, highest, step of the raw number.
LEGAL = {
    (2, 100): (0, 3, 1),
    (2, 101): (2500, 8000, 100),
    (2, 102): (400, 600, 5),
    (3, 261): (60, 320, 1),
    (3, 262): (0, 1, 1),
}


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    """The plant, its site and a client."""
    folder = tmp_path_factory.mktemp("plant")
    made = Plant(MODELS)
    for unit, model in MODELS.items():
        values = {"HOST": "127.0.0.1", "PORT": "502", "UNIT": str(unit)}
        thing = instance(find_model(model), f"urn:dev:{unit}", values, f"R{unit}")
        made.fill(unit, thing, RAW[unit])
        (folder / f"{unit}.td.jsonld").write_text(written(thing))
    made.site = load_site([str(folder)])
    with made.running():
        made.client = ModbusTcpClient("127.0.0.1", port=made.port)
        assert made.client.connect()
        yield made
        made.client.close()


def read(plant, point):
    """Ask the server for the registers of a point."""
    asked = read_of(point)
    call = {3: plant.client.read_holding_registers, 4: plant.client.read_input_registers}[asked.function]
    return call(asked.address, count=asked.quantity, device_id=asked.unit).registers


def points(plant, unit):
    (portion,) = plant.site.plans[f"R{unit}"].portions
    return portion.points


def factor(plant, unit, point):
    """Read the power of ten of a point, where it has one."""
    if not point.factor_point:
        return None
    exponent = value_of(
        points(plant, unit)[point.factor_point], read(plant, points(plant, unit)[point.factor_point])
    )
    return Decimal(1).scaleb(int(exponent))


@pytest.mark.parametrize(
    ("unit", "name"), [(unit, name) for unit, values in VALUES.items() for name in values]
)
def test_value_is_read_through_the_mapping(plant, unit, name):
    """Registers become the physical value: table, width, sign, scale, power of ten, and no value at all."""
    point = points(plant, unit)[name]
    expected = VALUES[unit][name]
    found = value_of(point, read(plant, point), factor(plant, unit, point))
    assert found == (None if expected is None else Decimal(str(expected)))


def send(plant, verdict):
    """Write what is allowed, as a gateway does."""
    for write in verdict.writes:
        message = write.message
        if message["function"] == 16:
            plant.client.write_registers(message["address"], message["registers"], device_id=message["unit"])
        else:
            plant.client.write_register(
                message["address"], message["registers"][0], device_id=message["unit"]
            )


def test_event_reaches_the_device(plant):
    """A level of an event is in the registers of each device, and comes back when it is read."""
    known = Situation(
        readings={("urn:dev:1", "WSet_SF"): Decimal(0), ("urn:dev:1", "WMaxLimPct_SF"): Decimal(0)}
    )
    for unit, name, value in ((1, "WSet", 2500), (2, "powerLimit", 4000), (3, "currentLimit", 6)):
        verdict = check_command(
            plant.site.plans, f"R{unit}", Command("SIMPLE", "level", Decimal(2)), 1.0, known
        )
        assert verdict.allowed, verdict
        send(plant, verdict)
        assert value_of(points(plant, unit)[name], read(plant, points(plant, unit)[name])) == value


def test_nothing_illegal_arrives_in_ten_thousand_random_commands(plant):
    """The log of the server holds what was allowed, and nothing that the devices do not bear."""
    dice = Random(20261127)
    commands = [
        *((2, name, low, high) for name, low, high in (("mode", -2, 6), ("powerLimit", 0, 9000))),
        *((2, name, low, high) for name, low, high in (("tankSetpoint", 20, 80), ("electricPower", 0, 9))),
        *((3, name, low, high) for name, low, high in (("currentLimit", -5, 40), ("enabled", -1, 3))),
    ]
    plant.log.clear()
    now, allowed, past = 1000.0, 0, {}
    why = Counter()
    for _ in range(10_000):
        unit, name, low, high = dice.choice(commands)
        value = Decimal(dice.choice([str(dice.randint(low, high)), f"{dice.uniform(low, high):.2f}", "NaN"]))
        if dice.random() < 0.5:
            value = value.quantize(Decimal(1)) if value.is_finite() else value
            value = value // 100 * 100 if value.is_finite() and high > 1000 else value
        now += dice.choice([1, 60, 700])
        command = Command(point=name, value=value)
        if dice.random() < 0.2:
            command = Command("SIMPLE", "level", Decimal(dice.randint(-1, 5)))
        verdict = check_command(plant.site.plans, f"R{unit}", command, now, Situation(past=past))
        why.update(reason.rule for reason in verdict.refusals)
        send(plant, verdict)
        allowed += len(verdict.writes)
        for write in verdict.writes:
            key = (write.device, write.point)
            past[key] = past.get(key, Past()).after(write.value, now, 86_400)
    assert len(plant.log) == allowed > 300
    for unit, address, (raw,) in plant.log:
        low, high, step = LEGAL[unit, address]
        assert low <= raw <= high
        assert (raw - low) % step == 0
        assert (unit, address, raw) != (2, 102, 550)
    assert set(why) >= {"CMD-3", "CMD-4", "CMD-6", "CMD-7", "CMD-8", "CMD-9", "CMD-10", "CMD-15", "CMD-16"}
