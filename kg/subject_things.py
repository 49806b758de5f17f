"""The names of a subject's own things in a payload about it alone: resources, meters, devices."""

import json
import re
from typing import Any

from kg.errors import UnreadablePayload
from kg.json_reader import looks_like_json
from kg.xml import read

_ELEMENTS = frozenset(("resourceID", "endDeviceAsset", "meterAsset", "mrid", "usagePoint"))
_MEMBERS = frozenset(("resourceName", "clientID", "venName"))
#: A name shorter than this, or a plain word, says nothing of whose it is.
_TELLING = re.compile(r"(?=.*[\d_-])\S{6,}")


def things(payload: bytes) -> set[str]:
    """Give the names of resources and the like in a payload, those long enough to tell whose they are.

    Args:
        payload: XML or JSON.
    """
    try:
        if looks_like_json(payload):
            found = set(_json(json.loads(payload)))
        else:
            root = read(payload, max_bytes=len(payload)).root
            found = {
                (element.text or "").strip()
                for element in root.iter("{*}*")
                if element.tag.rpartition("}")[2] in _ELEMENTS
            }
    except (ValueError, RecursionError, UnreadablePayload):
        return set()
    return {name for name in found if _TELLING.fullmatch(name)}


def _json(value: Any) -> list[str]:
    if isinstance(value, list):
        return [name for item in value for name in _json(item)]
    if not isinstance(value, dict):
        return []
    own = [item for key, item in value.items() if key in _MEMBERS and isinstance(item, str)]
    return own + [name for item in value.values() for name in _json(item)]
