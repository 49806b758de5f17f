"""Explains a payload: each of its values as a sentence, with what each part of the sentence rests on."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from kg.binding_draft import ANY_UNIT, Binding, text
from kg.bindings import (
    baseline_binding,
    payload_binding,
    point_binding,
    series_key,
    signal_binding,
    unregistered_binding,
)
from kg.graphs import Facts, facts_of
from kg.items import notation
from kg.lift import Lifted
from kg.literals import segment
from kg.meaning import Meaning
from kg.namespaces import FLEX, ID, RDF
from kg.programmes import told_by_programme
from kg.self_described import described
from kg.told_values import quality, status_values, values

_TYPE = f"<{RDF}type>"


def explain(lifted: Lifted, context: Iterable[Lifted] = (), tables: Path | None = None) -> Iterator[Meaning]:
    """Explain every value of a payload.

    Args:
        lifted: the payload's graph.
        context: graphs of earlier messages that register what reports report.
        tables: folder of a user's own binding tables.

    Raises:
        kg.errors.AssetError: a binding table is broken.
    """
    facts = facts_of(lifted.lines)
    own, named = described(lifted)
    earlier = [facts_of(known.lines) for known in context]
    facts = {**facts, **own, **told_by_programme(lifted, _known(earlier))}
    registered: dict[str, Facts] = {}
    for known in (*earlier, facts, own):
        registered.update(
            {series: known for node in known.values() for series in node.get(f"<{FLEX}series>", ())}
        )
    for subject, node in facts.items():
        kinds = node.get(_TYPE, ())
        if f"<{FLEX}EventVersion>" in kinds:
            yield from _event(node, facts, tables)
        elif f"<{FLEX}Report>" in kinds:
            ven = text(facts.get(f"<{lifted.message}>", {}), "venID")
            yield from _report(node, facts, ven, registered, tables, named)
        elif f"<{FLEX}ReportDescription>" in kinds and subject not in own:
            binding = point_binding(subject, facts, tables)
            name = f"data point {text(node, 'rID')} as registered"
            of = _of(binding) or _named(node, facts)
            yield Meaning(subject[1:-1], None, binding, "", "", of, name)


def _known(earlier: list[Facts]) -> Callable[[str], dict[str, list[str]]]:
    """Give what earlier messages say of a subject: the last of them."""
    return lambda subject: next((said[subject] for said in reversed(earlier) if subject in said), {})


def _event(version: dict[str, list[str]], facts: Facts, tables: Path | None) -> Iterator[Meaning]:
    event = next((text(facts.get(e, {}), "eventID") for e in version.get(f"<{FLEX}versionOf>", ())), "")
    whose = f"event {event}" if event else "this event"
    targets, created = _targets(version, facts), text(version, "createdAt")
    for signal in version.get(f"<{FLEX}signal>", ()):
        node = facts.get(signal, {})
        binding = signal_binding(signal, facts, tables)
        name = f"{notation(node, 'signalName')} {notation(node, 'signalType')}".strip()
        about = f"signal {name or notation(node, 'payloadType')} of {whose}"
        of = _targets(node, facts) or targets
        yield from _intervals(node, facts, binding, of, about)
        for number, shown in values(node, facts, "currentValue"):
            told = _fitting(binding, number is None)
            yield Meaning(signal[1:-1], number, told, created, created, of, f"currentValue of {about}", shown)
    for baseline in version.get(f"<{FLEX}baseline>", ()):
        node = facts.get(baseline, {})
        binding = baseline_binding(baseline, facts, tables)
        about = f"baseline {text(node, 'baselineName')} of {whose}"
        yield from _intervals(node, facts, binding, _targets(node, facts) or targets, about)


def _intervals(
    node: dict[str, list[str]], facts: Facts, binding: Binding, of: tuple[str, ...], about: str
) -> Iterator[Meaning]:
    for interval in node.get(f"<{FLEX}interval>", ()):
        span = facts.get(interval, {})
        start, end = text(span, "startsAt"), text(span, "endsAt")
        for number, shown in values(span, facts):
            told = _fitting(binding, number is None, bool(shown))
            yield Meaning(interval[1:-1], number, told, start, end, of, about, shown)


def _fitting(binding: Binding, worded: bool, told: bool = True) -> Binding:
    """Say what is missing where a value is no number."""
    if not worded:
        return binding
    if told and ANY_UNIT in binding.missing:
        return replace(binding, missing=())
    lacking = () if told and not binding.measured_in else ("a number: the value is none",)
    return replace(binding, missing=(*binding.missing, *lacking))


def _report(
    report: dict[str, list[str]],
    facts: Facts,
    ven: str,
    registered: dict[str, Facts],
    tables: Path | None,
    named: dict[str, str],
) -> Iterator[Meaning]:
    specifier = text(report, "reportSpecifierID")
    for interval in report.get(f"<{FLEX}interval>", ()):
        span = facts.get(interval, {})
        start, end = text(span, "startsAt"), text(span, "endsAt")
        for reading in span.get(f"<{FLEX}reading>", ()):
            node = facts.get(reading, {})
            point = text(node, "rID")
            about = f"data point {point} of {f'report {specifier}' if specifier else 'this report'}"
            series = named.get(reading) or f"{ID}series/{segment(ven)}/{segment(specifier)}/{segment(point)}"
            binding, of = _point(series, registered, tables)
            if named and reading not in named:
                binding = payload_binding(node, facts, tables)
            for number, shown in values(node, facts):
                told = _fitting(binding, number is None, bool(shown))
                yield Meaning(
                    reading[1:-1], number, told, start, end, of or (ven,), about, shown, quality(node)
                )
            for state in node.get(f"<{FLEX}resourceStatus>", ()):
                for says, number, shown, told in status_values(state, facts, tables):
                    whose = f"{says} of {about}"
                    yield Meaning(
                        state[1:-1], number, told, start, end, of or (ven,), whose, shown, quality(node)
                    )


def _point(series: str, registered: dict[str, Facts], tables: Path | None) -> tuple[Binding, tuple[str, ...]]:
    """Find what a data point was registered as, and of what it tells."""
    known = registered.get(f"<{series}>", {})
    for subject, node in known.items():
        if f"<{series}>" in node.get(f"<{FLEX}series>", ()) and _described(node):
            binding = point_binding(subject, known, tables)
            return binding, _of(binding) or _named(node, known)
    told = unregistered_binding(series, tables)
    if told is not None:
        return told, _of(told)
    ven, specifier, point = series_key(series)
    return Binding(missing=(f"the registration of {point} under {specifier} by {ven}",)), ()


def _described(node: dict[str, list[str]]) -> bool:
    return f"<{FLEX}ReportDescription>" in node.get(_TYPE, ())


def _of(binding: Binding) -> tuple[str, ...]:
    return (f"resourceID {binding.of}",) if binding.of else ()


def _named(node: dict[str, list[str]], facts: Facts) -> tuple[str, ...]:
    targets = [t for name in ("reportDataSource", "reportSubject") for t in node.get(f"<{FLEX}{name}>", ())]
    return tuple(_name(facts.get(target, {})) for target in targets)


def _targets(node: dict[str, list[str]], facts: Facts) -> tuple[str, ...]:
    return tuple(_name(facts.get(target, {})) for target in node.get(f"<{FLEX}target>", ()))


def _name(target: dict[str, list[str]]) -> str:
    kinds = ("resourceID", "venID", "groupID", "groupName", "partyID", "mRID", "node")
    return next(
        (f"{kind} {text(target, kind)}" for kind in kinds if text(target, kind)), "a place on the map"
    )
