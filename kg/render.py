"""Reports as text for people, as JSON lines, as JUnit XML and as a SHACL validation report in Turtle."""

import json
from collections.abc import Callable, Iterator
from xml.sax.saxutils import escape, quoteattr

from kg.literals import string
from kg.namespaces import DCTERMS, FLEX, SH, SHAPE
from kg.report import Report, Violation

_MARKS = {"Violation": "x", "Warning": "!", "Info": "i"}


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
    head = f"{name}: {report.message_type or 'no message'} {report.verdict}"
    lines = source.splitlines() if source and any(v.line for v in report.violations) else []
    return "\n".join([head, *(_finding(violation, lines) for violation in report.violations)])


def _finding(violation: Violation, lines: list[bytes]) -> str:
    out = [
        f"  {_MARKS.get(violation.severity, 'x')} {violation.rule} {violation.severity}: {violation.message}"
    ]
    if violation.pointer:
        out.append(f"      at {violation.pointer}" + (f" (line {violation.line})" if violation.line else ""))
    if 0 < violation.line <= len(lines):
        text = lines[violation.line - 1].decode("utf-8", "replace")
        shown = text.strip()[:100]
        if shown:
            out += [f"         | {shown}", "         | " + "^" * len(shown)]
    if violation.value is not None:
        out.append(f"      value {violation.value}")
    if violation.source:
        out.append(f"      clause {violation.source}")
    if violation.cure:
        out.append(f"      do: {violation.cure}")
    return "\n".join(out)


def as_junit(reports: Iterator[tuple[str, Report]]) -> Iterator[str]:
    """Write reports as a JUnit test suite, a test case a payload."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites><testsuite name="flexkg check">'
    for name, report in reports:
        yield f"<testcase classname={quoteattr(report.message_type or 'unreadable')} name={quoteattr(name)}>"
        if not report.conforms:
            worst = report.violations[0]
            about = f"type={quoteattr(worst.rule)} message={quoteattr(_xml_safe(worst.message))}"
            yield f"<failure {about}>{escape(_xml_safe(as_text(name, report)))}</failure>"
        yield "</testcase>"
    yield "</testsuite></testsuites>"


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
        out = [f"[] a sh:ValidationReport ;\n    dcterms:title {string(name)} ;\n    sh:conforms {conforms}"]
        results = (_result(violation, shape_of(violation.rule)) for violation in report.violations)
        out.extend(f"    sh:result [\n{result}\n    ]" for result in results)
        yield " ;\n".join(out) + " .\n"


def _result(violation: Violation, shape: str) -> str:
    facts = ["a sh:ValidationResult", f"sh:resultSeverity sh:{violation.severity}"]
    facts.append(f"sh:resultMessage {string(violation.message)}")
    facts.append(f"dcterms:identifier {string(violation.rule)}")
    if violation.focus:
        facts.append(f"sh:focusNode <{violation.focus}>")
    if shape:
        facts.append(f"sh:sourceShape <{shape}>")
    if violation.value is not None:
        facts.append(f"sh:value {violation.value}" if not violation.value.startswith("_:") else "sh:value []")
    if violation.source:
        facts.append(f"dcterms:source {string(violation.source)}")
    if violation.pointer:
        facts.append(f"flex:pointer {string(violation.pointer)}")
    return " ;\n".join(f"        {fact}" for fact in facts)
