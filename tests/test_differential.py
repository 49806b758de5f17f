"""The SHACL engines, compared over graphs and over hundreds of mutants of them.

Each difference must have a cause that is known: a row of `tests.differences.CAUSES` or ``FAILURES``.
"""

from collections import Counter
from functools import cache

import pytest

from kg.check import checker, classes_of
from kg.engines import NAMES, engine
from kg.errors import UnreadablePayload
from kg.lift import lift
from kg.namespaces import RDF
from kg.xml import read
from tests.differences import CAUSES, FAILURES, Differ
from tests.mutants import CHANGES, mutants
from tests.paths import PAYLOADS, needs_data
from tests.triples import EX, PREFIXES, literal

SHAPES = f"""{PREFIXES}
ex:Event a sh:NodeShape ; sh:targetClass ex:Event ; sh:nodeKind sh:IRI ;
    sh:property ex:Event-id , ex:Event-status , ex:Event-signal , ex:Event-start ;
    sh:property ex:Event-total , ex:Event-same ;
    sh:or ([ sh:path ex:price ; sh:minCount 1 ] [ sh:path ex:level ; sh:minCount 1 ]) .
ex:Event-query a sh:NodeShape ; sh:targetClass ex:Event ; sh:sparql ex:Event-sum .
ex:Event-id sh:path ex:id ; sh:minCount 1 ; sh:maxCount 1 ; sh:datatype xsd:string ; sh:minLength 1 ;
    sh:pattern "^[A-Za-z0-9]+$" ; sh:message "id"@en .
ex:Event-status sh:path ex:status ; sh:minCount 1 ; sh:in ( ex:far ex:near ) ; sh:message "status"@en .
ex:Event-signal sh:path ex:signal ; sh:minCount 1 ; sh:class ex:Signal ; sh:node ex:Signal ;
    sh:qualifiedValueShape [ sh:path ex:kind ; sh:hasValue ex:simple ] ; sh:qualifiedMinCount 1 ;
    sh:message "signal"@en .
ex:Event-start sh:path ex:start ; sh:maxCount 1 ; sh:datatype xsd:dateTime ; sh:lessThan ex:end ;
    sh:lessThanOrEquals ex:until ; sh:minInclusive "2025-01-01T00:00:00Z"^^xsd:dateTime ;
    sh:message "start"@en .
ex:Event-total sh:path ex:total ; sh:datatype xsd:duration ; sh:minInclusive "PT0S"^^xsd:duration ;
    sh:maxInclusive "P2D"^^xsd:duration ; sh:severity sh:Warning ; sh:message "total"@en .
ex:Event-same sh:path ( ex:signal ex:level ) ; sh:nodeKind sh:Literal ; sh:equals ex:level ;
    sh:message "same"@en .
ex:Event-sum sh:message "{{?value}} is less than a signal"@en ; sh:select '''
    SELECT $this ?value WHERE {{ $this <{EX}level> ?value . $this <{EX}signal>/<{EX}level> ?other .
        FILTER (?other > ?value) }}''' .
ex:Signal a sh:NodeShape ; sh:targetClass ex:Signal ;
    sh:property ex:Signal-event , ex:Signal-level , ex:Signal-kind ;
    sh:not [ sh:path ex:kind ; sh:hasValue ex:none ] .
ex:Signal-event sh:path [ sh:inversePath ex:signal ] ; sh:minCount 1 ; sh:maxCount 1 ; sh:class ex:Event ;
    sh:message "event"@en .
ex:Signal-level sh:path ex:level ; sh:minCount 1 ; sh:datatype xsd:decimal ; sh:minInclusive 0.0 ;
    sh:maxExclusive 100000.0 ; sh:severity sh:Info ; sh:message "level"@en .
ex:Signal-kind sh:path ex:kind ; sh:minCount 1 ; sh:nodeKind sh:IRI ; sh:disjoint ex:other ;
    sh:message "kind"@en .
"""


