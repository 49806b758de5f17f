"""Eclipse node-wot reads and writes the simulated devices from the same Thing Descriptions as we do."""

import json
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from kg.devices.commands import Command, Situation, check_command
from kg.devices.documents import read_document
from kg.devices.encodings import from_registers, registers
from kg.devices.importers.skeleton import modbus_point
from kg.devices.models import find_model, instance, written
from kg.devices.points import compile_points
from kg.devices.sites import load_site
from tests.devices.plant import Plant
from tests.devices.test_modbus import MODELS, RAW

pytestmark = pytest.mark.services

NODE = Path(os.environ.get("FLEXKG_NODE", Path(sys.prefix) / "node"))
SCRIPT = Path(__file__).with_name("thing.mjs")
ORDERS = {
    "BIG_ENDIAN": (False, False),
    "LITTLE_ENDIAN": (True, True),
    "BIG_ENDIAN_BYTE_SWAP": (False, True),
    "LITTLE_ENDIAN_BYTE_SWAP": (True, False),
}
NUMBERS = {
    "uint16": 54_321,
    "int16": -12_345,
    "uint32": 3_456_789_012,
    "int32": -1_234_567_890,
    "float32": -1.5,
}


def node_wot(file, port, write):
    """Let node-wot write some points and read all."""
    if shutil.which("node") is None or not (NODE / "node_modules" / "@node-wot").is_dir():
        pytest.skip("needs node and @node-wot: make test-services installs them")
    command = ["node", str(SCRIPT), str(file), str(port), json.dumps({"write": write})]
    environment = {**os.environ, "FLEXKG_NODE": str(NODE)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def raw_of(plant, unit, point):
    """Decode what the plant holds by our own mapping."""
    read = point.access["read"]
    table = "input" if read["function"] == 4 else "holding"
    words = plant.tables[unit][table][read["address"] : read["address"] + read["quantity"]]
    return from_registers(words, point.data_type, read["order"])


@pytest.mark.parametrize("unit", MODELS)
def test_values_are_read_alike(unit, tmp_path):
    """Each number of each device: node-wot gives the raw number that our mapping gives."""
    plant = Plant(MODELS)
    values = {"HOST": "127.0.0.1", "PORT": "502", "UNIT": str(unit)}
    thing = instance(find_model(MODELS[unit]), f"urn:dev:{unit}", values)
    plant.fill(unit, thing, RAW[unit])
    file = tmp_path / "thing.td.jsonld"
    file.write_text(written(thing))
    points, _ = compile_points(read_document(file.read_bytes()))
    with plant.running():
        found = node_wot(file, plant.port, {})
    numbers = {name: p for name, p in points.items() if p.data_type != "string"}
    assert {name: found[name] for name in numbers} == {n: raw_of(plant, unit, p) for n, p in numbers.items()}
    assert set(RAW[unit]) <= set(numbers)


def test_writes_are_alike(tmp_path):
    """What the check before dispatch allows is what node-wot sends for the same raw number."""
    folder = tmp_path / "site"
    folder.mkdir()
    for unit, model in MODELS.items():
        values = {"HOST": "127.0.0.1", "PORT": "502", "UNIT": str(unit)}
        thing = instance(find_model(model), f"urn:dev:{unit}", values, f"R{unit}")
        (folder / f"{unit}.td.jsonld").write_text(written(thing))
    site = load_site([str(folder)])
    known = Situation(readings={("urn:dev:1", name): Decimal(0) for name in ("WSet_SF", "WMaxLimPct_SF")})
    for unit in MODELS:
        verdict = check_command(site.plans, f"R{unit}", Command("SIMPLE", "level", Decimal(2)), 1.0, known)
        assert verdict.writes
        plant = Plant(MODELS)
        plant.fill(unit, site.things[f"urn:dev:{unit}"].data, RAW[unit])
        with plant.running():
            write = {one.point: one.raw for one in verdict.writes}
            found = node_wot(folder / f"{unit}.td.jsonld", plant.port, write)
        sent = [(unit, one.message["address"], one.message["registers"]) for one in verdict.writes]
        assert plant.log == sent
        assert {name: found[name] for name in write} == write


def test_orders_of_bytes_are_alike(tmp_path):
    """Each data type in each order of words and bytes is the same number to both."""
    thing = instance(
        find_model("sunspec-meter"), "urn:dev:1", {"HOST": "127.0.0.1", "PORT": "502", "UNIT": "1"}
    )
    thing.pop("flex:sunspecBlock")
    thing["properties"], expected, plant, address = {}, {}, Plant([1]), 0
    for order, swaps in ORDERS.items():
        for data_type, number in NUMBERS.items():
            words = registers(number, data_type, swaps)
            name = f"{data_type}_{order}"
            thing["properties"][name] = modbus_point(data_type, address, len(words), unit="1", order=order)
            plant.tables[1]["holding"][address : address + len(words)] = words
            expected[name], address = number, address + len(words)
    file = tmp_path / "orders.td.jsonld"
    file.write_text(written(thing))
    with plant.running():
        assert node_wot(file, plant.port, {}) == expected
