"""What a check finds before any shape speaks, and the report that is made of all findings."""

import hashlib
from collections.abc import Iterable, Iterator

from kg.errors import UnreadablePayload, UsageError
from kg.json_reader import looks_like_json
from kg.lift import lifter_for
from kg.positions import positions
from kg.report import Report, Verdict, Violation
from kg.xml import Document
from kg.xpath import Siblings, pointer

#: What says that bytes cannot be read, by the code of the error; what is not here is FlexKG's own decision.
_XML = {
    "empty": "W3C XML 1.0 (Fifth Edition), section 2.1, well-formed documents",
    "encoding": "W3C XML 1.0 (Fifth Edition), sections 2.2 and 4.3.3, characters and their encodings",
    "not-xml": "W3C XML 1.0 (Fifth Edition), section 2.1, well-formed documents",
    "unknown-message": "OpenADR 2.0b, oadr_20b.xsd",
}
_JSON = {
    "encoding": "RFC 8259, section 8.1, character encoding",
    "not-json": "RFC 8259, section 2, JSON grammar",
    "duplicate-key": "RFC 7493 (I-JSON), section 2.3, object constraints",
    "character": "RFC 7493 (I-JSON), section 2.1, encoding and characters",
    "unknown-message": "OpenADR 3.1.0, openadr3.yaml",
}
_OWN = "FlexKG, docs/decisions/0006-reading.md; no clause of OpenADR"
_ORDER = {"Violation": 0, "Warning": 1, "Info": 2}


def judge(message_type: str, digest: str, found: list[Violation]) -> Report:
    """Make the report on a payload from what was found, in any order."""
    if not found:
        return Report("conforms", message_type, (), digest)
    found.sort(key=lambda v: (_ORDER.get(v.severity, 0), v.line, v.pointer, v.rule, v.focus, v.value or ""))
    refused = any(v.severity == "Violation" for v in found)
    verdict: Verdict = "violates" if refused else "conforms"
    return Report(verdict, message_type, tuple(dict.fromkeys(found)), digest)


def once(found: Iterable[Violation]) -> Iterator[Violation]:
    """Keep one of findings about the same member: in JSON, several payloads share their interval."""
    seen: set[tuple[str, str, str | None]] = set()
    for finding in found:
        place = (finding.rule, finding.pointer, finding.value)
        if place not in seen:
            seen.add(place)
            yield finding


def unreadable(data: bytes, error: UnreadablePayload) -> Report:
    """Make the report on bytes that are no message."""
    finding = Violation(
        rule=f"READ-{error.code}",
        severity="Violation",
        message=error.what,
        pointer=error.where,
        cure=error.cure,
        source=(_JSON if looks_like_json(data) else _XML).get(error.code, _OWN),
        response_code="450",
    )
    return Report("unreadable", "", (finding,), hashlib.sha256(data).hexdigest())


def unopened(focus: str, error: UsageError) -> Report:
    """Make the report on a file or folder that cannot be read.

    Args:
        focus: its IRI.
        error: why.
    """
    finding = Violation(
        rule="READ-file",
        severity="Violation",
        message=error.what,
        focus=focus,
        cure=error.cure,
        source=_OWN,
    )
    return Report("unreadable", "", (finding,))


def misshapen(document: Document) -> Report:
    """Make the report on a message that its schema refuses, or the form that its mapping file gives."""
    if document.profile.startswith("3"):
        return _misformed(document)
    findings = tuple(
        Violation(
            rule="XSD",
            severity="Violation",
            message=error.message,
            source="OpenADR 2.0b, oadr_20b.xsd"
            + ("; OpenADR 2.0a has its order and types" if document.profile == "2.0a" else ""),
            pointer=error.pointer,
            line=error.line,
            cure="make the element as the schema asks",
            response_code="450",
        )
        for error in document.schema_errors
    )
    return Report("violates", document.message_type, findings, document.digest)


def _misformed(document: Document) -> Report:
    """Make the report on a JSON message whose members are of the wrong kind."""
    lines = positions(document.data)
    findings = tuple(
        Violation(
            rule="JSON",
            severity="Violation",
            message=error.message,
            source=f"OpenADR {document.profile}, openadr3.yaml",
            pointer=error.pointer,
            line=lines[error.pointer].line if error.pointer in lines else 0,
            cure="write the member as the OpenAPI document has it",
            response_code="450",
        )
        for error in document.schema_errors
    )
    return Report("violates", document.message_type, findings, document.digest)


def unmapped(element: object, profile: str, siblings: Siblings | None = None) -> Violation:
    """Report an element that no mapping names; a breach where the mappings name all that a profile has."""
    at, line = pointer(element, siblings), getattr(element, "sourceline", 0) or 0
    lifter = lifter_for(profile)
    if lifter.source.settings.get("closed") and getattr(element, "tag", "") not in lifter.hollow:
        return Violation(
            rule="LIFT-2",
            severity="Violation",
            message=f"The element does not belong to OpenADR {profile}.",
            source=f"OpenADR {profile}, oadr_{profile.replace('.', '')}.xsd",
            pointer=at,
            line=line,
            cure="leave the element out, or use OpenADR 2.0b",
            response_code="459",
        )
    what = "member" if lifter.json else "element"
    return Violation(
        rule="LIFT-1",
        severity="Warning",
        message=f"The {what} has no meaning in the mapping; its content is not in the graph.",
        source="invented by FlexKG: nothing is dropped silently",
        pointer=at,
        line=line,
        cure=f"map the {what} in mappings/payloads, or leave it out",
    )


def repeated(element: object, profile: str, siblings: Siblings | None = None) -> Violation:
    """Report an element that comes again where the mapping knows one: a value stated twice is one triple."""
    closed = bool(lifter_for(profile).source.settings.get("closed"))
    return Violation(
        rule="LIFT-3",
        severity="Violation" if closed else "Warning",
        message="The element is repeated, where only one has a meaning.",
        source=f"OpenADR {profile}, oadr_ei_{profile.replace('.', '')}.xsd, IntervalType"
        if closed
        else "invented by FlexKG: nothing is dropped silently",
        pointer=pointer(element, siblings),
        line=getattr(element, "sourceline", 0) or 0,
        cure="state one value for the interval",
        response_code="459" if closed else "",
    )
