"""A payload that was read, in whatever syntax it came."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SchemaError:
    """One thing that is wrong with the form of a payload.

    Attributes:
        message: what is wrong.
        line: line in the payload, from 1; 0 where unknown.
        pointer: XPath or JSON pointer of the element.
    """

    message: str
    line: int
    pointer: str


@dataclass(frozen=True, slots=True)
class Document:
    """A payload that was read.

    Attributes:
        data: the bytes as received.
        root: root element.
        body: the message's element: the root, or what an ``oadrPayload`` carries.
        message_type: local name of ``body``, for example ``"oadrPoll"`` or ``"event"``.
        profile: ``"2.0b"`` or ``"2.0a"``, as the namespace says; ``"3.1"`` or ``"3.0"``, as the members do.
        digest: SHA-256 of ``data``, hexadecimal.
        schema_errors: what the schema refuses; empty for a valid payload.
    """

    data: bytes
    root: Any
    body: Any
    message_type: str
    profile: str
    digest: str
    schema_errors: tuple[SchemaError, ...] = ()
