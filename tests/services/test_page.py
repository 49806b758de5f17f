"""The web page in a real browser: a payload checked, a question asked, the registry seen."""

from collections.abc import Iterator

import pytest

from bench.servers import flexkg
from kg.service import Service
from kg.settings import load_settings
from tests.paths import ROOT
from tests.services.browser import SCREENSHOTS, Proper, each, looks_of

pytestmark = pytest.mark.services

REFUSED = ROOT / "examples" / "03-refused-event" / "refused.xml"
FILLED = (
    "01-price-event/price.xml",
    "02-load-shed/shed-0.xml",
    "02-load-shed/shed-1.xml",
    "04-report-to-query/1-register.xml",
    "04-report-to-query/2-readings.xml",
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service over a store that took the examples in."""
    store = tmp_path_factory.mktemp("page") / "store"
    with Service(load_settings(store=store)) as service:
        for name in FILLED:
            assert service.ingest((ROOT / "examples" / name).read_bytes()).accepted
    with flexkg(store) as address:
        yield f"http://{address}"


@pytest.fixture(scope="module")
def looks(base: str) -> dict[str, dict]:
    """What was seen at a desk's size in light, and at a phone's in dark."""
    return looks_of("page.mjs", base, str(REFUSED))


@each
def test_payload_is_checked_beside_its_lines(looks, name) -> None:
    """Verdict, findings, the marked lines, the jump to one, and the same in words and as a graph."""
    look = looks[name]
    assert look["status"] == "oadrDistributeEvent: 4 violations"
    assert {text.split()[0] for text in look["findings"]} == {"INT-2", "INT-3", "INT-6", "SIG-5"}
    assert len(look["marked"]) >= 3
    assert look["jumped"].startswith("line-")
    assert look["words"]
    assert all(text.startswith(("From 20", "At 20")) for text in look["words"])
    assert "flex:DistributeEvent" in look["turtle"]


@each
def test_stored_query_is_opened_run_and_plotted(looks, name) -> None:
    """Rows as a table and as a plot."""
    look = looks[name]
    assert any("SHED-7" in row for row in look["rows"])
    assert any(label.startswith("SHED-7") or "value" in label for label in look["plotted"])


@each
def test_broken_query_shows_its_place(looks, name) -> None:
    """What is wrong and at which line, which is marked in the editor."""
    look = looks[name]
    assert "line 2" in look["problem"]
    assert look["problemLine"] >= 1


@each
def test_registry_shows_events_and_readings(looks, name) -> None:
    """Events on a time line, readings as a plot with their numbers."""
    look = looks[name]
    assert any("SHED-7" in text for text in look["events"])
    assert look["readings"].startswith("4 values")


@each
def test_registry_shows_what_an_event_delivered(looks, name) -> None:
    """For each data point a group of bars; what is not known, here a baseline, has none."""
    look = looks[name]
    assert look["delivered"].startswith("1 data points")
    assert look["delivery"] == [
        "HEATPUMP-3 import-power",
        "HEATPUMP-3 import-power, drawn: 2 KiloW",
        "HEATPUMP-3 import-power, requested change: -4 KiloW",
    ]


class TestProper(Proper):
    """The page is."""


def test_screenshots_are_kept(looks) -> None:
    """For whoever wants to look."""
    assert len({path.name for path in SCREENSHOTS.glob("*.png")}) >= 8
