"""The wheel, as installed into an empty environment: it works without the checkout."""

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import kg
from tests.paths import ROOT

pytestmark = pytest.mark.services

FOLDERS = ("ontology", "shapes", "mappings", "queries")


def run(*command, cwd, code=0):
    """Run a program that knows nothing of the checkout or of this environment."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), "LANG": "C.UTF-8"}
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_CERT", "PIP_CONFIG_FILE"):
        if name in os.environ:
            environment[name] = os.environ[name]
    done = subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = folder.glob("flexkg-*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Folder with the commands of an environment that has the wheel and nothing else of ours."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder / "venv", with_pip=True)
    bin_ = folder / "venv" / "bin"
    run(bin_ / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=folder)
    return bin_


@pytest.fixture
def folder(tmp_path):
    """An empty folder with copies of the examples' payloads."""
    for path in (ROOT / "examples").glob("*/*.xml"):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_wheel_carries_packages_and_data(wheel):
    """Every file of the data folders, the type marker and the licence; no tests, no data of others."""
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", *FOLDERS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    data = set(tracked.stdout.split())
    if not data:
        data = {str(p.relative_to(ROOT)) for f in FOLDERS for p in (ROOT / f).rglob("*") if p.is_file()}
    assert {f"kg/_data/{name}" for name in data} <= names
    assert {"kg/py.typed", "kg/__init__.py", "api/app.py"} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"kg", "api", f"flexkg-{kg.__version__}.dist-info"}
    assert not any("__pycache__" in name for name in names)


def test_installed_files_are_read_from_the_environment(installed, folder):
    """Package and data folders lie in the environment."""
    code = "import kg, api, kg.assets, json; print(json.dumps([kg.__file__, api.__file__, "
    code += ", ".join(f"str(kg.assets.folder({name!r}))" for name in FOLDERS) + "]))"
    places = json.loads(run(installed / "python", "-c", code, cwd=folder))
    assert all(Path(place).is_relative_to(installed.parent) for place in places)


def test_installed_command_goes_the_whole_way(installed, folder):
    """check, lift, ingest, query, rebuild and the lists, in a folder that is not the checkout."""
    flexkg = installed / "flexkg"
    assert run(flexkg, "--version", cwd=folder) == f"flexkg {kg.__version__}\n"
    assert run(flexkg, "check", "price.xml", cwd=folder) == "price.xml: oadrDistributeEvent conforms\n"
    found = json.loads(run(flexkg, "check", "refused.xml", "--format", "json", cwd=folder, code=1))
    assert {v["rule"] for v in found["violations"]} == {"INT-2", "INT-3", "INT-6", "SIG-5"}
    reference = run(
        flexkg, "check", "refused.xml", "--engine", "pyshacl", "--format", "json", cwd=folder, code=1
    )
    assert json.loads(reference) == found
    assert "flex:EventVersion" in run(flexkg, "lift", "price.xml", cwd=folder)
    taken = run(flexkg, "ingest", ".", "--store", "store", cwd=folder, code=1)
    assert taken.endswith("6 accepted, 1 refused\n")
    events = run(flexkg, "query", "events", "--store", "store", "--format", "csv", cwd=folder)
    assert [line.partition(",")[0] for line in events.splitlines()] == ["event", "PRICE-2026-12-01", "SHED-7"]
    assert run(flexkg, "rebuild", "--store", "store", cwd=folder).startswith("6 accepted payloads applied")
    assert run(flexkg, "query", "events", "--store", "store", "--format", "csv", cwd=folder) == events
    assert "requested event=string" in run(flexkg, "queries", cwd=folder)
    assert "openadr-2.0b.yml" in run(flexkg, "mappings", cwd=folder)


def test_installed_library_is_typed(installed, folder):
    """``import kg`` checks bytes and is marked as typed."""
    code = "import kg, pathlib; print(kg.check(pathlib.Path('price.xml').read_bytes()).verdict, "
    code += "(pathlib.Path(kg.__file__).parent / 'py.typed').is_file())"
    assert run(installed / "python", "-c", code, cwd=folder) == "conforms True\n"
