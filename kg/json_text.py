"""The text of a JSON payload: bytes -> value, hardened, with what comes again kept once."""

import json
import re
from typing import Any, NoReturn

from kg.errors import UnreadablePayload
from kg.json_tree import NumberText

MAX_DEPTH = 32
MAX_DIGITS = 100
#: The byte order mark.
MARK = b"\xef\xbb\xbf"
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SHOWN = 60
#: Texts and numbers of one document that are kept once, where they come again.
_ONCE = 4096
_HOLDERS = (dict, list)


def parsed(data: bytes, max_bytes: int) -> tuple[dict[str, Any], set[str]]:
    """Parse a JSON object.

    Args:
        data: the bytes as received.
        max_bytes: most bytes accepted.

    Returns:
        The object, its numbers as their text, and the names of all members in it.

    Raises:
        UnreadablePayload: the bytes are no such object; the code says why.

    Source:
        RFC 8259; RFC 7493 (I-JSON).
    """
    if len(data) > max_bytes:
        raise UnreadablePayload(
            f"the payload has more than the {max_bytes:,} bytes allowed",
            cure="send fewer intervals in one message, or raise FLEXKG_MAX_PAYLOAD_BYTES (--max-bytes)",
            code="too-large",
        )
    try:
        text = data.removeprefix(MARK).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadablePayload(
            "the payload is not UTF-8", where=f"byte {error.start}", cure="send UTF-8", code="encoding"
        ) from error
    try:
        known = _Known()
        value = json.loads(
            text,
            parse_int=known.number,
            parse_float=known.number,
            parse_constant=_constant,
            object_pairs_hook=known.object,
        )
    except json.JSONDecodeError as error:
        raise UnreadablePayload(
            f"the payload is not well-formed JSON: {error.msg}",
            where=f"line {error.lineno}, column {error.colno}",
            cure="send well-formed JSON",
            code="not-json",
        ) from error
    except RecursionError as error:
        raise _deep() from error
    if not isinstance(value, dict):
        raise UnreadablePayload(
            "the payload is a list of JSON", cure="send one object at a time", code="unknown-message"
        )
    plain = "\\" not in text and not _FORBIDDEN.search(text)
    return value, _look(value, plain=plain)


def _look(value: dict[str, Any], *, plain: bool) -> set[str]:
    """Refuse nesting and characters that nothing after this could bear.

    Args:
        value: the document.
        plain: whether no text in it can hold such a character.

    Returns:
        The names of all members.
    """
    names: set[str] = set()
    open_: list[tuple[Any, int]] = [(value, 1)]
    while open_:
        item, depth = open_.pop()
        if type(item) is str:
            if _FORBIDDEN.search(item):
                raise UnreadablePayload(
                    "a text holds a control character or half of a surrogate pair",
                    where=ascii(item[:_SHOWN]),
                    cure="leave the character out",
                    code="character",
                )
            continue
        if type(item) not in _HOLDERS:
            continue
        if depth == MAX_DEPTH and item:
            raise _deep()
        inner = depth + 1
        if type(item) is list:
            open_ += [(part, inner) for part in item if not plain or type(part) in _HOLDERS]
            continue
        if not plain:
            open_ += [(part, inner) for pair in item.items() for part in pair]
        else:
            open_ += [(part, inner) for part in item.values() if type(part) in _HOLDERS]
        names.update(item)
    return names


def _deep() -> UnreadablePayload:
    return UnreadablePayload(
        f"the payload nests more than {MAX_DEPTH} objects and lists", cure="nest fewer", code="too-deep"
    )


class _Known:
    """What came in a document, so that what comes again is kept once."""

    def __init__(self) -> None:
        self._numbers: dict[str, NumberText] = {}
        self._texts: dict[str, str] = {}

    def number(self, text: str) -> NumberText:
        """Keep a number as its text."""
        known = self._numbers.get(text)
        if known is not None:
            return known
        if len(text) > MAX_DIGITS:
            raise UnreadablePayload(
                f"a number has {len(text)} characters, more than the {MAX_DIGITS} allowed",
                where=text[:20] + "...",
                cure="round the number",
                code="number",
            )
        made = NumberText(text)
        if len(self._numbers) < _ONCE:
            self._numbers[text] = made
        return made

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Make an object, and refuse one with a key twice."""
        made = dict(pairs)
        if len(made) < len(pairs):
            seen: set[str] = set()
            twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise UnreadablePayload(
                f"an object has the key {twice[:_SHOWN]!r} twice",
                cure="keep one of them",
                code="duplicate-key",
            )
        texts = self._texts
        for key, value in pairs:
            if type(value) is str:
                if value in texts:
                    made[key] = texts[value]
                elif len(texts) < _ONCE:
                    texts[value] = value
        return made


def _constant(text: str) -> NoReturn:
    raise UnreadablePayload(
        f"the payload holds {text}, which is no JSON", cure="leave the value out", code="not-json"
    )
