"""The check of four message types in three sizes, beside parse + XSD."""

import gc
from collections.abc import Callable
from random import Random
from typing import Any

from lxml import etree

from bench.clock import interleave
from bench.payloads import KINDS, fresh
from kg.check import Checker, checker
from kg.lift import lift
from kg.schema import schema_for
from kg.xml import read

#: Rounds by place in the list of sizes: full run, quick run.
ROUNDS = ((200, 3), (60, 2), (12, 1))


def yardstick() -> Callable[[bytes], object]:
    """Make the function that all figures are set beside: lxml parses and validates, and nothing else."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    schema = schema_for("2.0b")

    def parse_and_validate(data: bytes) -> object:
        return schema.validate(etree.fromstring(data, parser))

    return parse_and_validate


def measure(*, quick: bool = False) -> list[dict[str, Any]]:
    """Measure every kind and size.

    Args:
        quick: few rounds.

    Returns:
        One row for each kind and size; times in milliseconds, ratios as multiples of parse + XSD.
    """
    rows = []
    random = Random()
    fast, base = checker(), yardstick()
    for kind, (_, sizes) in KINDS.items():
        for place, size in enumerate(sizes):
            rounds = ROUNDS[place][quick]
            warm = fresh(kind, size, 1, random)[0]
            report = fast.check(warm)
            assert not [v for v in report.violations if v.severity == "Violation"], report.violations[:3]
            base(warm)
            payloads = fresh(kind, size, rounds, random)
            found = interleave(payloads, {"base": base, "check": fast.check, **_stages(fast)})
            row: dict[str, Any] = {"kind": kind, "size": size, "bytes": len(warm), "rounds": rounds}
            row["parse_xsd_ms"] = found["base"] * 1e3
            row["check_ms"] = found["check"] * 1e3
            row["ratio"] = found["check"] / found["base"]
            spent = found["shapes"]
            row["read_share"] = found["read"] / spent
            row["lift_share"] = (found["lift"] - found["read"]) / spent
            row["shapes_share"] = (found["shapes"] - found["lift"]) / spent
            row["triples"] = len(lift(read(warm)).lines)
            rows.append(row)
    return rows


def _stages(fast: Checker) -> dict[str, Callable[[bytes], object]]:
    """Make the stages, each with those before it, so that differences are what a stage costs."""
    return {
        "read": _uncollected(read),
        "lift": _uncollected(lambda data: lift(read(data))),
        "shapes": _uncollected(lambda data: fast.validate(lift(read(data)))),
    }


def _uncollected(stage: Callable[[bytes], object]) -> Callable[[bytes], object]:
    """Let the collector of cycles rest, as it does during a check."""

    def run(data: bytes) -> object:
        gc.disable()
        try:
            return stage(data)
        finally:
            gc.enable()

    return run
