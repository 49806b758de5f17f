"""Data folders: found in the wheel first, else in the checkout, else told."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kg import assets
from kg.errors import AssetError
from tests.paths import ROOT

SHOW = "from kg import assets; print(assets.folder('ontology'))"


def package(base: Path) -> Path:
    """A copy of what assets needs, as an installation of its own."""
    (base / "kg").mkdir(parents=True)
    (base / "kg" / "__init__.py").touch()
    for name in ("assets.py", "errors.py", "packages.py"):
        shutil.copy(ROOT / "kg" / name, base / "kg" / name)
    return base


def run(base: Path, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=base, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", assets.FOLDERS)
def test_folder_finds_the_checkout(name):
    """In a checkout the folders stand beside the package."""
    assert assets.folder(name) == ROOT / name


def test_folder_prefers_the_wheel(tmp_path):
    """An installed package uses the data that it carries, not a folder that happens to stand beside it."""
    base = package(tmp_path)
    (base / "ontology").mkdir()
    assert run(base, SHOW).stdout.strip() == str(base / "ontology")
    (base / "kg" / "_data" / "ontology").mkdir(parents=True)
    assert run(base, SHOW).stdout.strip() == str(base / "kg" / "_data" / "ontology")


def test_folder_tells_when_it_is_missing(tmp_path):
    """An installation without data is told with the place and a cure."""
    done = run(package(tmp_path), SHOW)
    assert "the data folder 'ontology' is missing" in done.stderr
    assert "install flexkg again" in done.stderr


def test_folder_refuses_other_names():
    """Only the data folders are found, whatever else stands there."""
    with pytest.raises(AssetError, match="'tests'"):
        assets.folder("tests")


def test_files_are_sorted_and_may_be_none():
    """Files come as sorted absolute paths; folders are no files; nothing found is no error."""
    found = assets.files("ontology", "*")
    assert found == sorted(found)
    assert ROOT / "ontology" / "vocabularies.ttl" in found
    assert ROOT / "ontology" / "vocab" not in found
    assert assets.files("ontology", "*.nothing") == []


def test_text_reads_utf_8(tmp_path):
    """A file is read as UTF-8, whatever the locale."""
    path = tmp_path / "a.ttl"
    path.write_bytes("# ü\n".encode())
    assert assets.text(path) == "# ü\n"


def test_text_tells_what_is_wrong(tmp_path):
    """Missing, unreadable and wrongly encoded files are told with path and cure."""
    wrong = tmp_path / "latin.ttl"
    wrong.write_bytes("ü".encode("latin-1"))
    for path, cause in (
        (tmp_path / "none.ttl", "missing"),
        (tmp_path, "cannot be read"),
        (wrong, "not UTF-8"),
    ):
        with pytest.raises(AssetError, match=cause) as caught:
            assets.text(path)
        assert caught.value.where == str(path)
        assert caught.value.cure
