"""The catalogue of rules for people is made from the shapes."""

import csv
import re
from pathlib import Path

from kg.profiles import load_profile
from kg.rules import Rule, Shapes
from tests.paths import ROOT

FILES = load_profile("core").files
PAGE = ROOT / "docs" / "rules.md"
HEAD = """# Rules

For gateway developers and for those who write rules. {count} rules say what a message must, should or had
better be, beyond what the schema asks: {violations} Violations (a clause says must), {warnings} Warnings
(should) and {infos} Infos (our advice). Behind an arrow stands the severity at level strict, where it
differs. Each rule is a shape in `shapes/`, and has cases that keep and break it in `tests/shapes/<rule>.yml`
(A20: in `tests/test_profile_2_0a.py`). Rules hold in every version of OpenADR but for those that
`shapes/openadr-3-shared.ttl` lists by `flex:inProfile`; A20 hold in 2.0a only, A30 in 3.0 and 3.1 only.

Made by `pytest tests/test_rules_page.py --update-golden`.
"""
TABLE = """
| rule | asks | severity | code | what to do | clause |
|---|---|---|---|---|---|
"""
WORDED = """
Those of the rules above that hold in OpenADR 3 too, as they are worded there:

| rule | finding | what to do |
|---|---|---|
"""
ELSEWHERE = """
## What has no rule

| topic | why |
|---|---|
"""


def _number(rule: Rule) -> tuple[str, int]:
    area, _, number = rule.id.partition("-")
    return area, int(number)


def page() -> str:
    """Make the page anew."""
    rules = list(Shapes(FILES).rules.values())
    strict = dict(load_profile("strict").severities)
    count = {
        severity: sum(r.severity == severity for r in rules) for severity in ("Violation", "Warning", "Info")
    }
    text = HEAD.format(
        count=len(rules), violations=count["Violation"], warnings=count["Warning"], infos=count["Info"]
    )
    for path in FILES:
        turtle = path.read_text(encoding="utf-8")
        title = re.sub(r"^# (?:Rules for )?|\.$", "", turtle.partition("\n")[0])
        text += f"\n## {title[0].upper()}{title[1:]}\n\n`shapes/{path.name}`\n"
        here = sorted((r for r in rules if f'identifier "{r.id}"' in turtle), key=_number)
        if not here:
            worded = sorted((r for r in rules if r.wordings), key=_number)
            told = ((r.id, r.worded("3.1")) for r in worded)
            text += WORDED + "".join(f"| {name} | {says.message} | {says.cure} |\n" for name, says in told)
            continue
        text += TABLE
        for rule in here:
            harder = f" → {strict[rule.id]}" if rule.id in strict else ""
            clauses = "; in 3: ".join(dict.fromkeys([rule.source, rule.worded("3.1").source]))
            text += (
                f"| {rule.id} | {rule.description} | {rule.severity}{harder} | {rule.response_code} "
                f"| {rule.cure} | {clauses} |\n"
            )
    with Path(__file__).with_name("rules_elsewhere.csv").open(encoding="utf-8", newline="") as lines:
        rows = [f"| {row['topic']} | {row['reason']} |\n" for row in csv.DictReader(lines)]
    return text + ELSEWHERE + "".join(rows)


def test_page_lists_every_rule(update_golden):
    """docs/rules.md says what the shapes say."""
    made = page()
    if update_golden:
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made
    assert all(f"\n| {rule.id} |" in made for rule in Shapes(FILES).rules.values())
