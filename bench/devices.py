"""Device mappings: the check before dispatch, the check of one mapping, the import of all SunSpec models."""

import json
import statistics
import tempfile
from decimal import Decimal
from pathlib import Path
from random import Random
from time import perf_counter, thread_time
from typing import Any

import pyoxigraph as ox

from kg.devices.check import check
from kg.devices.commands import Command, Past, Situation, check_command
from kg.devices.documents import read_document
from kg.devices.graph import contexts
from kg.devices.importers import import_files
from kg.devices.importers.sunspec import models_folder
from kg.devices.meanings import table
from kg.devices.models import find_model, instance, written
from kg.devices.points import compile_points
from kg.devices.resources import Plan, Portion
from kg.devices.strategy_check import strategy


def measure(*, quick: bool = False) -> list[dict[str, Any]]:
    """Measure each; the yardstick is the parsing alone, or a look-up and two comparisons."""
    sizes = (1_000,) if quick else (1_000, 10_000, 100_000)
    return [*(_commands(size) for size in sizes), _mapping(5 if quick else 40), _sunspec()]


def _thing() -> dict[str, Any]:
    values = {"HOST": "192.0.2.7", "PORT": "502", "UNIT": "1"}
    return instance(find_model("generic-heat-pump"), "urn:dev:0", values)


def _commands(size: int) -> dict[str, Any]:
    """Check signals and values against a site of that many resources, with history, in random order."""
    rows = strategy("heat-pump")
    points, commands = compile_points(read_document(json.dumps(_thing()).encode()))
    plans = {}
    situation = Situation()
    for n in range(size):
        device = f"urn:dev:{n}"
        own = {name: _at(point, device) for name, point in points.items()}
        named = {name: own[point.name] for name, point in commands.items()}
        plans[f"R{n}"] = Plan(
            f"R{n}",
            frozenset((f"R{n}",)),
            (Portion(device, own, named, rows, Decimal(1)),),
            True,
            frozenset(),
            Decimal(8000),
        )
        situation.past[device, "powerLimit"] = Past(Decimal(5000), 1000.0, (1000.0,), 1)
    dice = Random(1)
    asked = [
        (
            f"R{dice.randrange(size)}",
            Command("SIMPLE", "level", Decimal(dice.randrange(4)))
            if dice.random() < 0.5
            else Command(point="powerLimit", value=Decimal(dice.randrange(20, 90) * 100)),
        )
        for _ in range(5_000)
    ]
    times, bare = [], []
    for resource, command in asked:
        begin = thread_time()
        check_command(plans, resource, command, 5000.0, situation)
        times.append(thread_time() - begin)
        begin = thread_time()
        _bare(plans, resource, command.value)
        bare.append(thread_time() - begin)
    found, least = statistics.median(times), statistics.median(bare)
    return {
        "case": f"check_command, {size:,} resources",
        "microseconds": found * 1e6,
        "p99_microseconds": statistics.quantiles(times, n=100)[-1] * 1e6,
        "goal": 100.0 if size > 10_000 else 50.0,
        "yardstick": "look-up and two comparisons",
        "yardstick_microseconds": least * 1e6,
        "ratio": found / least,
    }


def _at(point: Any, device: str) -> Any:
    from dataclasses import replace

    return replace(point, device=device)


def _bare(plans: dict[str, Plan], resource: str, value: Decimal) -> bool:
    point = plans[resource].portions[0].points["powerLimit"]
    assert point.minimum is not None
    assert point.maximum is not None
    return point.minimum <= value <= point.maximum


def _mapping(rounds: int) -> dict[str, Any]:
    """Check one mapping; each round's bytes are new."""
    times, bare = [], []
    check(written(_thing()).encode())
    for n in range(rounds):
        data = written(_thing() | {"title": f"Heat pump {n}"}).encode()
        begin = thread_time()
        assert check(data).conforms
        times.append(thread_time() - begin)
        begin = thread_time()
        value = json.loads(data)
        value["@context"] = contexts(value["@context"])
        assert list(ox.parse(json.dumps(value).encode(), format=ox.RdfFormat.JSON_LD))
        bare.append(thread_time() - begin)
    found, least = statistics.median(times), statistics.median(bare)
    return {
        "case": "check of one mapping",
        "microseconds": found * 1e6,
        "goal": 20_000.0,
        "yardstick": "JSON and JSON-LD parse",
        "yardstick_microseconds": least * 1e6,
        "ratio": found / least,
    }


def _sunspec() -> dict[str, Any]:
    """Import all SunSpec models, checks and files included."""
    numbers = [row["model"] for row in table("sunspec-models")]
    with tempfile.TemporaryDirectory() as folder:
        begin = perf_counter()
        results = list(import_files("sunspec", numbers, {}, Path(folder)))
        found = perf_counter() - begin
    assert all(result.conforms for result in results)
    begin = perf_counter()
    for path in models_folder().glob("model_*.json"):
        json.loads(path.read_bytes())
    least = perf_counter() - begin
    return {
        "case": f"import of {len(results)} SunSpec models",
        "microseconds": found * 1e6,
        "goal": 20e6,
        "yardstick": "JSON parse of the models",
        "yardstick_microseconds": least * 1e6,
        "ratio": found / least,
    }
