"""Mapping documents as JSON: a hardened parse, and JSON pointers into what was parsed."""

import hashlib
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NoReturn

from kg.errors import UnreadablePayload

#: Largest mapping accepted, in bytes; the largest SunSpec model makes about a tenth of it.
MAX_BYTES: Final = 4_194_304
MAX_DEPTH: Final = 24
_MAX_DIGITS: Final = 40
_SHOWN: Final = 60
_THING_MODEL: Final = "tm:ThingModel"


@dataclass(frozen=True)
class Document:
    """A mapping, parsed.

    Attributes:
        name: path as given.
        data: the JSON object; numbers are finite, no key comes twice in one object.
        digest: SHA-256 of the bytes, hexadecimal.
        size: number of bytes.
    """

    name: str
    data: dict[str, Any]
    digest: str
    size: int

    @cached_property
    def types(self) -> tuple[str, ...]:
        """What ``@type`` says, as written."""
        said = self.data.get("@type", ())
        listed = said if isinstance(said, list | tuple) else (said,)
        return tuple(one for one in listed if isinstance(one, str))

    @property
    def is_model(self) -> bool:
        """Whether it is a Thing Model, with placeholders in it."""
        return _THING_MODEL in self.types

    @cached_property
    def iri(self) -> str:
        """IRI of the thing: its ``id``, else one made from the bytes."""
        said = self.data.get("id")
        if isinstance(said, str) and ":" in said and not any(c in said for c in ' <>"{}|\\^`\n\r\t'):
            return said
        return f"urn:flexkg:thing:{self.digest[:16]}"

    @property
    def title(self) -> str:
        """Its title, empty where it has none."""
        said = self.data.get("title")
        return said if isinstance(said, str) else ""

    def affordances(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Go through what can be read, written, invoked or subscribed: kind, name and description."""
        for kind in ("properties", "actions", "events"):
            found = self.data.get(kind)
            if isinstance(found, dict):
                for name, value in found.items():
                    if isinstance(value, dict):
                        yield kind, name, value


def pointer(*steps: str | int) -> str:
    """Write a JSON pointer.

    Source:
        RFC 6901, section 3.

    >>> pointer("properties", "a/b", "forms", 0)
    '/properties/a~1b/forms/0'
    """
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def read_file(path: Path) -> Document:
    """Read a mapping file; see `read_document`. Errors name it."""
    with path.open("rb") as file, _named(path):
        return read_document(file.read(MAX_BYTES + 1), str(path))


def parse_file(path: Path) -> Any:
    """Parse a JSON file; see `parse`. Errors name it."""
    with path.open("rb") as file, _named(path):
        return parse(file.read())


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say of what is wrong in which file it is."""
    try:
        yield
    except UnreadablePayload as error:
        where = f"{path}, {error.where}" if error.where else str(path)
        raise UnreadablePayload(error.what, where=where, cure=error.cure, code=error.code) from error


def read_document(data: bytes, name: str = "") -> Document:
    """Read a mapping.

    Args:
        data: the bytes of a Thing Description or Thing Model.
        name: path, for messages.

    Raises:
        kg.errors.UnreadablePayload: too large, no UTF-8, no JSON object, a key twice, a number that is not
            finite or has more than 40 digits, or nesting of more than 24; the code says which.

    Source:
        RFC 8259; W3C WoT Thing Description 1.1, section 6.1.

    >>> read_document(b'{"title": "x", "@type": "tm:ThingModel"}').is_model
    True
    """
    if len(data) > MAX_BYTES:
        raise UnreadablePayload(
            f"the mapping has more than the {MAX_BYTES:,} bytes allowed",
            cure="split the device into several mappings",
            code="too-large",
        )
    value = parse(data)
    if not isinstance(value, dict):
        raise UnreadablePayload(
            "the mapping is no JSON object", cure="write one Thing Description a file", code="not-object"
        )
    return Document(name, value, hashlib.sha256(data).hexdigest(), len(data))


def parse(data: bytes) -> Any:
    """Parse JSON as strictly as `read_document` does, whatever it holds."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadablePayload(
            "the file is not UTF-8", where=f"byte {error.start}", cure="save it as UTF-8", code="encoding"
        ) from error
    try:
        value = json.loads(
            text, parse_int=_whole, parse_float=_decimal, parse_constant=_constant, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        raise UnreadablePayload(
            f"the file is not well-formed JSON: {error.msg}",
            where=f"line {error.lineno}, column {error.colno}",
            cure="mend the syntax there; a file that ends too early was not copied whole",
            code="not-json",
        ) from error
    except RecursionError as error:
        raise _deep() from error
    _look(value)
    return value


def _look(value: Any) -> None:
    open_: list[tuple[Any, int]] = [(value, 1)]
    while open_:
        item, depth = open_.pop()
        if depth > MAX_DEPTH:
            raise _deep()
        if isinstance(item, dict):
            open_ += ((part, depth + 1) for part in item.values())
        elif isinstance(item, list):
            open_ += ((part, depth + 1) for part in item)


def _deep() -> UnreadablePayload:
    return UnreadablePayload(
        f"the file nests more than {MAX_DEPTH} objects and lists", cure="nest fewer", code="too-deep"
    )


def _whole(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise _long(text)
    return int(text)


def _decimal(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise UnreadablePayload(
            "a number is too large to be finite",
            where=text[:_SHOWN],
            cure="write a finite number",
            code="number",
        )
    if len(text) > _MAX_DIGITS:
        raise _long(text)
    return number


def _long(text: str) -> UnreadablePayload:
    return UnreadablePayload(
        f"a number has {len(text)} characters, more than the {_MAX_DIGITS} allowed",
        where=text[:20] + "...",
        cure="round the number",
        code="number",
    )


def _constant(text: str) -> NoReturn:
    raise UnreadablePayload(
        f"the file holds {text}, which is no JSON",
        cure="write a finite number, or leave it out",
        code="number",
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise UnreadablePayload(
                    f"an object has the key {key[:_SHOWN]!r} twice",
                    cure="keep one of them; the other would be lost",
                    code="duplicate-key",
                )
            seen.add(key)
    return made
