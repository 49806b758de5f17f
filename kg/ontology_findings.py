"""Findings about an ontology: as lines for people, and as SARIF for editors and code review."""

from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from kg.namespaces import VERSION
from kg.ontology import Checked
from kg.render import printable
from kg.report import Report, Violation

_LEVELS: Final = {"Violation": "error", "Warning": "warning", "Info": "note"}


def as_lines(report: Checked) -> str:
    """Write a report for people: a finding begins with file and line, as compilers do.

    Args:
        report: what ``kg.ontology.check`` answers.

    Returns:
        Lines, the last one a summary with the number of terms that were checked.
    """
    lines = []
    for found in report.violations:
        place = found.pointer + (f":{found.line}" if found.line else "")
        lines.append(printable(f"{place}: {found.rule} {found.severity}: {found.message}".lstrip(": ")))
        lines += [f"    {name} {printable(text)}" for name, text in _told(found) if text]
    counts = [
        f"{sum(v.severity == severity for v in report.violations)} {name}"
        for severity, name in (("Violation", "violations"), ("Warning", "warnings"), ("Info", "infos"))
    ]
    counted = ((report.concepts, "concepts"), (report.rows, "rows of alignments"), (report.shapes, "rules"))
    scope = ", ".join([f"{report.terms} terms", *(f"{count} {name}" for count, name in counted if count)])
    scope += " checked"
    if report.left_out:
        scope += f", {report.left_out} terms of other ontologies left out"
    return "\n".join([*lines, f"{report.verdict}: {', '.join(counts)}; {scope}"])


def _told(found: Violation) -> tuple[tuple[str, str], ...]:
    return ("about", found.focus), ("value", found.value or ""), ("clause", found.source), ("do:", found.cure)


def as_sarif(report: Report) -> dict[str, Any]:
    """Give a report as a SARIF log.

    Args:
        report: what ``kg.ontology.check`` answers.

    Returns:
        Plain data for JSON; paths below the working directory are relative to it.

    Source:
        SARIF 2.1.0 (OASIS), sections 3.13 (log), 3.14 (run) and 3.27 (result).
    """
    rules: dict[str, dict[str, Any]] = {}
    for found in report.violations:
        told = {"shortDescription": found.message, "fullDescription": found.source, "help": found.cure}
        texts = {name: {"text": text} for name, text in told.items() if text}
        rules.setdefault(found.rule, {"id": found.rule, **texts})
    places = {name: number for number, name in enumerate(rules)}
    driver = {"name": "flexkg ontology check", "version": VERSION, "rules": list(rules.values())}
    results = [_result(found, places[found.rule]) for found in report.violations]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}


def _result(found: Violation, rule: int) -> dict[str, Any]:
    out: dict[str, Any] = {
        "ruleId": found.rule,
        "ruleIndex": rule,
        "level": _LEVELS.get(found.severity, "error"),
        "message": {"text": found.message},
    }
    location: dict[str, Any] = {}
    if found.pointer:
        location["physicalLocation"] = {"artifactLocation": {"uri": _uri(Path(found.pointer))}}
        if found.line:
            location["physicalLocation"]["region"] = {"startLine": found.line}
    if found.focus:
        location["logicalLocations"] = [{"fullyQualifiedName": found.focus}]
    if location:
        out["locations"] = [location]
    return out


def _uri(path: Path) -> str:
    absolute = path.resolve()
    here = Path.cwd()
    if absolute.is_relative_to(here):
        return quote(absolute.relative_to(here).as_posix())
    return absolute.as_uri()
