"""read: bytes -> tree. Hardened parse, then the schema; nothing else of FlexKG parses XML from outside.

What is refused before the parser sees it: too many bytes, bytes that are no UTF-8, NUL, a DOCTYPE. The parser
resolves no entities, loads nothing and builds no tree deeper than libxml2's limit of 256.
"""

import hashlib
import re
import threading
from difflib import get_close_matches
from typing import Any

from lxml import etree

from kg.document import Document
from kg.errors import UnreadablePayload, UsageError
from kg.json_reader import looks_like_json, read_json
from kg.schema import in_20b, messages, schema_errors, schema_for
from kg.xpath import OADR_20A, OADR_20B

__all__ = ["MAX_BYTES", "Document", "read", "tree"]

#: Default cap for one payload, in bytes.
MAX_BYTES = 1_048_576
#: Byte order mark of UTF-8.
_MARK = b"\xef\xbb\xbf"
_SIGNED = f"{{{OADR_20B}}}oadrSignedObject"
_PAYLOAD = f"{{{OADR_20B}}}oadrPayload"
_PROFILES = {OADR_20B: "2.0b", OADR_20A: "2.0a"}
_PROLOG = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._:-]+)[\"']")
_DECLARATION = re.compile(r"^\ufeff?<\?xml[^>]*\?>")
_local = threading.local()


def read(data: bytes, *, max_bytes: int = MAX_BYTES, standard: str = "") -> Document:
    """Read a payload: hardened parse, then the schema of its profile.

    Args:
        data: the payload as received.
        max_bytes: largest payload accepted.
        standard: profile asked for, for example ``"2.0a"``; empty for the one that the message names.

    Returns:
        The payload's tree, message type and schema errors.

    Raises:
        UnreadablePayload: the bytes are no OpenADR message, or one of another profile than the one asked for;
            the code says why.
        UsageError: no profile is called as asked.

    Source:
        OpenADR 2.0b, oadr_20b.xsd.

    >>> read(b"").message_type
    Traceback (most recent call last):
    kg.errors.UnreadablePayload: the payload is empty; send one OpenADR 2.0b message
    """
    if looks_like_json(data):
        return read_json(data, max_bytes=max_bytes, standard=standard)
    text = _refuse(data, max_bytes)
    try:
        root = etree.fromstring(text, _parser())
    except etree.XMLSyntaxError as error:
        raise _syntax_error(error) from error
    if root.getroottree().docinfo.doctype:
        raise _doctype()
    body = _body(root)
    if body is None:
        return _hollow(data, root, standard)
    name = etree.QName(body)
    profile = _profile(body, standard)
    judged = in_20b(root) if profile == "2.0a" else root
    errors = () if schema_for("2.0b").validate(judged) else tuple(schema_errors(judged))
    return Document(data, root, body, name.localname, profile, hashlib.sha256(data).hexdigest(), errors)


def tree(data: bytes, *, max_bytes: int = MAX_BYTES) -> Any:
    """Parse XML that is no OpenADR message, as strictly as one: the file of a device, say.

    Args:
        data: the file.
        max_bytes: largest file accepted.

    Returns:
        Its root element.

    Raises:
        UnreadablePayload: it is no XML, too large, not UTF-8, or has a DOCTYPE.
    """
    if not data.strip():
        raise UnreadablePayload("the file is empty", cure="give an XML file", code="empty")
    try:
        root = etree.fromstring(_refuse(data, max_bytes), _parser())
    except etree.XMLSyntaxError as error:
        raise _syntax_error(error) from error
    if root.getroottree().docinfo.doctype:
        raise _doctype()
    return root


def _refuse(data: bytes, max_bytes: int) -> bytes:
    """Refuse what no parser should see; gives the payload in UTF-8."""
    if not data.removeprefix(_MARK).strip():
        raise UnreadablePayload("the payload is empty", cure="send one OpenADR 2.0b message", code="empty")
    if len(data) > max_bytes:
        raise UnreadablePayload(
            f"the payload has more than the {max_bytes:,} bytes allowed",
            cure="send fewer intervals in one message, or raise FLEXKG_MAX_PAYLOAD_BYTES (--max-bytes)",
            code="too-large",
        )
    if data.startswith(b"\xff\xfe\x00\x00"):
        raise UnreadablePayload("the payload is UTF-32", where="byte 0", cure="send UTF-8", code="encoding")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = _from_utf16(data)
    elif b"\x00" in data:
        raise UnreadablePayload(
            "the payload holds a NUL byte, which XML forbids",
            where=f"byte {data.index(0)}",
            cure="send UTF-8 text, or UTF-16 with a byte order mark",
            code="encoding",
        )
    else:
        _utf8(data)
    start = _PROLOG.match(data, len(_MARK) if data.startswith(_MARK) else 0)
    if start is not None and data.startswith(b"<!", start.end()):
        raise _doctype()
    return data


