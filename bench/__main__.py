"""Measure and tell: ``python -m bench [--quick] [--only CASE] [--results FOLDER]``."""

import argparse
import faulthandler
import json
import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench import (
    access,
    check,
    devices,
    erasure,
    fleet,
    growth,
    ingest,
    memory,
    openadr,
    peak,
    queries,
    readings,
    reference,
    start,
    stored,
    threads,
    typical,
)

#: Name, what it tells, what measures it. Memory first: what the others leave behind would hide its growth.
CASES: dict[str, tuple[str, Callable[..., list[dict[str, Any]]]]] = {
    "memory": ("memory of one long run of checks", memory.measure),
    "peak": ("memory of one check at most (at most 50 MB and ten times the payload)", peak.measure),
    "check": (
        "one check; ratio: multiple of lxml parse + XSD on the same bytes (at most 15 small, 12 large)",
        check.measure,
    ),
    "threads": ("checks per second with one thread, two threads and two processes", threads.measure),
    "start": ("from the start of Python to the first verdict", start.measure),
    "access": (
        "one token checked, one request decided, beside a bare signature check; CPU time",
        access.measure,
    ),
    "erasure": ("graph made anew from the journal; one subject of fifty erased, with proof", erasure.measure),
    "ingest": ("payloads per second, each on disk before it is answered", ingest.measure),
    "readings": ("SPARQL over columns beside raw SQL and triples; reports taken in", readings.measure),
    "devices": (
        "the check before dispatch, of one mapping, and the import of SunSpec models",
        devices.measure,
    ),
    "openadr": ("live OpenADR 2.0b beside a stock openleadr VTN", openadr.measure),
    "fleet": ("one VTN and many VENs that poll and answer, on the same processors", fleet.measure),
    "queries": (
        "queries through HTTP beside raw pyoxigraph (point at most 1.5 ms over it at the 95th percentile),"
        " a worker's start, another client during an attack",
        queries.measure,
    ),
    "stored": (
        "each stored query through HTTP beside raw pyoxigraph with all quads as one graph (at most 1.3 times"
        " it and 1 ms), with readings as triples and in columns",
        stored.measure,
    ),
    "typical": (
        "twelve questions beside raw pyoxigraph, oxigraph's server, Virtuoso (durations as strings), rdflib;"
        " milliseconds of processor time, a dash where not installed or beyond half a minute",
        typical.measure,
    ),
    "reference": ("one check beside rdflib + pyshacl with all shapes", reference.measure),
}
#: Cases that have a longer form.
LONG = ("readings", "fleet")
#: Seconds that a case may take before the run ends and tells where it stood.
_QUICK, _WHOLE, _SIZES = 120, 3600, 4 * 3600
_PACKAGES = ("lxml", "shacl", "pyshacl", "rdflib", "pyoxigraph")


def table(rows: list[dict[str, Any]]) -> str:
    """Write rows as aligned columns; a figure that was not taken is a dash."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names, *([_cell(name, row.get(name)) for name in names] for row in rows)]
    widths = [max(len(line[n]) for line in cells) for n in range(len(names))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if n == 0 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    )


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        if name.endswith("_share"):
            return f"{value:.0%}"
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" if abs(value) < 1 else f"{value:.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def main() -> None:
    """Run the cases asked for, print a table of each and write all figures as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure FlexKG beside its yardsticks."
    )
    parser.add_argument(
        "--quick", action="store_true", help="see that everything runs; the figures mean little"
    )
    parser.add_argument("--long", action="store_true", help="a hundred million readings, five thousand VENs")
    parser.add_argument("--only", choices=CASES, action="append", help="run this case; may be given again")
    parser.add_argument(
        "--results", type=Path, default=Path(__file__).parent / "results", help="folder for the JSON"
    )
    parser.add_argument(
        "--quads", type=int, action="append", help="size of the case typical, about; may be given again"
    )
    given = parser.parse_args()
    figures: dict[str, Any] = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "quick": given.quick,
        "packages": {name: version(name) for name in _PACKAGES},
    }
    for name, (title, measure) in CASES.items():
        if given.only and name not in given.only:
            continue
        patience = _SIZES if given.quads else _WHOLE
        faulthandler.dump_traceback_later(_QUICK if given.quick else patience, exit=True)
        more: dict[str, Any] = {"long": True} if given.long and name in LONG else {}
        if given.quads and name == "typical":
            more["sizes"] = given.quads
        figures[name] = measure(quick=given.quick, **more)
        faulthandler.cancel_dump_traceback_later()
        print(f"\n{name}: {title}\n{table(figures[name])}", flush=True)
    given.results.mkdir(parents=True, exist_ok=True)
    path = given.results / f"{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
    path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(f"\nwritten to {path}")
    if growth.draw(figures.get("readings", ()), path.with_suffix(".svg")):
        print(f"growth of the readings' figures drawn in {path.with_suffix('.svg')}")


if __name__ == "__main__":
    main()
