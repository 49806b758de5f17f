"""The operator's page in a real browser: an event issued, changed and cancelled, VENs and messages seen."""

import urllib.request
from collections.abc import Iterator

import pytest

from tests.openadr.raw import RawVen
from tests.openadr.serving import serving
from tests.services.browser import Proper, each, looks_of

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def looks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict]]:
    """What was seen at a desk's size in light, and at a phone's in dark."""
    with serving(tmp_path_factory.mktemp("operator") / "store", report_every="PT1M") as served:

        def post(service: str, data: bytes) -> bytes:
            request = urllib.request.Request(f"{served.openadr}/{service}", data)
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.read()

        for number in (1, 2):
            ven = RawVen(post, f"VEN-{number}")
            assert ven.register().code == "200"
            ven.register_reports()
            ven.poll()
        yield looks_of("operator.mjs", served.url)


@each
def test_vens_are_seen(looks, name) -> None:
    """Who is there, and whether they poll."""
    rows = looks[name]["vens"]
    assert len(rows) == 2
    assert all("online" in row for row in rows)


@each
def test_event_is_issued_changed_and_cancelled(looks, name) -> None:
    """What is refused says why; what is issued is seen; asking twice is told; cancelling asks once more."""
    look = looks[name]
    assert "7 is no such value" in look["refused"]
    assert f"E-{name}" in look["issued"]
    assert "no answer yet" in look["issued"]
    assert look["status"].endswith("issued.")
    assert "there is an event" in look["twice"]
    assert look["focus"] == "form-title"
    assert look["held"] == ["1 2 0", "60", "level", '<img src=x onerror="alert(1)">']
    assert look["kept"] == 1
    assert "cancelled" in look["over"]


@each
def test_messages_come_by_themselves(looks, name) -> None:
    """Events and requests for reports, as they are recorded."""
    kinds = " ".join(looks[name]["log"])
    assert "oadrDistributeEvent" in kinds
    assert "oadrCreateReport" in kinds


class TestProper(Proper):
    """The page is."""
