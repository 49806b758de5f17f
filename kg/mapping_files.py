"""Mapping files as YAML, before their names mean anything."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from kg.cache import keep, recall
from kg.errors import AssetError
from kg.form import FORM, misfit


def serves(path: Path) -> str:
    """Tell which profile a mapping file serves, from its head alone; empty for a part of another file.

    Raises:
        AssetError: the file cannot be read.
    """
    return next(iter(served(path)), "")


def served(path: Path) -> tuple[str, ...]:
    """Tell which profiles a mapping file serves: the one that it is for, then those that it is good for too.

    Raises:
        AssetError: the file cannot be read.
    """
    head = _text(path).partition("\nmappings:")[0]
    found = re.search(r"^ +profile: *[\"']?([^\"'\s#]+)", head, re.MULTILINE)
    also = re.search(r"^ +also: *\[([^\]]*)\]", head, re.MULTILINE)
    more = re.findall(r"[^\"',\s]+", also[1]) if also else ()
    return (found[1], *more) if found else ()


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        what = f"mapping file cannot be read: {error.strerror}"
        raise AssetError(what, where=str(path), cure="check the path and its rights") from error
    except UnicodeDecodeError as error:
        raise AssetError("mapping file is not UTF-8", where=str(path), cure="save it as UTF-8") from error


def read_raw(path: Path) -> dict[str, Any]:
    """Read one YAML file of mappings, as it stands; parsed once and then kept as JSON, which reads faster.

    Raises:
        AssetError: the file cannot be read, is no YAML or leaves the subset.
    """
    text = _text(path)
    name = f"mapping-{hashlib.sha256(text.encode()).hexdigest()}.json"
    kept = recall(name)
    if kept is not None:
        found: dict[str, Any] = json.loads(kept)
        return found
    raw = _parsed(path, text)
    keep(name, json.dumps(raw))
    return raw


def _parsed(path: Path, text: str) -> dict[str, Any]:
    """Parse YAML and hold it to the subset."""
    import yaml

    try:
        raw = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise AssetError(
            "mapping file is no valid YAML", where=place, cure="mend the syntax there"
        ) from error
    if not isinstance(raw, dict) or not isinstance(raw.get("mappings"), dict):
        raise AssetError("mapping file has no `mappings`", where=str(path), cure="start from a shipped file")
    unknown = set(raw) - {"prefixes", "mappings", "flexkg"}
    if unknown:
        raise AssetError(
            f"key {sorted(unknown)[0]!r} is outside the subset of YARRRML that is compiled",
            where=str(path),
            cure="use prefixes, mappings and flexkg only",
        )
    what = misfit(raw, FORM)
    if what:
        raise AssetError(what, where=str(path), cure="see docs/mappings.md for what is accepted")
    return raw
