"""Writes the documentation site of the ontology into the wheel, as kg/_data/site."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class SiteHook(BuildHookInterface):  # type: ignore[type-arg]
    """Make the site when a wheel is built; an editable install makes each page when it is asked for."""

    PLUGIN_NAME = "custom"
    folder: Path | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the site to a folder of its own and put that into the wheel."""
        if version == "editable":
            return
        self.folder = Path(tempfile.mkdtemp(prefix="flexkg-site-"))
        with _package(Path(self.root)):
            from kg.site.write import write_site

            write_site(self.folder)
        build_data["force_include"][str(self.folder)] = "kg/_data/site"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the folder."""
        if self.folder is not None:
            shutil.rmtree(self.folder)


@contextmanager
def _package(root: Path) -> Iterator[None]:
    """Make ``kg.site`` importable without what ``kg`` itself imports, which a build need not install."""
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "kg"}
    package = ModuleType("kg")
    package.__path__ = [str(root / "kg")]
    sys.modules["kg"] = package
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "kg"]:
            del sys.modules[name]
        sys.modules.update(before)
