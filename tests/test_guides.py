"""What the guides say beside the commands that tests/test_examples.py runs: requests, settings, links."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kg.settings import Settings
from tests.paths import ROOT

GUIDES = sorted((ROOT / "docs").glob("*.md"))
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *GUIDES,
    *sorted((ROOT / "docs" / "decisions").glob("*.md")),
]
_REQUESTS = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"<!-- settings: begin -->\n(.*?)<!-- settings: end -->", re.DOTALL)
_LINK = re.compile(r"\]\(([^)#:]+)\)")


def requests():
    """Every curl command of the guides."""
    for page in GUIDES:
        for block in _REQUESTS.findall(page.read_text("utf-8")):
            for line in block.splitlines():
                if line.startswith("curl "):
                    yield pytest.param(line, id=f"{page.stem}: {line[:60]}")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A running service over the examples' payloads."""
    folder = tmp_path_factory.mktemp("service")
    command = [sys.executable, "-c", "from api.command import main; main()"]
    store = str(folder / "store")
    subprocess.run(
        [*command, "ingest", "examples", "--store", store], cwd=ROOT, check=False, capture_output=True
    )
    serving = subprocess.Popen(
        [*command, "serve", "--store", store, "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        yield serving.stdout.readline().partition("http://")[2].partition(" ")[0]
    finally:
        serving.terminate()
        serving.communicate(timeout=30)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("request_", list(requests()))
def test_request_of_a_guide_is_answered(request_, address):
    """Each curl command works as it stands, run beside the examples."""
    text = request_.replace("127.0.0.1:8000", address).replace("curl ", "curl --silent --fail ", 1)
    done = subprocess.run(["/bin/sh", "-c", text], cwd=ROOT, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.strip()
    if "format=csv" in request_:
        assert b"," in done.stdout.splitlines()[0]
    elif "Accept" not in request_:
        assert json.loads(done.stdout)


def test_settings_table_is_that_of_the_settings(update_golden):
    """docs/operator.md lists every setting with option, variable, default and meaning."""
    options = {"store": "--store", "host": "--host", "port": "--port", "profile": "--profile"}
    options |= {"engine": "--engine", "max_payload_bytes": "--max-bytes"}
    rows = ["| option | variable | default | meaning |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        option = f"`{options[name]}`" if name in options else ""
        default = "" if field.default in (None, "") else f"`{field.default}`"
        rows.append(f"| {option} | `FLEXKG_{name.upper()}` | {default} | {field.description} |")
    table = "\n".join(rows) + "\n"
    page = ROOT / "docs" / "operator.md"
    text = page.read_text("utf-8")
    if update_golden:
        page.write_text(
            _TABLE.sub(lambda _: f"<!-- settings: begin -->\n{table}<!-- settings: end -->", text)
        )
        return
    assert _TABLE.search(text)[1] == table


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page):
    """Each link to a file leads to one."""
    assert [
        link for link in _LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()
    ] == []


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_folders_and_files_named_in_a_guide_exist(page):
    """`shapes/profiles.ttl` and the like, without those with a placeholder."""
    roots = ("ontology", "shapes", "mappings", "queries", "kg", "api", "examples", "tests", "bench", "docs")
    named = re.findall(rf"`((?:{'|'.join(roots)})/[\w./-]*)`", page.read_text("utf-8"))
    assert [name for name in named if not Path(ROOT / name).exists()] == []
