"""read, for JSON: bytes -> tree. Hardened parse, then kind of message, standard and form by the mapping file.

Refused: more bytes than allowed, what is no UTF-8, a key twice in one object, NaN and Infinity, numbers of
more than 100 characters, nesting of more than 32, characters that XML forbids, since such text could not be
carried over.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from kg import assets
from kg.document import Document
from kg.errors import AssetError, UnreadablePayload
from kg.json_form import MAX_ERRORS, errors, form_of, settings
from kg.json_text import MARK, parsed
from kg.json_tree import Node, Presentation
from kg.jsonpath import lists
from kg.mapping_files import read_raw, served
from kg.yarrrml import MappingFile, load

_SHOWN = 60


def looks_like_json(data: bytes) -> bool:
    """Tell by the first character whether bytes mean to be a JSON object or list.

    >>> looks_like_json(b' {"objectType": "EVENT"}'), looks_like_json(b"<x/>")
    (True, False)
    """
    return data[:1] != b"<" and data[:4096].removeprefix(MARK).lstrip()[:1] in (b"{", b"[")


def speaks_of_openadr(data: bytes) -> bool:
    """Tell whether JSON means to be a message of OpenADR 3: by its kind, or because it is damaged.

    Args:
        data: a file that nobody said to be a payload, for example one found in a folder.

    Returns:
        False for an object that states no ``objectType`` and has the members of no message, for a list of
        such objects, and for any other value; True for all else, also for what is no JSON.

    >>> speaks_of_openadr(b'{"name": "package"}'), speaks_of_openadr(b'{"objectType": "EVENT"}')
    (False, True)
    """
    try:
        value = json.loads(data.removeprefix(MARK))
    except (ValueError, RecursionError):
        return True
    items = value if isinstance(value, list) else [value]
    return any(isinstance(i, dict) and ("objectType" in i or _reader().message(i)) for i in items)


def read_json(data: bytes, *, max_bytes: int, standard: str = "") -> Document:
    """Read a JSON payload.

    Args:
        data: the payload as received.
        max_bytes: largest payload accepted.
        standard: ``"3.0"`` or ``"3.1"``; empty for the one that the members speak for.

    Returns:
        Its tree, kind of message (``"event"``, ...), standard, and what is wrong with its form.

    Raises:
        UnreadablePayload: the bytes are no OpenADR 3 message; the code says why.

    Source:
        OpenADR 3.1.0, openadr3.yaml; RFC 8259.
    """
    value, names = parsed(data, max_bytes)
    reader = _reader()
    name = reader.message(value)
    if not name:
        said = value.get("objectType")
        what = f"its objectType is {said!r}" if said is not None else "it has no objectType"
        raise UnreadablePayload(
            f"the JSON object is no OpenADR 3 message: {what[:_SHOWN]}, and its members are those of none",
            where="/objectType",
            cure=f"send one of {', '.join(reader.names)}",
            code="unknown-message",
        )
    root = reader.presentation.tree(value, name).of(data)
    profile = reader.profile(root, names)
    if standard and standard != profile:
        if standard not in reader.profiles:
            known = " or ".join(reader.profiles)
            raise UnreadablePayload(
                f"the payload is JSON, which OpenADR {standard} does not use",
                cure=f"ask for {known}",
                code="profile",
            )
        if profile != reader.profiles[0]:
            raise UnreadablePayload(
                f"the {name} is one of OpenADR {profile}; OpenADR {standard} is asked for",
                cure="leave out what that version does not have",
                code="profile",
            )
        profile = standard
    found = []
    for error in errors(root, reader.form(name), reader.lists):
        found.append(error)
        if len(found) == MAX_ERRORS:
            break
    return Document(data, root, root, name, profile, hashlib.sha256(data).hexdigest(), tuple(found))


class _Reader:
    """What the mapping file for JSON says of messages, standards and form."""

    def __init__(self, source: MappingFile) -> None:
        self.source = source
        self.profiles = (str(source.settings["profile"]), *source.settings.get("also", ()))
        self.kinds: list[dict[str, Any]] = source.settings["messages"]
        self.names = tuple(dict.fromkeys(kind["name"] for kind in self.kinds))
        self.presentation = Presentation(
            settings(source, "kinds"),
            settings(source, "singles"),
            settings(source, "objects"),
            frozenset(self.names),
            self.message,
        )
        self.lists = lists(json.dumps(read_raw(source.path)["mappings"]))
        self._signs = [
            (entry["profile"], tuple(step for step in re.split(r"(\.\.|\.)", path[1:]) if step))
            for entry in source.settings.get("signs", ())
            for path in entry["members"]
        ]

    def message(self, value: dict[str, Any]) -> str:
        """Name the kind of message that an object is; empty for none."""
        for kind in self.kinds:
            said = value.get("objectType")
            if all(value.get(key) is not None for key in kind.get("has", ())) and (
                said in kind["objectType"] if "objectType" in kind else said is None
            ):
                return str(kind["name"])
        return ""

    def profile(self, root: Node, names: set[str]) -> str:
        """Tell the standard: the first whose sign is in the document, else the newest.

        Args:
            root: the document.
            names: the names of all its members.
        """
        signs = (
            (profile, path)
            for profile, path in self._signs
            if path[0] == "." or path[1].partition("=")[0] in names
        )
        return str(next((profile for profile, path in signs if _has([root], path)), self.profiles[0]))

    @lru_cache(maxsize=32)  # noqa: B019 # there is one reader
    def form(self, name: str) -> Any:
        """Give the form of a kind of message."""
        mapping = next(m for m in self.source.mappings.values() if m.root and m.iterators[0] == (name,))
        return form_of(self.source, mapping)


def _has(nodes: list[Node], path: tuple[str, ...]) -> bool:
    """Tell whether a path of ``.`` or ``..`` and names leads anywhere; the first names the document."""
    root = nodes[0]
    for place, (mark, step) in enumerate(zip(path[::2], path[1::2], strict=True)):
        name, _, value = step.partition("=")
        if mark == "..":
            nodes = [found for node in nodes for found in _below(node) if found.tag == name]
        elif place == 0:
            nodes = [root] if root.tag == name else []
        else:
            nodes = [child for node in nodes for child in node.iterchildren(name)]
        if value:
            nodes = [node for node in nodes if node.text == value]
    return bool(nodes)


def _below(node: Node) -> Iterator[Node]:
    open_ = [node]
    while open_:
        one = open_.pop()
        yield one
        open_ += one


@lru_cache(maxsize=1)
def _reader() -> _Reader:
    for path in assets.files("mappings", "payloads/*.yml"):
        if served(path):
            source = load(path)
            if source.settings.get("syntax") == "json":
                return _Reader(source)
    raise AssetError("no mapping file is for JSON", where="mappings/payloads", cure="add one")
