"""What a release consists of: lock, bill of materials and licences say the same, and the lock fits."""

import json
import re
import tomllib

from packaging.requirements import Requirement

from lock import LICENCES, LOCK, SBOM, pins
from tests.paths import ROOT


def locked():
    return pins(LOCK.read_text("utf-8"))


def test_lock_pins_every_package_with_hashes():
    """Every dependency is in it, in a version that is allowed; each has hashes; no registry is named."""
    text = LOCK.read_text("utf-8")
    found = locked()
    assert "://" not in text
    assert all(hashes for _, hashes in found.values())
    assert text.count("==") >= len(found) > 40
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for line in project["dependencies"]:
        wanted = Requirement(line)
        name = re.sub(r"[-_.]+", "-", wanted.name).lower()
        assert found[name][0] in wanted.specifier, line


def test_bill_of_materials_and_licences_are_those_of_the_lock():
    """Package by package; most of them state a licence."""
    found = locked()
    document = json.loads(SBOM.read_text("utf-8"))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert {c["name"]: c["version"] for c in document["components"]} == {n: v for n, (v, _) in found.items()}
    rows = re.findall(r"^\| (\S+) \| (\S+) \| (.+) \|$", LICENCES.read_text("utf-8"), re.MULTILINE)
    assert {name: version for name, version, _ in rows[1:]} == {n: v for n, (v, _) in found.items()}
    assert sum(text == "see its page" for _, _, text in rows) < 6
