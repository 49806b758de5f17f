"""The catalogue of rules on mappings, for people, is made from the shapes."""

from kg import assets
from kg.devices.check import shapes
from kg.devices.reasons import CURES
from tests.paths import ROOT

PAGE = ROOT / "docs" / "device-rules.md"
HEAD = """# Rules for device mappings

{count} rules say what a mapping or a site file must and should be, beyond its JSON Schema. A Violation
refuses the mapping; its clause begins with "FlexKG;" where no standard speaks. Each rule is a shape in
`shapes/devices`, and has cases that keep and break it in `tests/devices/shapes/<rule>.yml`.

Made by `pytest tests/devices/test_rules_page.py --update-golden`.
"""
TABLE = """
| rule | asks | severity | what to do | clause |
|---|---|---|---|---|
"""


def page() -> str:
    """Make the page anew."""
    rules = shapes().rules.values()
    text = HEAD.format(count=len(rules))
    for path in assets.files("shapes", "devices/*.ttl"):
        turtle = path.read_text("utf-8")
        title = turtle.partition("\n")[0].removeprefix("# Rules for ").rstrip(".")
        text += f"\n## {title[0].upper()}{title[1:]}\n\n`shapes/devices/{path.name}`\n{TABLE}"
        own = [rule for rule in rules if f'identifier "{rule.id}"' in turtle]
        for rule in sorted(own, key=lambda rule: int(rule.id.partition("-")[2])):
            text += f"| {rule.id} | {rule.description} | {rule.severity} | {rule.cure} | {rule.source} |\n"
    return text


def test_page_lists_every_rule(update_golden):
    """docs/device-rules.md says what the shapes say."""
    made = page()
    if update_golden:
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made


def test_reasons_of_commands_are_in_the_guide():
    """Each reason for refusing a command is in the guide's table."""
    guide = (ROOT / "docs" / "devices.md").read_text("utf-8")
    assert [rule for rule in CURES if rule not in guide] == []