def _utf8(data: bytes) -> None:
    """Refuse bytes that are not, or do not say that they are, UTF-8."""
    declared = _ENCODING.match(data.removeprefix(_MARK))
    if declared and declared[1].upper() not in (b"UTF-8", b"UTF8", b"US-ASCII", b"ASCII"):
        raise UnreadablePayload(
            f"the payload declares the encoding {declared[1].decode()}",
            where="line 1",
            cure="send UTF-8",
            code="encoding",
        )
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadablePayload(
            "the payload is not UTF-8",
            where=f"byte {error.start}, line {line}",
            cure="send UTF-8",
            code="encoding",
        ) from error


def _from_utf16(data: bytes) -> bytes:
    """Write UTF-16, the other encoding that XML 1.0 obliges to accept, in UTF-8 without its declaration."""
    try:
        text = data.decode("utf-16")
    except UnicodeDecodeError as error:
        raise UnreadablePayload(
            "the payload begins as UTF-16 and is not",
            where=f"byte {error.start}",
            cure="send UTF-8",
            code="encoding",
        ) from error
    return _DECLARATION.sub("", text, count=1).encode("utf-8")


def _doctype() -> UnreadablePayload:
    return UnreadablePayload(
        "the payload has a DOCTYPE, which OpenADR has no use for and attacks do",
        where="before the root element",
        cure="remove the DOCTYPE and write entities out",
        code="doctype",
    )


def _parser() -> Any:
    """Give the parser of the running thread: libxml2 parsers must not be shared between threads at work."""
    parser = getattr(_local, "parser", None)
    if parser is None:
        parser = _local.parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
    return parser


def _syntax_error(error: etree.XMLSyntaxError) -> UnreadablePayload:
    line, column = error.position
    what = " ".join((error.msg or "no XML").partition(", line ")[0].split())
    if "depth" in what.lower():
        return UnreadablePayload(
            "the payload nests more than 256 elements",
            where=f"line {line}, column {column}",
            cure="nest fewer",
            code="too-deep",
        )
    return UnreadablePayload(
        f"the payload is not well-formed XML: {what}",
        where=f"line {line}, column {column}",
        cure="send well-formed XML",
        code="not-xml",
    )


def _body(root: Any) -> Any:
    """Find the message's element; None where an envelope holds none."""
    if root.tag != _PAYLOAD:
        return root
    signed = root.find(_SIGNED)
    return signed[0] if signed is not None and len(signed) else None


def _hollow(data: bytes, root: Any, standard: str) -> Document:
    """Give an envelope without a message, with what the schema has against it.

    Raises:
        UnreadablePayload: another profile is asked for, or the schema has nothing against it.
    """
    errors = tuple(schema_errors(root)) if standard in ("", "2.0b") else ()
    if not errors:
        raise UnreadablePayload(
            "the oadrPayload carries no message",
            where="/oadr:oadrPayload/oadr:oadrSignedObject",
            cure="put one message into oadrSignedObject",
            code="unknown-message",
        )
    return Document(data, root, root, "oadrPayload", "2.0b", hashlib.sha256(data).hexdigest(), errors)


def _profile(body: Any, standard: str) -> str:
    """Read the profile from the namespace of the message's element.

    Raises:
        UnreadablePayload: the element is no message of OpenADR, or of another profile than the one asked for.
    """
    name = etree.QName(body)
    profile = _PROFILES.get(name.namespace or "", "")
    asked = standard or profile or "2.0b"
    space = next((space for space, known in _PROFILES.items() if known == asked), "")
    if not space:
        raise UsageError(f"no profile is called {asked!r}", cure=f"use {' or '.join(_PROFILES.values())}")
    if profile and profile != asked:
        raise UnreadablePayload(
            f"{name.localname} is an OpenADR {profile} message; OpenADR {asked} is asked for",
            where=f"line {body.sourceline}",
            cure=f"use the namespace {space}",
            code="profile",
        )
    wrapped = profile == "2.0a" and body.getparent() is not None
    if not profile or wrapped or name.localname not in messages(profile):
        found = name.namespace or "none"
        near = ", ".join(get_close_matches(name.localname, messages(asked), 3, 0))
        what = f"the root element {name.localname!r} in namespace {found} is no OpenADR {asked} message"
        if wrapped:
            what = f"the oadrPayload carries the OpenADR 2.0a message {name.localname}, which has no envelope"
        raise UnreadablePayload(
            what,
            where=f"line {body.sourceline}",
            cure=f"send a message of the namespace {space}" + (f", such as {near}" if profile else ""),
            code="unknown-message",
        )
    return profile
