"""What a script in a real browser sees of a page, at a desk's size in light and at a phone's in dark."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

NODE = Path(os.environ.get("FLEXKG_NODE", Path(sys.prefix) / "node"))
#: Where the pictures go; CI keeps them.
SCREENSHOTS = Path(os.environ.get("FLEXKG_SCREENSHOTS", ROOT / "screenshots"))
each = pytest.mark.parametrize("name", ["desk", "phone"])


def run(script: str, base: str, *more: str) -> object:
    """Let a script of this folder look at a service; gives what it printed.

    Args:
        script: its name, ``page.mjs`` say.
        base: the address of the service.
        more: further arguments.
    """
    browser = shutil.which("chromium")
    assert browser, "make test-services installs chromium"
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["node", str(ROOT / "tests/services" / script), base, browser, str(SCREENSHOTS), *more],
        capture_output=True,
        text=True,
        timeout=240,
        env=os.environ | {"FLEXKG_NODE": str(NODE)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def looks_of(script: str, base: str, *more: str) -> dict[str, dict]:
    """Give what a script saw at each size, by its name."""
    return {look["name"]: look for look in run(script, base, *more)}


class Proper:
    """What holds of every page; a test class of its own derives from it, with a fixture ``looks``."""

    @each
    def test_nothing_is_asked_of_elsewhere_and_nothing_complains(self, looks, name) -> None:
        """No request leaves the service, no policy is broken, no script fails, nothing is too wide."""
        look = looks[name]
        assert look["outside"] == []
        assert look["complaints"] == []
        assert max(look["wide"]) <= 0

    @each
    def test_page_is_accessible(self, looks, name) -> None:
        """axe-core finds nothing in any view, dialogs included."""
        assert looks[name]["axe"] == []
