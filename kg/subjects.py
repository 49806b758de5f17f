"""Whom a payload speaks of, and who sent it: what the journal needs to know before a payload has a graph."""

import re
from dataclasses import dataclass
from typing import Any

from kg.json_reader import looks_like_json
from kg.lift import Lifted
from kg.namespaces import FLEX
from kg.xml import read

_NAMED = re.compile(rf' <{FLEX}(?:venID|clientName)> "((?:[^"\\]|\\.)+)"')


@dataclass(frozen=True, slots=True)
class Parties:
    """The parties that a payload names.

    Attributes:
        subjects: the venIDs in it, in order, each once.
        sender: the vtnID where it states one, since only a VTN does, else the first venID; may be empty.
    """

    subjects: tuple[str, ...]
    sender: str


def parties(data: bytes, lifted: Lifted | None) -> Parties:
    """Find the parties that a payload names.

    Args:
        data: a payload that can be read, whether it is valid or not.
        lifted: its graph, where it has one; it saves reading the bytes again.
    """
    if looks_like_json(data):
        return _told(lifted)
    root = _root(lifted) if lifted is not None else None
    return parties_in(read(data, max_bytes=len(data)).root if root is None else root)


def parties_in(root: Any) -> Parties:
    """Find the parties that an XML payload names, by its root element."""
    vens = tuple(dict.fromkeys(filter(None, (_text(element) for element in root.iter("{*}venID")))))
    vtn = next(filter(None, (_text(element) for element in root.iter("{*}vtnID"))), "")
    return Parties(vens, vtn or next(iter(vens), ""))


def _told(lifted: Lifted | None) -> Parties:
    """Find the parties that an object of OpenADR 3 names, where it could be lifted."""
    found = [m[1] for line in (lifted.lines if lifted else ()) if (m := _NAMED.search(line))]
    vens = tuple(dict.fromkeys(found))
    return Parties(vens, next(iter(vens), ""))


def _root(lifted: Lifted) -> Any:
    element = lifted.top
    return None if element is None else element.getroottree().getroot()


def _text(element: Any) -> str:
    text: str = element.text or ""
    return text if text.strip() else ""
