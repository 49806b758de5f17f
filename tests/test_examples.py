"""Every command of the README, the guides and the example stories prints what they say."""

import shutil
from pathlib import Path

import pytest

from examples.stories import run, steps, stories
from tests.paths import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("story", stories(), ids=lambda path: path.name)
def test_story_goes_as_told(story: Path, tmp_path: Path) -> None:
    """Each story's commands print what its README says."""
    folder = tmp_path / story.name
    shutil.copytree(story, folder)
    _run_all(story / "README.md", folder)


@pytest.mark.parametrize("page", [p for p in PAGES if any(steps(p))], ids=lambda path: path.name)
def test_page_goes_as_told(page: Path, tmp_path: Path) -> None:
    """Each page's commands, run beside the examples, print what the page says."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    _run_all(page, tmp_path)


def _run_all(page: Path, folder: Path) -> None:
    for step in steps(page):
        printed = run(step.command, folder)
        assert step.fits(printed), f"$ {step.command}\n{printed}\n--- expected\n{step.expected}"
