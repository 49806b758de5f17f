"""Reports as text for people, as JSON lines, as JUnit XML and as a SHACL validation report in Turtle."""

import json
from collections.abc import Callable, Iterator
from xml.sax.saxutils import escape, quoteattr

from kg.literals import string
from kg.namespaces import DCTERMS, FLEX, ID, SH, SHAPE
from kg.positions import Span, positions
from kg.report import Report, Violation

#: Characters of a payload's line that are shown.
_WIDTH = 100
_MARKS = {"Violation": "x", "Warning": "!", "Info": "i"}


def printable(text: str) -> str:
    r"""Replace what would steer a terminal: payloads, file names and messages are written by strangers.

    >>> printable("a\tb\x1b[31m")
    'a b\ufffd[31m'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c == "\t" else "\ufffd" for c in text)


def as_json(name: str, report: Report) -> str:
    """Write one report as one line of JSON: ``path`` and the fields of ``Report.as_dict``."""
    return json.dumps({"path": name, **report.as_dict()}, ensure_ascii=False)


def as_text(name: str, report: Report, source: bytes = b"") -> str:
    """Write one report for people, with the payload's line under each finding.

    Args:
        name: path as given.
        report: the answer.
        source: the payload, for the lines to show; nothing is shown where it is empty.
    """
    head = f"{printable(name)}: {report.message_type or 'no message'} {report.verdict}"
    placed = any(v.line for v in report.violations)
    lines, spans = (_lines(source), positions(source)) if placed and source else ([], {})
    return "\n".join([head, *(_finding(violation, lines, spans) for violation in report.violations)])


def _lines(source: bytes) -> list[str]:
    """Split a payload as its parser counts lines."""
    wide = source.startswith((b"\xff\xfe", b"\xfe\xff"))
    return source.decode("utf-16" if wide else "utf-8", "replace").split("\n")


def _finding(violation: Violation, lines: list[str], spans: dict[str, Span]) -> str:
    out = [
        f"{_MARKS.get(violation.severity, 'x')} {violation.rule} {violation.severity}: {violation.message}"
    ]
    if violation.pointer:
        out.append(f"    at {violation.pointer}" + (f" (line {violation.line})" if violation.line else ""))
    if 0 < violation.line <= len(lines):
        out += _shown(lines, violation.line, _span(violation.pointer, spans))
    if violation.value is not None:
        out.append(f"    value {violation.value}")
    if violation.source:
        out.append(f"    clause {violation.source}")
    if violation.cure:
        out.append(f"    do: {violation.cure}")
    return "\n".join(f"  {printable(line)}" for line in out)


def _span(pointer: str, spans: dict[str, Span]) -> Span | None:
    """Find the place of an element, or of the nearest around it that the payload has."""
    while pointer and pointer not in spans:
        pointer = pointer.rpartition("/")[0]
    return spans.get(pointer) if pointer else None


def _shown(lines: list[str], line: int, span: Span | None) -> list[str]:
    """Show a line, or what of a long one is around the place, with carets under the place."""
    if span is None or not span.start < span.end:
        shown = lines[line - 1].strip()[:_WIDTH]
        return [f"       | {shown}", "       | " + "^" * len(shown)] if shown else []
    text = printable(lines[span.line - 1].rstrip().replace("\t", " "))
    first = len(text) - len(text.lstrip())
    if len(text) - first > _WIDTH:
        first = max(first, min(span.start - _WIDTH // 4, len(text) - _WIDTH))
    shown = text[first : first + _WIDTH]
    start, end = max(span.start - first, 0), min(span.end - first, len(shown))
    return [f"       | {shown}", "       | " + " " * start + "^" * max(end - start, 1)]


def as_junit(reports: Iterator[tuple[str, Report]]) -> Iterator[str]:
    """Write reports as a JUnit test suite with a test case for each payload.

    A refused payload is a failure, an unreadable one an error; findings that refuse nothing are the case's
    output. The cases wait in a temporary file, since the suite begins with their numbers.
    """
    import tempfile

    count = {"conforms": 0, "violates": 0, "unreadable": 0}
    with tempfile.SpooledTemporaryFile(1 << 20, "w+", encoding="utf-8") as cases:
        for name, report in reports:
            count[report.verdict] += 1
            cases.write(_case(name, report))
        cases.seek(0)
        numbers = (
            f'tests="{sum(count.values())}" failures="{count["violates"]}" errors="{count["unreadable"]}"'
        )
        yield '<?xml version="1.0" encoding="UTF-8"?>\n'
        yield f'<testsuites {numbers}>\n<testsuite name="flexkg check" {numbers} skipped="0">\n'
        yield from cases
        yield "</testsuite>\n</testsuites>\n"


def _case(name: str, report: Report) -> str:
    kind = report.message_type or "unreadable"
    case = f"<testcase classname={_quoted(kind)} name={_quoted(name)}>"
    if report.violations:
        text = escape(_xml_safe(as_text(name, report)))
        if report.conforms:
            case += f"<system-out>{text}</system-out>"
        else:
            worst, tag = report.violations[0], "failure" if report.verdict == "violates" else "error"
            case += f"<{tag} type={_quoted(worst.rule)} message={_quoted(worst.message)}>{text}</{tag}>"
    return case + "</testcase>\n"


def _quoted(text: str) -> str:
    return quoteattr(_xml_safe(text))


def _xml_safe(text: str) -> str:
    return "".join(
        c if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\U0010ffff" else "\ufffd"
        for c in text
    )


def as_turtle(reports: Iterator[tuple[str, Report]], shape_of: Callable[[str], str]) -> Iterator[str]:
    """Write reports as SHACL validation reports in Turtle.

    Args:
        reports: name and report of each payload.
        shape_of: gives a rule's shape IRI, empty where the rule is no shape.
    """
    used = {"sh": SH, "dcterms": DCTERMS, "flex": FLEX, "shape": SHAPE}
    yield "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in used.items())
    for name, report in reports:
        conforms = str(report.conforms).lower()
        title = string(printable(name))
        out = [f"[] a sh:ValidationReport ;\n    dcterms:title {title} ;\n    sh:conforms {conforms}"]
        for violation in report.violations:
            facts = " ;\n".join(f"        {fact}" for fact in _facts(violation, report, shape_of))
            out.append(f"    sh:result [\n{facts}\n    ]")
        yield "\n" + " ;\n".join(out) + " .\n"


def _facts(violation: Violation, report: Report, shape_of: Callable[[str], str]) -> Iterator[str]:
    """State one result; what is found before there is a graph is a finding about the message."""
    shape, value = shape_of(violation.rule), violation.value
    yield "a sh:ValidationResult"
    yield f"sh:resultSeverity sh:{violation.severity}"
    yield f"sh:resultMessage {string(violation.message)}"
    yield f"dcterms:identifier {string(violation.rule)}"
    yield f"sh:focusNode <{violation.focus or f'{ID}message/{report.digest}'}>"
    yield f"sh:sourceConstraintComponent <{_component(violation)}>"
    if shape:
        yield f"sh:sourceShape <{shape}>"
    if violation.path:
        yield f"sh:resultPath <{violation.path}>"
    if value is not None:
        yield f"sh:value {'[]' if value.startswith('_:') else value}"
    if violation.source:
        yield f"dcterms:source {string(violation.source)}"
    if violation.pointer:
        yield f"flex:pointer {string(violation.pointer)}"


def _component(violation: Violation) -> str:
    if violation.component:
        return SH + violation.component
    step = violation.rule.partition("-")[0]
    return SHAPE + {"READ": "Read", "LIFT": "Lift"}.get(step, "Schema") + "ConstraintComponent"
