"""Documents of OpenADR 3 for the tests: whole objects from the inline examples of the OpenAPI documents."""

import copy
import json
from datetime import datetime
from functools import cache
from typing import Any

import yaml

from tests.paths import DATA, ROOT

FOLDER = ROOT / "tests" / "data" / "openadr3"
VERSIONS = ("3.0.1", "3.1.0", "3.1.1")
STORED = ("program", "event", "report", "subscription", "ven", "resource")
SENT = ("programRequest", "eventRequest", "reportRequest", "subscriptionRequest")
VARIANTS = ("BlVenRequest", "VenVenRequest", "BlResourceRequest", "VenResourceRequest")


@cache
def document(version: str) -> dict[str, Any]:
    """The OpenAPI document of a version."""
    found: dict[str, Any] = yaml.safe_load((DATA / "openadr3" / version / "openadr3.yaml").read_text("utf-8"))
    return found


def schemas(version: str) -> dict[str, Any]:
    """The schemas of a version by name."""
    found: dict[str, Any] = document(version)["components"]["schemas"]
    return found


def example(version: str, name: str, *, whole: bool = True) -> dict[str, Any]:
    """Put an object together from the examples of its members; only the required ones where not ``whole``."""
    made = _made(version, schemas(version)[name], whole)
    if name in STORED and (whole or version != "3.0.1"):
        made["objectType"] = name.upper()
    if name == "notification":
        made["object"] = example(version, "event", whole=whole)
        made["object"]["objectType"] = "EVENT"
    return made


def _made(version: str, schema: dict[str, Any], whole: bool) -> Any:
    if "$ref" in schema:
        return _made(version, schemas(version)[schema["$ref"].rpartition("/")[2]], whole)
    if "allOf" in schema:
        return {key: value for part in schema["allOf"] for key, value in _made(version, part, whole).items()}
    for key in ("oneOf", "anyOf"):
        if key in schema:
            return _made(version, schema[key][0], whole)
    if schema.get("type") == "object" or "properties" in schema:
        kept = schema.get("properties", {}) if whole else schema.get("required", ())
        return {key: _made(version, schema["properties"][key], whole) for key in kept}
    if "example" in schema:
        value = schema["example"]
        return (
            value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else copy.deepcopy(value)
        )
    if schema.get("type") == "array":
        return [_made(version, schema["items"], whole)]
    return schema["enum"][0]


def examples() -> list[tuple[str, str, bool]]:
    """Version, name and wholeness of every object that the OpenAPI documents have examples for."""
    return [
        (version, name, whole)
        for version in VERSIONS
        for name in (*STORED, "notification", *(() if version == "3.0.1" else (*SENT, *VARIANTS)))
        for whole in (True, False)
    ]


def sent(value: Any) -> bytes:
    """Write a document."""
    return json.dumps(value, indent=1).encode()


def plain(value: Any) -> Any:
    """Write a document so that equal ones are equal: no nulls, numbers as such, payloads by type."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        items = [plain(item) for item in value]
        typed = items and all(isinstance(item, dict) and "type" in item for item in items)
        return sorted(items, key=lambda item: item["type"]) if typed else items
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return value
