"""Real payloads: each valid one gets a verdict, and whatever is found in one has been thought over.

``docs/corpus.md`` is made from the findings and from ``tests/corpus_reasons.csv`` by ``--update-golden``.
"""

import csv
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from kg.check import check
from tests.openleadr_messages import MESSAGES, message
from tests.paths import PAYLOADS, ROOT, needs_data
from tests.shape_cases import shapes

FOLDER = PAYLOADS / "2.0b"
PAGE = ROOT / "docs" / "corpus.md"
HEAD = """# What the rules say about real payloads

For gateway developers who wonder whether a rule is too strict. The payloads of OpenADR 2.0b that other
projects have published were checked; what the schema refuses is left out. A finding is listed with its
severity at level core and, behind an arrow, at level strict. A Violation would name the clause that it rests
on; {refusals}.

Made by `pytest tests/test_corpus.py --update-golden`; the reasons stand in `tests/corpus_reasons.csv`.

| payload | rule | severity | times | place | clause | why it is let through or refused |
|---|---|---|---|---|---|---|
"""


@cache
def valid() -> dict[str, bytes]:
    """The schema-valid payloads by their path."""
    found = {}
    for path in sorted(FOLDER.rglob("*.xml")):
        data = path.read_bytes()
        report = check(data)
        if report.verdict != "unreadable" and all(v.rule != "XSD" for v in report.violations):
            found[path.relative_to(FOLDER).as_posix()] = data
    return found


@cache
def reasons() -> dict[str, str]:
    with Path(__file__).with_name("corpus_reasons.csv").open(encoding="utf-8", newline="") as lines:
        return {row["rule"]: row["reason"] for row in csv.DictReader(lines)}


def page() -> str:
    """Make the page anew."""
    rules = {rule.id: rule for rule in shapes().rules.values()}
    rows = []
    refused = 0
    for name, data in valid().items():
        strict = {(v.rule, v.focus): v.severity for v in check(data, profile="strict").violations}
        findings = {(v.rule, v.focus): v for v in check(data).violations}
        times = Counter(rule for rule, _ in findings)
        for rule in sorted(times):
            focus, first = next((f, v) for (r, f), v in findings.items() if r == rule)
            there = strict[rule, focus]
            refused += first.severity == "Violation"
            severity = first.severity if there == first.severity else f"{first.severity} → {there}"
            rows.append(
                f"| {name} | {rule}: {rules[rule].description} | {severity} | {times[rule]} "
                f"| `{first.pointer}` | {rules[rule].source} | {reasons()[rule]} |\n"
            )
    refusals = f"there are {refused}" if refused else "there is none"
    return HEAD.format(refusals=refusals) + "".join(rows)


@needs_data
def test_page_lists_every_finding(update_golden):
    """docs/corpus.md is what the rules find today, each rule with a reason."""
    made = page()
    if update_golden:
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made


@needs_data
def test_reasons_are_of_rules_that_find_something():
    """A reason is dropped with the last finding of its rule."""
    found = {violation.rule for data in valid().values() for violation in check(data).violations}
    assert found == set(reasons())


@needs_data
def test_valid_payload_is_refused_for_a_clause_only():
    """No schema-valid payload is unreadable, and none is refused by a rule that has no clause."""
    for name, data in valid().items():
        for violation in check(data).violations:
            if violation.severity == "Violation":
                assert "OpenADR 2.0b" in violation.source, f"{name}: {violation.rule}"


@pytest.mark.parametrize("message_type", MESSAGES)
@pytest.mark.parametrize("profile", ["core", "strict"])
def test_message_of_openleadr_conforms(message_type, profile):
    """What a common VTN and VEN send conforms, at level strict too."""
    report = check(message(message_type), profile=profile)
    assert [violation for violation in report.violations if violation.severity == "Violation"] == []
