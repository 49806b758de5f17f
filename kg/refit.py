"""What an event or a report of OpenADR 3 has to be refitted with for OpenADR 2.0b, and what cannot be."""

from kg.conversion import Work, drop, last
from kg.errors import UsageError
from kg.facts import of_class, plain
from kg.implied import values
from kg.literals import duration
from kg.namespaces import FLEX, XSD

_START, _LENGTH, _UID = f"<{FLEX}startsAt>", f"<{FLEX}duration>", f"<{FLEX}uid>"
_INTERVAL, _READING = f"<{FLEX}interval>", f"<{FLEX}reading>"


def starts(work: Work) -> None:
    """Ask for the start of each event, which 2.0b cannot be without.

    Raises:
        UsageError: an event states none, or the one by which OpenADR 3 means now.
    """
    facts = work.facts
    for event in of_class(facts, "EventVersion"):
        start = last(facts, event, "startsAt")
        if not start or start.startswith("0001-01-01"):
            raise UsageError(
                "OpenADR 2.0b asks for the start of an event, which the payload "
                + ("gives as now" if start else "does not state"),
                cure="state the start in intervalPeriod",
                code="start",
            )


def endless(work: Work) -> None:
    """Write the length that has no end as 2.0b does."""
    never = duration("P9999Y")
    for number, line in enumerate(work.lines):
        subject, predicate, value = line.split(" ", 2)
        if predicate == _LENGTH and value == f"{never} .":
            work.lines[number] = f"{subject} {predicate} {duration('PT0S')} ."
            work.assumed.append("duration PT0S: P9999Y stands for no end, which is 0 in OpenADR 2.0b")


def numbers(work: Work) -> None:
    """Give the intervals of signals their places as numbers, where their ids are others."""
    facts = work.facts
    for signal in of_class(facts, "Signal"):
        for place, interval in enumerate(values(facts, signal, (_INTERVAL,))):
            held = values(facts, interval, (_UID,))
            wanted = f'"{place}"^^<{XSD}integer>'
            if held and held != [wanted]:
                work.lines = [line for line in work.lines if not line.startswith(f"{interval} {_UID} ")]
                work.lines.append(f"{interval} {_UID} {wanted} .")
                work.assumed.append(
                    f"uid {place} for id {plain(held[0])}: OpenADR 2.0b counts intervals from 0"
                )


def emptied(work: Work) -> None:
    """Leave out the intervals of reports that have no reading any more.

    Raises:
        UsageError: no interval has one.
    """
    facts = work.facts
    for report in of_class(facts, "Report"):
        intervals = values(facts, report, (_INTERVAL,))
        bare = [interval for interval in intervals if not values(facts, interval, (_READING,))]
        if intervals and len(bare) == len(intervals):
            why = work.lost[-1] if work.lost else "it has none"
            raise UsageError(
                f"no reading of the report has a place in OpenADR {work.to}: {why}", code="readings"
            )
        for interval in bare:
            work.lost.append(
                f"the interval from {last(facts, interval, 'startsAt') or 'an unknown time'}, now empty"
            )
            drop(work, interval)
