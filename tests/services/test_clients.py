"""What docs/clients.md and its notebook show works with the real libraries, against a running service."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.service import Service
from kg.settings import load_settings
from tests.paths import ROOT

pytestmark = pytest.mark.services

GUIDE = ROOT / "docs" / "clients.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service over the examples."""
    store = tmp_path_factory.mktemp("clients") / "store"
    with Service(load_settings(store=store)) as service:
        for path in sorted((ROOT / "examples").glob("0[1-4]-*/*.xml")):
            service.ingest(path.read_bytes())
    start = "from api.command import main; main()"
    command = [sys.executable, "-c", start, "serve", "--store", str(store), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().split("serves on ", 1)[1].split(" ", 1)[0]
        finally:
            server.terminate()


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split()[1])
def test_python_of_the_guide_runs(base: str, block: str, tmp_path: Path) -> None:
    """Each block as it stands, in a process of its own."""
    program = tmp_path / "block.py"
    program.write_text(block.replace("http://127.0.0.1:8000", base), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=120, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "HEATPUMP-3" in done.stdout or "SHED-7" in done.stdout


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_notebook_runs(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first cell to the last; its own assertions hold."""
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("FLEXKG", base)
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    notebook = nbformat.read(ROOT / "docs" / "clients.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    assert not any(
        cell.get("outputs") for cell in nbformat.read(ROOT / "docs" / "clients.ipynb", as_version=4).cells
    )
