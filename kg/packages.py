"""Packages of third parties: folders laid out as ours are, which are read beside them.

A package has any of the folders ``ontology``, ``shapes``, ``mappings`` and ``queries``, and in them what our
own have: modules, ``vocab/*.ttl``, ``profiles.ttl``, alignments, device mappings, stored queries. It is found
by the setting ``FLEXKG_PACKAGES``, or as an installed distribution with an entry point of the group
``kg.mappings`` whose value is the Python package that holds the folders. None of its code is run.
"""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Final

from kg.errors import AssetError

#: What a package may hold.
FOLDERS: Final = ("ontology", "shapes", "mappings", "queries")
GROUP: Final = "kg.mappings"
VARIABLE: Final = "FLEXKG_PACKAGES"
_ENTRY: Final = re.compile(r"^([^\s=#;\[][^=]*?)\s*=\s*([\w.]+)\s*(?:\[.*\])?$")


@dataclass(frozen=True, slots=True)
class Package:
    """One package.

    Attributes:
        name: the name of its entry point, or of its folder.
        folder: what holds its folders.
    """

    name: str
    folder: Path


@cache
def packages() -> tuple[Package, ...]:
    """Find the packages: those that the setting names, in its order, then those installed, by name.

    Raises:
        kg.errors.AssetError: one leads to no folder, or to one with nothing that could be read.
    """
    named = [Path(text) for text in os.environ.get(VARIABLE, "").split(os.pathsep) if text]
    found = [Package(path.resolve().name, path.resolve()) for path in named]
    found += sorted(_installed(), key=lambda package: package.name)
    for package in found:
        if not any((package.folder / name).is_dir() for name in FOLDERS):
            raise AssetError(
                f"the package {package.name!r} has none of the folders {', '.join(FOLDERS)}",
                where=str(package.folder),
                cure=f"lay it out as FlexKG's own folders are, or take it out of {VARIABLE}",
            )
    return tuple(dict.fromkeys(found))


def _installed() -> Iterator[Package]:
    """Read the entry points of what is installed.

    The metadata are read here and not with ``importlib.metadata``, whose import alone costs half as much as a
    whole check.

    Source:
        Python packaging specifications: entry points, recording installed projects.
    """
    seen: set[str] = set()
    for place in dict.fromkeys(sys.path):
        for file in sorted(Path(place or ".").glob("*.dist-info/entry_points.txt")):
            if file.parent.name in seen:
                continue
            seen.add(file.parent.name)
            section = ""
            for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
                if line.startswith("["):
                    section = line.strip("[] \t")
                elif section == GROUP and (match := _ENTRY.match(line.strip())):
                    yield Package(match[1], _folder(match[2], file))


def _folder(module: str, file: Path) -> Path:
    """Find the folder of a Python package without importing it."""
    top, *rest = module.split(".")
    spec = PathFinder.find_spec(top)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place, *rest)
        if folder.is_dir():
            return folder
    raise AssetError(
        f"the entry point leads to {module!r}, which is no package here",
        where=str(file),
        cure="install that distribution again, or take it out",
    )
