"""A quick run of all benchmarks; what the figures are is no matter of tests."""

import json
import subprocess
import sys

import pytest

from bench.__main__ import CASES
from bench.payloads import KINDS
from tests.paths import ROOT

pytestmark = pytest.mark.services


def test_bench_prints_each_row(tmp_path):
    """A quick run prints a table of each case with a row for each kind and size, and writes all as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--results", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = tmp_path.glob("*.json")
    figures = json.loads(path.read_text())
    lines = done.stdout.splitlines()
    for name in CASES:
        assert any(line.startswith(f"{name}: ") for line in lines)
        for row in figures[name]:
            first = str(next(iter(row.values())))
            assert any(
                first in (line[: len(first)], line.replace(",", "")[: len(first)]) for line in lines
            ), row
    assert [(row["kind"], row["size"]) for row in figures["check"]] == [
        (kind, size) for kind, (_, sizes) in KINDS.items() for size in sizes
    ]
    assert len(figures["start"]) == 4
    assert all(row["many_per_s"] > 0 for row in figures["ingest"])
