"""The check beside rdflib + pyshacl on the same shapes.

Measured last: what these leave in memory makes the garbage collector slow for all that comes after.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from bench.clock import interleave
from bench.payloads import KINDS, fresh
from kg.check import checker
from kg.engines import engine as make_engine
from kg.lift import lift
from kg.xml import read

#: Rounds by place in the list of sizes.
ROUNDS = (5, 3, 1)


def reference() -> Callable[[bytes], object]:
    """Make the other yardstick: read and lift, then rdflib and pyshacl with all shapes, as used alone.

    Choosing the shapes that a message type needs is FlexKG's own; the column ``with_its_shapes_only`` gives
    pyshacl that advantage too.
    """
    shapes = checker().shapes
    triples = (f"{s} {p} {o} .\n" for s, facts in shapes.quads.items() for p, o in facts)
    engine = make_engine("pyshacl", "".join(triples))

    def validate(data: bytes) -> object:
        lifted = lift(read(data))
        return engine.validate("\n".join([*lifted.lines, *lifted.vocabulary(), ""]))

    return validate


def measure(*, quick: bool = False) -> list[dict[str, Any]]:
    """Measure every kind and size; with ``quick``, one round of the smallest size.

    Returns:
        One row for each kind and size: milliseconds, and how many times faster the check is.
    """
    rows = []
    random, fast, slow, plain = Random(), checker(), checker("core", "pyshacl"), reference()
    for kind, (_, sizes) in KINDS.items():
        for place, size in enumerate(sizes[:1] if quick else sizes):
            for warm in fresh(kind, size, 1, random):
                fast.check(warm)
                slow.check(warm)
            some = fresh(kind, size, 1 if quick else ROUNDS[place], random)
            found = interleave(some, {"check": fast.check, "slow": slow.check, "plain": plain})
            rows.append(
                {
                    "kind": kind,
                    "size": size,
                    "check_ms": found["check"] * 1e3,
                    "pyshacl_ms": found["plain"] * 1e3,
                    "times_faster": found["plain"] / found["check"],
                    "with_its_shapes_only": found["slow"] / found["check"],
                    "goal": 30,
                }
            )
    return rows
