"""The page /me in a real browser, signed in at a real provider: a person's rights."""

import json
import os
import shutil
import subprocess
import zipfile

import pytest

from kg.identity.office import open_office
from kg.service import Service
from kg.settings import load_settings
from tests.messages import event, register, report
from tests.paths import ROOT
from tests.services.test_device import AUDIENCE, FLEXKG, NODE, issuer

pytestmark = pytest.mark.services
__all__ = ["issuer"]


@pytest.fixture
def served(issuer, tmp_path):
    """A service with that provider, and a person with a device: address, folder, venID."""
    settings = {"store": tmp_path / "store", "identity": tmp_path / "identity"}
    office = open_office(load_settings(**settings))
    party = office.vault.enter("default", "anna", name="Anna Planted-Name")
    office.close()
    with Service(load_settings(**settings)) as service:
        for data in (
            register(f"PUMP-{party}", ven=party, request="R-1"),
            report("1.5", "2.5", ven=party, request="R-2"),
            event(event_id="E-ANNA", ven=party, request="R-3"),
        ):
            assert service.ingest(data).accepted
    more = {"ISSUER": issuer, "AUDIENCE": AUDIENCE, "PAGE_CLIENT": "page", "IDENTITY": settings["identity"]}
    environment = os.environ | {f"FLEXKG_{name}": str(value) for name, value in more.items()}
    with (tmp_path / "log").open("wb") as log:
        running = subprocess.Popen(
            [*FLEXKG, "serve", "--store", str(settings["store"]), "--port", "0"],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    try:
        yield running.stdout.readline().split("serves on ")[1].split(" ")[0], tmp_path, party
    finally:
        running.terminate()
        try:
            running.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            running.kill()
            running.communicate()


def test_person_sees_allows_takes_along_and_erases_itself(served):
    """From sign-in to the proof; afterwards no file holds the venID, and the chain still verifies."""
    base, folder, party = served
    browser = shutil.which("chromium")
    assert browser, "make test-services installs chromium"
    done = subprocess.run(
        ["node", str(ROOT / "tests/services/me.mjs"), base, browser, "anna", str(folder / "export.zip")],
        capture_output=True, text=True, timeout=180, env=os.environ | {"FLEXKG_NODE": str(NODE)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + (folder / "log").read_text()
    seen = json.loads(done.stdout)
    assert [one for one in seen["complaints"] if one.startswith(base)] == []
    assert seen["axe"] == []
    assert seen["address"] == f"{base}/me"
    assert seen["kept"] == ["{}", "{}"]
    assert [row[0] for row in seen["events"]] == ["E-ANNA"]
    assert seen["events"][0][3:5] == ["https://program.example/a", "SIMPLE 1"]
    assert seen["readings"][0][1:4:2] == ["2", "2.5 KiloW"]
    assert seen["allowed"][0][:2] == ["adviser", "advice"]
    assert seen["asked"].startswith("Erase everything")
    assert seen["opted"] == 201
    assert seen["gone"]
    assert seen["proof"].endswith(": 0 hits")
    with zipfile.ZipFile(folder / "export.zip") as archive:
        names = {name.partition("/")[2] for name in archive.namelist()}
        assert {"graph.ttl", "readings.csv", "mandates.ttl", "manifest.json", "person.json"} <= names
        assert len(names) == 5 + 4  # what it sent and was sent, and the opt-out of the page
    (folder / "export.zip").unlink()
    assert [f for f in folder.rglob("*") if f.is_file() and party.encode() in f.read_bytes()] == []
