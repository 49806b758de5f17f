"""Where the reference data lies, and the mark for tests that read it."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("FLEXKG_DATA", ROOT.parent / "shared" / "data"))
PAYLOADS = DATA / "openadr" / "payloads"

needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason="reference data not found: set FLEXKG_DATA to its folder"
)
