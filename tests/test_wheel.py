"""The wheel: what an installed FlexKG brings along."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kg.site.write import Site
from tests.paths import ROOT

CODE = """
from kg.site.served import BUILT, Served
made = Served()
assert BUILT.is_dir(), BUILT
for file in ("index.html", "Event.html", "search.json"):
    assert made.file(file) == (BUILT / file).read_bytes(), file
print(made.turtle(made.entry("Event")))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """A wheel of the checkout, built without network."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = out.glob("*.whl")
    return found


def test_the_wheel_brings_the_site(wheel):
    """Each file of the documentation site is in the wheel, as the checkout makes it."""
    site = Site()
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if name.startswith("kg/_data/site/")}
        assert found == {f"kg/_data/site/{file}" for file in site.files()}
        for file in ("index.html", "rules.html", "modules/event.html"):
            assert archive.read(f"kg/_data/site/{file}") == site.make(file)


def test_an_unpacked_wheel_serves_its_site(wheel, tmp_path):
    """What is installed answers with the files that were written when it was built."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    env = {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=False, cwd=tmp_path, env=env
    )
    assert done.returncode == 0, done.stderr
    assert "flex:Event\n    a owl:Class" in done.stdout