def _event(number: int) -> str:
    event, level = f"<{EX}event/{number}>", literal(f"{number}.50", "decimal")
    facts = [
        (event, "id", literal(f"E{number}")),
        (event, "status", f"<{EX}near>"),
        (event, "level", level),
        (event, "start", literal(f"2026-01-0{number}T00:00:00Z", "dateTime")),
        (event, "end", literal(f"2026-01-0{number}T02:00:00Z", "dateTime")),
        (event, "until", literal(f"2026-01-0{number}T00:00:00.000Z", "dateTime")),
        (event, "total", literal("PT120M", "duration")),
    ]
    lines = [f"{event} <{RDF}type> <{EX}Event> .\n"]
    for index in range(2):
        signal = f"<{EX}event/{number}/signal/{index}>"
        lines.append(f"{signal} <{RDF}type> <{EX}Signal> .\n")
        facts += [(event, "signal", signal), (signal, "level", level), (signal, "kind", f"<{EX}simple>")]
    return "".join([*lines, *(f"{subject} <{EX}{name}> {value} .\n" for subject, name, value in facts)])


def differ(shapes: str) -> Differ:
    return Differ(shapes, {name: engine(name, shapes) for name in NAMES})


def causes_over(pair: Differ, graph: str, count: int, seed: int) -> Counter[str]:
    """Compare a graph and its mutants, and count the causes; a difference without one fails."""
    causes, unknown = pair.compare(graph)
    for change, mutant in mutants(graph, count, seed):
        found, more = pair.compare(mutant, graph)
        causes += found
        unknown += [f"{change}: {difference}" for difference in more]
    assert not unknown, "\n".join(unknown)
    return causes


@pytest.mark.parametrize(("count", "seed"), [(60, 51), pytest.param(175, 16, marks=pytest.mark.long)])
def test_engines_agree_on_mutants_of_events_written_here(count, seed):
    """Over constraints of every kind, the engines differ for known causes only, and all of them occur."""
    pair = differ(SHAPES)
    causes: Counter[str] = Counter()
    for number in range(1, 5):
        assert pair.compare(_event(number)) == (Counter(), [])
        causes += causes_over(pair, _event(number), count, seed=seed + number)
    assert set(causes) == {cause for cause, *_ in CAUSES} | set(FAILURES)


@cache
def _pair_for(profile: str, message_type: str) -> Differ:
    """Give the engines with the shapes that a check applies to a message type."""
    shapes = checker("core", "shacl").shapes.for_classes(classes_of(profile, message_type))
    engines = {name: checker("core", name).engine_for(profile, message_type) for name in NAMES}
    return Differ(shapes, engines)


def _corpus() -> list[tuple[str, Differ, str]]:
    """Lift every valid payload: its name, the engines for it, the graph that a check gives them."""
    found = []
    for file in sorted((PAYLOADS / "2.0b").rglob("*.xml")):
        try:
            document = read(file.read_bytes())
        except UnreadablePayload:
            continue
        if not document.schema_errors:
            lifted = lift(document)
            graph = "\n".join([*lifted.lines, *lifted.vocabulary(), ""])
            found.append((file.name, _pair_for(lifted.profile, lifted.message_type), graph))
    return found


@needs_data
@pytest.mark.parametrize("count", [3, pytest.param(60, marks=pytest.mark.long)])
def test_engines_agree_on_the_corpus_and_its_mutants(count):
    """Over every payload at hand, with the shapes of its type, the engines differ for known causes only."""
    payloads = _corpus()
    unknown = []
    for number, (name, pair, graph) in enumerate(payloads):
        if pair.compare(graph) != (Counter(), []):
            unknown.append(f"{name}: the engines differ over the payload as it is")
        for change, mutant in mutants(graph, count, seed=number):
            _, more = pair.compare(mutant, graph)
            unknown += [f"{name}: {change}: {difference}" for difference in more]
    assert not unknown, "\n".join(unknown)
    assert len(payloads) >= 60


def test_mutants_are_the_same_in_every_run():
    """A difference that was found can be found again; every change is made."""
    made = list(mutants(_event(1), 200, seed=7))
    assert made == list(mutants(_event(1), 200, seed=7))
    assert {name for name, _ in made} == set(CHANGES)
    assert len({graph for _, graph in made}) > 150
