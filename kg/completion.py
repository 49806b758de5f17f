"""What one standard asks for and a payload of the other does not say, as its user gives it."""

import re

from kg.errors import UsageError
from kg.facts import Facts
from kg.literals import boolean, decimal
from kg.namespaces import FLEX, RDF, VOCAB, XSD

#: Item bases of OpenADR 2.0b that state frequency, voltage and whether the current alternates.
_POWER = frozenset(f"<{VOCAB}itemBase/{name}>" for name in ("powerReal", "powerApparent", "powerReactive"))
_TYPE, _BASE, _HERTZ = f"<{RDF}type>", f"<{FLEX}itemBase>", f"<{FLEX}hertz>"
_PROGRAM = f"<{FLEX}marketContext>"
#: Ids of objects in OpenADR 3.
_ID = re.compile(r"[a-zA-Z0-9_-]{1,128}")


def supply(facts: Facts, hertz: str, voltage: str) -> list[str]:
    """Write the attributes of power that OpenADR 2.0b asks for.

    Args:
        facts: the graph of a payload.
        hertz: frequency of the supply, 0 for direct current; empty where it is not given.
        voltage: its voltage in volt.

    Returns:
        N-Triples lines, for each item of power that lacks them.

    Raises:
        UsageError: there is such an item, and one of the two is not given or is no number.

    Source:
        OpenADR 2.0b, oadr_power_20b.xsd, PowerAttributesType.
    """
    lines: list[str] = []
    for node, about in facts.items():
        if f"<{FLEX}Item>" not in about.get(_TYPE, ()) or _HERTZ in about:
            continue
        if _POWER.isdisjoint(about.get(_BASE, ())):
            continue
        frequency, volts = decimal(hertz), decimal(voltage)
        if "^^" not in frequency or "^^" not in volts:
            raise UsageError(
                "OpenADR 2.0b asks for frequency and voltage of power, which the payload does not say",
                cure="give both, for example --hertz 50 --voltage 230",
                code="supply",
            )
        alternating = boolean(str(frequency != decimal("0")).lower())
        lines += [
            f"{node} {_HERTZ} {frequency} .",
            f"{node} <{FLEX}nominalVoltage> {volts} .",
            f"{node} <{FLEX}alternatingCurrent> {alternating} .",
        ]
    return lines


def programme(lines: list[str], program: str) -> list[str]:
    """Name the programme of events as OpenADR 3 does.

    Args:
        lines: the graph of a payload, as N-Triples lines.
        program: id of the programme; empty where it is not given.

    Returns:
        The lines.

    Raises:
        UsageError: what is given is no id, or the programme has a name that is none and nothing is given.

    Source:
        OpenADR 3.1.0, openadr3.yaml, objectID.
    """
    if program and not _ID.fullmatch(program):
        raise UsageError(
            f"{program[:60]!r} is no id of OpenADR 3", cure="use letters, digits, underscores and hyphens"
        )
    made = []
    for line in lines:
        subject, predicate, rest = line.split(" ", 2)
        if predicate == _PROGRAM and program:
            made.append(f'{subject} {predicate} "{program}"^^<{XSD}anyURI> .')
            continue
        made.append(line)
        name = rest[1 : rest.rindex('"')] if predicate == _PROGRAM and '"' in rest else "x"
        if not _ID.fullmatch(name):
            raise UsageError(
                f"the programme {name[:60]!r} is no id of OpenADR 3",
                cure="give the id that it has there with --program",
                code="program",
            )
    return made
