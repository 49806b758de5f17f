"""Explains a payload: each of its values as a sentence, with what each part of the sentence rests on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from kg.bindings import Binding, notation, point_binding, signal_binding
from kg.graphs import Facts, facts_of, lexical
from kg.lift import Lifted
from kg.namespaces import FLEX, ID, RDF

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
        return None if self.value is None else self.value * self.binding.factor

    def as_dict(self) -> dict[str, Any]:
        """Give the meaning as plain data, numbers as text so that they stay exact."""
        binding = self.binding
        return {
            "node": self.node,
            "about": self.about,
            "value": None if self.value is None else str(self.value),
            "base_value": None if self.value is None else _plain(self.base_value),
            "says": binding.says,
            "quantity_kind": binding.quantity_kind,
            "unit": binding.unit,
            "symbol": binding.symbol,
            "factor": _plain(binding.factor),
            "direction": binding.direction,
            "aggregation": binding.aggregation,
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
        if binding.factor != 1 and binding.unit:
            amount += f" (= {_plain(self.base_value)} {binding.unit.rpartition('/')[2]})"
        what = binding.says or "a value without meaning"
        return f"{when}: {what} {amount}{self._how()}{self._whose()}."

    def _how(self) -> str:
        binding = self.binding
        if not binding.unit:
            return ""
        how = [binding.aggregation, _DIRECTIONS.get(binding.direction, "")]
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
    registered: dict[str, Facts] = {}
    for earlier in (*context, lifted):
        known = facts_of(earlier.lines)
        registered.update(
            {series: known for node in known.values() for series in node.get(f"<{FLEX}series>", ())}
        )
    for subject, node in facts.items():
        kinds = node.get(_TYPE, ())
        if f"<{FLEX}EventVersion>" in kinds:
            yield from _event(node, facts, tables)
        elif f"<{FLEX}Report>" in kinds:
            ven = _text(facts.get(f"<{lifted.message}>", {}), "venID")
            yield from _report(node, facts, ven, registered, tables)
        elif f"<{FLEX}ReportDescription>" in kinds:
            binding = point_binding(subject, facts, tables)
            name = f"data point {_text(node, 'rID')} as registered"
            yield Meaning(subject[1:-1], None, binding, "", "", _named(node, facts), name)


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
        item = next((facts.get(i, {}) for i in node.get(f"<{FLEX}item>", ())), {})
        binding = _baseline_binding(notation(item, "itemBase"), baseline, facts, tables)
        about = f"baseline {_text(node, 'baselineName')} of event {event}"
        yield from _intervals(node, facts, binding, _targets(node, facts) or targets, about)


def _baseline_binding(base: str, baseline: str, facts: Facts, tables: Path | None) -> Binding:
    """Tell what a baseline's values mean: what would have been used, in the item's unit."""
    described = {
        **facts.get(baseline, {}),
        f"<{FLEX}reportType>": ["<https://w3id.org/flexkg/vocab/reportType/baseline>"],
        f"<{FLEX}readingType>": ["<https://w3id.org/flexkg/vocab/readingType/Projected>"],
    }
    return (
        point_binding(baseline, {**facts, baseline: described}, tables)
        if base
        else Binding(missing=("the unit: the baseline names no item",))
    )


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
    report: dict[str, list[str]], facts: Facts, ven: str, registered: dict[str, Facts], tables: Path | None
) -> Iterator[Meaning]:
    specifier = _text(report, "reportSpecifierID")
    for interval in report.get(f"<{FLEX}interval>", ()):
        span = facts.get(interval, {})
        for reading in span.get(f"<{FLEX}reading>", ()):
            node = facts.get(reading, {})
            point = _text(node, "rID")
            binding, of = _point(ven, specifier, point, registered, tables)
            for value in node.get(f"<{FLEX}value>", ()):
                yield Meaning(
                    reading[1:-1],
                    _number(value),
                    binding,
                    _text(span, "startsAt"),
                    _text(span, "endsAt"),
                    of or (ven,),
                    f"data point {point} of report {specifier}",
                )


def _point(
    ven: str, specifier: str, point: str, registered: dict[str, Facts], tables: Path | None
) -> tuple[Binding, tuple[str, ...]]:
    """Find what a data point was registered as, and of what it tells."""
    for series, known in registered.items():
        parts = [unquote(part) for part in series[1:-1].removeprefix(f"{ID}series/").split("/")]
        if parts == [ven, specifier, point]:
            for subject, node in known.items():
                if series in node.get(f"<{FLEX}series>", ()) and f"<{FLEX}ReportDescription>" in node.get(
                    _TYPE, ()
                ):
                    return point_binding(subject, known, tables), _named(node, known)
    return Binding(missing=(f"the registration of {point} under {specifier} by {ven}",)), ()


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


def _plain(value: Decimal | None) -> str:
    return (
        "" if value is None else f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"
    )
