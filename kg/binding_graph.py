"""Bindings as triples, so that a store can be asked what a number means."""

from functools import lru_cache
from pathlib import Path

from kg.binding_draft import Binding
from kg.bindings import baseline_binding, signal_binding
from kg.graphs import Facts
from kg.literals import decimal, string
from kg.namespaces import DCTERMS, FLEX, RDF, RDFS, SAREF, VOCAB, XSD
from kg.units import OWN_UNIT, plain


def binding_lines(subject: str, binding: Binding) -> list[str]:
    """Say of a signal, a data point or a series what its values mean.

    Args:
        subject: its IRI in angle brackets; the binding's is the same with ``/binding`` behind it.
        binding: what they mean.

    Returns:
        Lines of N-Triples; none where nothing is known of the values.
    """
    node = f"{subject[:-1]}/binding>"
    facts = _facts(binding)
    if not facts:
        return []
    lines = [f"{node} {fact} ." for fact in facts]
    return [f"{subject} <{FLEX}binding> {node} .", *lines, *_own_unit(binding)]


def event_lines(version: dict[str, list[str]], facts: Facts, tables: Path | None) -> list[str]:
    """Say what the values of the signals and the baseline of an event's version mean.

    Args:
        version: what the graph says of the version.
        facts: the payload's graph.
        tables: folder of a user's own tables.

    Raises:
        AssetError: a table is broken.
    """
    lines: list[str] = []
    for signal in version.get(f"<{FLEX}signal>", ()):
        lines += binding_lines(signal, signal_binding(signal, facts, tables))
    for baseline in version.get(f"<{FLEX}baseline>", ()):
        lines += binding_lines(baseline, baseline_binding(baseline, facts, tables))
    return lines


@lru_cache(maxsize=4096)
def _facts(binding: Binding) -> tuple[str, ...]:
    """Write what is known of the values, predicate and object; nothing where nothing is."""
    known: list[tuple[str, str]] = [
        (f"{FLEX}quantityKind", _bracketed(binding.quantity_kind)),
        (f"{FLEX}unit", _bracketed(binding.unit)),
        (f"{SAREF}isMeasuredIn", _bracketed(binding.measured_in)),
        (f"{FLEX}factor", decimal(plain(binding.factor)) if binding.measured_in else ""),
        (f"{FLEX}flowDirection", _concept("flowDirection", binding.direction)),
        (f"{FLEX}positiveMeans", _concept("flowDirection", binding.positive_means)),
        (f"{FLEX}aggregation", _concept("aggregation", binding.aggregation)),
        (f"{FLEX}leastValue", "" if binding.least is None else decimal(plain(binding.least))),
        (f"{FLEX}mostValue", "" if binding.most is None else decimal(plain(binding.most))),
        (f"{FLEX}cimReadingType", string(binding.cim_reading_type) if binding.cim_reading_type else ""),
    ]
    facts = [f"<{predicate}> {value}" for predicate, value in known if value]
    if not facts:
        return ()
    places: dict[str, list[str]] = {}
    for field, place in binding.origins:
        places.setdefault(place, []).append(field)
    said = [f"{', '.join(fields)}: {place}" for place, fields in places.items()]
    said += [f"missing: {what}" for what in binding.missing]
    return (
        f"<{RDF}type> <{FLEX}PayloadBinding>",
        *([f"<{RDFS}label> {string(binding.says)}"] if binding.says else []),
        *facts,
        f'<{FLEX}stampedAtEnd> "false"^^<{XSD}boolean>',
        *(f"<{DCTERMS}source> {string(line)}" for line in said),
    )


def _own_unit(binding: Binding) -> list[str]:
    """Describe a unit that QUDT has no name for."""
    if not binding.measured_in.startswith(OWN_UNIT):
        return []
    unit = _bracketed(binding.measured_in)
    lines = [
        f"{unit} <{RDF}type> <{SAREF}UnitOfMeasure> .",
        f"{unit} <{RDFS}label> {string(binding.symbol)} .",
    ]
    if binding.unit:
        lines.append(f"{unit} <{FLEX}baseUnit> <{binding.unit}> .")
        lines.append(f"{unit} <{FLEX}factor> {decimal(plain(binding.factor))} .")
    return lines


def _bracketed(iri: str) -> str:
    return f"<{iri}>" if iri else ""


def _concept(scheme: str, notation: str) -> str:
    return f"<{VOCAB}{scheme}/{notation}>" if notation else ""
