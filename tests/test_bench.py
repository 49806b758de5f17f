"""The benchmark runs and tells each figure; what the figures are is no matter of tests."""

import random
import subprocess
import sys

import pytest
from lxml import etree

import kg
from bench import growth
from bench.__main__ import table
from bench.payloads import KINDS, fresh
from tests.paths import ROOT


def test_bench_runs_one_case(tmp_path):
    """With --only, one case runs; a name that is none is refused with the names there are."""
    command = [sys.executable, "-m", "bench", "--quick", "--results", str(tmp_path), "--only"]
    done = subprocess.run(
        [*command, "memory"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    assert "memory: " in done.stdout
    assert "ingest: " not in done.stdout
    done = subprocess.run(
        [*command, "speed"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 2
    assert "ingest" in done.stderr


def test_table_aligns_columns():
    """Columns are as wide as their widest cell; a figure that was not taken is a dash."""
    text = table([{"kind": "a", "ms": 0.12345, "share": 1}, {"kind": "bcd", "ms": 12345.6}])
    assert text.splitlines() == ["kind      ms  share", "a      0.123      1", "bcd   12,346      -"]


@pytest.mark.parametrize("kind", KINDS)
def test_fresh_payloads_conform_and_share_nothing(kind):
    """Payloads that are measured conform, and no two have an identifier or digest in common."""
    payloads = fresh(kind, 2, 20, random.Random())
    assert {kg.check(data).verdict for data in payloads} == {"conforms"}
    assert len(set(payloads)) == 20


def test_growth_is_drawn_of_several_sizes_only(tmp_path):
    """Each query, its yardsticks where they were taken, and the bytes; one size is no growth."""
    rows = [
        {
            "query": name,
            "readings": size,
            "bytes_each": 3.0,
            "sparql_ms": 2.0,
            "raw_sql_ms": 1.0,
            "triples_ms": slow,
        }
        for size, slow in ((1000, 9.0), (10_000, None))
        for name in ("sum < all", "latest")
    ]
    file = tmp_path / "growth.svg"
    assert not growth.draw([*rows[:2], {"query": "taken in"}], file)
    assert not file.exists()
    assert growth.draw([*rows, {"query": "taken in", "readings": 5}], file)
    found = etree.parse(file).getroot()
    assert len(found.findall(".//{*}polyline")) == 8
    assert "sum < all" in "".join(found.itertext())
