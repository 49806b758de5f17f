"""Explains a payload: each of its values as a sentence, with what each part of the sentence rests on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from kg.bindings import (
    Binding,
    baseline_binding,
    point_binding,
    series_key,
    signal_binding,
    unregistered_binding,
)
from kg.graphs import Facts, facts_of, lexical
from kg.items import notation
from kg.lift import Lifted
from kg.literals import segment
from kg.namespaces import FLEX, ID, RDF
from kg.self_described import described
from kg.units import plain, product

_TYPE = f"<{RDF}type>"
_DIRECTIONS = {"import": "drawn from the grid counts positive", "export": "fed into the grid counts positive"}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one value of a payload means.

    Attributes:
        node: IRI of the interval or reading that holds the value.
        value: the value as sent; None where it is no number.
        binding: quantity, unit, direction and aggregation.
        starts_at: ISO date-time, empty where it is not known.
        ends_at: likewise.
        of: names of what it is about: resources, VENs, groups.
        about: what holds the value, for example ``"signal LOAD_DISPATCH delta of event SHED-7"``.
    """

    node: str
    value: Decimal | None
    binding: Binding
    starts_at: str
    ends_at: str
    of: tuple[str, ...]
    about: str

    @property
    def base_value(self) -> Decimal | None:
        """The value in the unit before scaling, exactly."""
        return None if self.value is None else product(self.value, self.binding.factor)

    def as_dict(self) -> dict[str, Any]:
        """Give the meaning as plain data, numbers as text so that they stay exact."""
        binding = self.binding
        return {
            "node": self.node,
            "about": self.about,
            "value": None if self.value is None else str(self.value),
            "base_value": None if self.base_value is None else plain(self.base_value),
            "says": binding.says,
            "quantity_kind": binding.quantity_kind,
            "unit": binding.unit,
            "symbol": binding.symbol,
            "measured_in": binding.measured_in,
            "factor": plain(binding.factor),
            "direction": binding.direction,
            "positive_means": binding.positive_means,
            "aggregation": binding.aggregation,
            "cim_reading_type": binding.cim_reading_type,
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "of": list(self.of),
            "origins": dict(binding.origins),
            "missing": list(binding.missing),
        }

    def sentence(self) -> str:
        """Say it in a sentence."""
        binding = self.binding
        if self.value is None:
            unit = f" in {binding.symbol}" if binding.symbol else ""
            return f"{self.about}: {binding.says or 'without meaning'}{unit}{self._how()}{self._whose()}."
        when = f"From {self.starts_at}" if self.starts_at else "At no stated time"
        when += f" to {self.ends_at}" if self.ends_at else " on" if self.starts_at else ""
        amount = f"{self.value} {binding.symbol}".rstrip()
        if binding.factor != 1 and binding.unit and self.base_value is not None:
            amount += f" (= {plain(self.base_value)} {binding.unit.rpartition('/')[2]})"
        what = binding.says or "a value without meaning"
        return f"{when}: {what} {amount}{self._how()}{self._whose()}."

    def _how(self) -> str:
        binding = self.binding
        if not binding.unit or "/Cost" in binding.quantity_kind:
            return ""
        how = [binding.aggregation, _DIRECTIONS.get(binding.positive_means, "")]
        return "".join(f", {part}" for part in how if part)

    def _whose(self) -> str:
        return f", for {' and '.join(self.of) if self.of else 'everything behind the VEN'}"

    def origins(self) -> list[str]:
        """Say where each part of the sentence is from, and what nothing tells."""
        lines = [f"{field}: {origin}" for field, origin in self.binding.origins]
        return [f"value: {self.about}", *lines, *(f"missing: {what}" for what in self.binding.missing)]


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
    registered: dict[str, Facts] = {}
    for known in (*(facts_of(earlier.lines) for earlier in context), facts, own):
        registered.update(
            {series: known for node in known.values() for series in node.get(f"<{FLEX}series>", ())}
        )
    for subject, node in facts.items():
        kinds = node.get(_TYPE, ())
        if f"<{FLEX}EventVersion>" in kinds:
            yield from _event(node, facts, tables)
        elif f"<{FLEX}Report>" in kinds:
            ven = _text(facts.get(f"<{lifted.message}>", {}), "venID")
            yield from _report(node, facts, ven, registered, tables, named)
        elif f"<{FLEX}ReportDescription>" in kinds:
            binding = point_binding(subject, facts, tables)
            name = f"data point {_text(node, 'rID')} as registered"
            of = _of(binding) or _named(node, facts)
            yield Meaning(subject[1:-1], None, binding, "", "", of, name)


def _event(version: dict[str, list[str]], facts: Facts, tables: Path | None) -> Iterator[Meaning]:
    event = next((_text(facts.get(e, {}), "eventID") for e in version.get(f"<{FLEX}versionOf>", ())), "")
    targets = _targets(version, facts)
    for signal in version.get(f"<{FLEX}signal>", ()):
        node = facts.get(signal, {})
        binding = signal_binding(signal, facts, tables)
        about = f"signal {notation(node, 'signalName')} {notation(node, 'signalType')} of event {event}"
        yield from _intervals(node, facts, binding, _targets(node, facts) or targets, about)
    for baseline in version.get(f"<{FLEX}baseline>", ()):
        node = facts.get(baseline, {})
        binding = baseline_binding(baseline, facts, tables)
        about = f"baseline {_text(node, 'baselineName')} of event {event}"
        yield from _intervals(node, facts, binding, _targets(node, facts) or targets, about)


def _intervals(
    node: dict[str, list[str]], facts: Facts, binding: Binding, of: tuple[str, ...], about: str
) -> Iterator[Meaning]:
    for interval in node.get(f"<{FLEX}interval>", ()):
        span = facts.get(interval, {})
        for value in span.get(f"<{FLEX}value>", ()):
            yield Meaning(
                interval[1:-1],
                _number(value),
                binding,
                _text(span, "startsAt"),
                _text(span, "endsAt"),
                of,
                about,
            )


def _report(
    report: dict[str, list[str]],
    facts: Facts,
    ven: str,
    registered: dict[str, Facts],
    tables: Path | None,
    named: dict[str, str],
) -> Iterator[Meaning]:
    specifier = _text(report, "reportSpecifierID")
    for interval in report.get(f"<{FLEX}interval>", ()):
        span = facts.get(interval, {})
        for reading in span.get(f"<{FLEX}reading>", ()):
            node = facts.get(reading, {})
            point = _text(node, "rID")
            series = named.get(reading) or f"{ID}series/{segment(ven)}/{segment(specifier)}/{segment(point)}"
            binding, of = _point(series, registered, tables)
            for value in node.get(f"<{FLEX}value>", ()):
                yield Meaning(
                    reading[1:-1],
                    _number(value),
                    binding,
                    _text(span, "startsAt"),
                    _text(span, "endsAt"),
                    of or (ven,),
                    f"data point {point} of {f'report {specifier}' if specifier else 'this report'}",
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
        (f"{kind} {_text(target, kind)}" for kind in kinds if _text(target, kind)), "a place on the map"
    )


def _text(node: dict[str, list[str]], name: str) -> str:
    return next((lexical(value) for value in node.get(f"<{FLEX}{name}>", ()) if value.startswith('"')), "")


def _number(term: str) -> Decimal | None:
    return Decimal(lexical(term)) if term.endswith("#decimal>") else None
