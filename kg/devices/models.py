"""Thing Models: the shipped ones, and Thing Descriptions made from them."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

from kg import assets
from kg.devices.documents import Document, read_file
from kg.errors import UsageError
from kg.literals import segment
from kg.namespaces import ID

_PLACEHOLDER: Final = re.compile(r"\{\{ *(\w+) *\}\}")
_WIDTH: Final = 100


@cache
def shipped() -> dict[str, Document]:
    """Give the shipped Thing Models by name."""
    found = assets.files("mappings", "devices/*.tm.jsonld")
    return {path.name.removesuffix(".tm.jsonld"): read_file(path) for path in found}


def find_model(name: str) -> Document:
    """Read a Thing Model: a file, else a shipped one by its name.

    Raises:
        kg.errors.UsageError: there is none, or it is no Thing Model.
    """
    path = Path(name)
    if path.is_file():
        document = read_file(path)
    elif name in shipped():
        document = shipped()[name]
    else:
        raise UsageError(
            f"no Thing Model is called {name!r}",
            cure=f"name a file, or one of {', '.join(sorted(shipped()))}",
        )
    if not document.is_model:
        raise UsageError("the file is no Thing Model", where=name, cure="add tm:ThingModel to its @type")
    return document


def placeholders(document: Document) -> list[str]:
    """List the placeholders of a Thing Model."""
    return sorted(set(_PLACEHOLDER.findall(json.dumps(document.data))))


def instance(model: Document, iri: str, values: dict[str, str], resource: str = "") -> dict[str, Any]:
    """Make a Thing Description from a Thing Model.

    Args:
        model: the Thing Model.
        iri: IRI of the device.
        values: value of each placeholder.
        resource: name of the resource that the device is behind; empty for none.

    Returns:
        The Thing Description.

    Raises:
        kg.errors.UsageError: a placeholder has no value, a value no placeholder, or the IRI is none.

    Source:
        W3C WoT Thing Description 1.1, section 10.3.4 (placeholders), 10.4 (derivation to a Thing
        Description).
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+", iri):
        raise UsageError(f"{iri!r} is no IRI", where="--id", cure="write one, such as urn:dev:hp-3")
    named = placeholders(model)
    for name in named:
        if name not in values:
            raise UsageError(f"the placeholder {name} has no value", cure=f"add --set {name}=...")
    for name in values:
        if name not in named:
            raise UsageError(
                f"the model has no placeholder {name}", cure=f"it has {', '.join(named) or 'none'}"
            )
    made: dict[str, Any] = {}
    for key, value in model.data.items():
        if key == "@type":
            kinds = [kind for kind in model.types if kind != "tm:ThingModel"]
            made["@type"] = ["Thing", *kinds]
            made["id"] = iri
        elif not key.startswith("tm:"):
            made[key] = _filled(value, values)
    made.setdefault("id", iri)
    made.pop("flex:discovery", None)
    if resource:
        made["flex:ofResource"] = {"@id": ID + "resource/" + segment(resource)}
    return made


def _filled(value: Any, values: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    if isinstance(value, str):
        whole = _PLACEHOLDER.fullmatch(value)
        if whole and re.fullmatch(r"-?[0-9]{1,15}", values[whole[1]]):
            return int(values[whole[1]])
        return _PLACEHOLDER.sub(lambda found: values[found[1]], value)
    return value


def written(value: Any, depth: int = 0) -> str:
    """Write a mapping as people read it: what fits into one line is one."""
    return _lines(value, depth) + "\n"


def _lines(value: Any, depth: int) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(flat) + 2 * depth < _WIDTH:
        return flat
    pad = "  " * (depth + 1)
    if isinstance(value, dict):
        items = [
            f"{json.dumps(key, ensure_ascii=False)}: {_lines(item, depth + 1)}" for key, item in value.items()
        ]
        start, end = "{", "}"
    else:
        items = [_lines(item, depth + 1) for item in value]
        start, end = "[", "]"
    return start + "\n" + ",\n".join(pad + item for item in items) + "\n" + "  " * depth + end
