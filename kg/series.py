"""What is constant of a series: its resource, and what its values mean; kept as triples on the series.

The unit of a series is that of the first registration that names one. Values under a later registration with
another scale are converted exactly to it; where that cannot be done, they are no values of the series.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote

from kg.binding_draft import Binding
from kg.binding_graph import binding_lines
from kg.bindings import point_binding, series_key, unregistered_binding
from kg.graphs import Change, Facts, GraphStore, Statement, lexical
from kg.literals import segment, string
from kg.namespaces import FLEX, ID, RDF, RDFS, SAREF
from kg.readings import Constants
from kg.units import ratio

_TYPE = f"<{RDF}type>"
_SERIES, _DESCRIPTION = f"{ID}series/", f"{ID}report-description/"


@dataclass(frozen=True, slots=True)
class _Unit:
    """The unit of numbers: itself, what it scales and by how much, and of which kind of quantity."""

    measured_in: str = ""
    base: str = ""
    factor: Decimal = Decimal(1)
    quantity_kind: str = ""

    def conversion(self, sent: "_Unit") -> Decimal | None:
        """Give what numbers in another unit are multiplied with to be in this one, None if not exact."""
        if not self.measured_in or sent.measured_in == self.measured_in:
            return Decimal(1) if sent.quantity_kind == self.quantity_kind or not self.measured_in else None
        if not self.base or (sent.base, sent.quantity_kind) != (self.base, self.quantity_kind):
            return None
        return ratio(sent.factor, self.factor)


@dataclass(frozen=True, slots=True)
class _Known:
    """A series as it is known: constants, unit, the lines of its binding, whether the store lacks it."""

    constants: Constants
    unit: _Unit
    lines: tuple[str, ...] = ()
    fresh: bool = False


@dataclass(slots=True)
class SeriesBook:
    """Knows the series of a graph store, and those that changes under way describe.

    Args:
        graphs: the store.
        tables: folder of a user's own binding tables.
    """

    graphs: GraphStore
    tables: Path | None = None
    _known: dict[str, _Known] = field(default_factory=dict)
    _changed: dict[str, Constants] = field(default_factory=dict)

    def clear(self) -> None:
        """Forget what is not in the store."""
        self._known.clear()
        self._changed.clear()

    @property
    def changed(self) -> dict[str, Constants]:
        """Series by IRI whose constants are others than those that readings in the store show."""
        return dict(self._changed)

    def constants(self, series: str) -> Constants:
        """Give what is constant of a series, by its IRI."""
        return self._look(series).constants

    def describe(self, description: str, facts: Facts, change: Change) -> None:
        """Take in the description of a data point: write what it makes of its series.

        Args:
            description: subject of the report description, in angle brackets.
            facts: the graph of the message.
            change: what the message changes; lines and roots are added.

        Raises:
            kg.errors.AssetError: a binding table is broken.
        """
        node = facts[description]
        sent = point_binding(description, facts, self.tables)
        for series in (term[1:-1] for term in node.get(f"<{FLEX}series>", ())):
            before = self._look(series)
            binding, unit = sent, _unit_of(sent)
            conversion = before.unit.conversion(unit)
            if conversion is None:
                lines = before.lines
            else:
                if before.unit.measured_in and unit != before.unit:
                    unit = before.unit
                    binding = replace(sent, factor=unit.factor, measured_in=unit.measured_in, unit=unit.base)
                    least, most = (
                        None if end is None else end * conversion for end in (sent.least, sent.most)
                    )
                    binding = replace(binding, least=least, most=most)
                lines = tuple(binding_lines(f"<{series}>", binding))
            resource = _resource(node, facts, sent.of)
            self._write(series, resource, lines, change)
            if conversion is None or binding is not sent:
                change.lines.extend(binding_lines(description, sent))
            else:
                change.lines.extend([f"{description} <{FLEX}binding> <{series}/binding> ."] if lines else [])
            kept = before.unit if conversion is None else unit
            self._set(series, _known(resource, kept, conversion, lines), before)

    def tell(self, named: Iterable[str], change: Change) -> None:
        """Write what a table alone tells of series that readings came for and nobody registered."""
        for series in dict.fromkeys(named):
            known = self._look(series)
            if known.fresh:
                self._write(series, known.constants.resource, known.lines, change)
                self._set(series, replace(known, fresh=False), known)

    def _write(self, series: str, resource: str | None, lines: Iterable[str], change: Change) -> None:
        change.roots.append(series)
        change.lines.append(f"<{series}> {_TYPE} <{FLEX}Series> .")
        change.lines.extend(lines)
        if resource:
            name = unquote(resource.rpartition("/")[2])
            change.lines.append(f"<{series}> <{FLEX}ofResource> <{resource}> .")
            change.lines.append(f"<{resource}> {_TYPE} <{FLEX}Resource> .")
            change.lines.append(f"<{resource}> <{RDFS}label> {string(name)} .")

    def _set(self, series: str, known: _Known, before: _Known) -> None:
        self._known[series] = known
        shown, was = known.constants, before.constants
        if before.fresh or (shown.resource, shown.property, shown.unit) != (
            was.resource,
            was.property,
            was.unit,
        ):
            self._changed[series] = shown

    def _look(self, series: str) -> _Known:
        """Find what is known of a series: here, in the store, else in the tables."""
        found = self._known.get(series)
        if found is None:
            found = self._known[series] = self._stored(series) or self._tabled(series)
        return found

    def _stored(self, series: str) -> _Known | None:
        about = list(self.graphs.match(f"<{series}>", None, None))
        if not about:
            return None
        resource = next((s.object[1:-1] for s in about if s.predicate == f"<{FLEX}ofResource>"), None)
        binding = list(self.graphs.match(f"<{series}/binding>", None, None))
        links = [s for s in about if s.predicate == f"<{FLEX}binding>"]
        lines = tuple(f"{s.subject} {s.predicate} {s.object} ." for s in (*links, *binding))
        unit, description = _read(binding), series.replace(_SERIES, _DESCRIPTION, 1)
        own = list(self.graphs.match(f"<{description}/binding>", None, None))
        conversion = unit.conversion(_read(own)) if own else Decimal(1)
        return _known(resource, unit, conversion, lines)

    def _tabled(self, series: str) -> _Known:
        binding = unregistered_binding(series, self.tables)
        if binding is None:
            return _Known(Constants(), _Unit())
        party = segment(series_key(series)[0])
        resource = f"{ID}resource/{party}/{segment(binding.of)}" if binding.of else None
        lines = tuple(binding_lines(f"<{series}>", binding))
        return replace(_known(resource, _unit_of(binding), Decimal(1), lines), fresh=True)


def _known(resource: str | None, unit: _Unit, conversion: Decimal | None, lines: tuple[str, ...]) -> _Known:
    constants = Constants(resource, unit.quantity_kind or None, unit.measured_in or None, conversion)
    return _Known(constants, unit, lines)


def _unit_of(binding: Binding) -> _Unit:
    return _Unit(binding.measured_in, binding.unit, binding.factor, binding.quantity_kind)


def _read(binding: Iterable[Statement]) -> _Unit:
    """Read the unit from the triples of a binding."""
    found = {s.predicate[1:-1]: s.object for s in binding}
    factor = lexical(found.get(f"{FLEX}factor", '"1"'))
    kind, unit = found.get(f"{FLEX}quantityKind", "")[1:-1], found.get(f"{FLEX}unit", "")[1:-1]
    return _Unit(found.get(f"{SAREF}isMeasuredIn", "")[1:-1], unit, Decimal(factor), kind)


def _resource(node: dict[str, list[str]], facts: Facts, told: str) -> str | None:
    """Find the one resource that a data point is of; None where none or several are named."""
    party = next(iter(node.get(f"<{FLEX}ven>", ())), "")[1:-1].removeprefix(ID + "party/")
    names = (
        {told}
        if told
        else {
            lexical(name)
            for relation in ("reportDataSource", "reportSubject")
            for target in node.get(f"<{FLEX}{relation}>", ())
            for name in facts.get(target, {}).get(f"<{FLEX}resourceID>", ())
        }
    )
    return f"{ID}resource/{party}/{segment(names.pop())}" if party and len(names) == 1 else None
