"""Why SHACL engines differ over one graph: each difference gets a known cause, or none."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import pyoxigraph as ox

from kg.engines import Engine, Result
from kg.errors import FlexKGError
from kg.facts import facts_of
from kg.namespaces import SH, XSD
from tests.mutants import Triple, parse

#: Lexical forms by XML Schema; Python's readers take more.
LEXICAL = {
    "decimal": r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)",
    "integer": r"[+-]?[0-9]+",
    "double": r"[+-]?(([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|INF)|NaN",
    "duration": r"-?P(?=.)([0-9]+Y)?([0-9]+M)?([0-9]+D)?(T(?=.)([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?",
    "dateTime": r"-?([1-9][0-9]{3,}|0[0-9]{3})-(0[1-9]|1[0-2])-[0-9]{2}T"
    r"([01][0-9]|2[0-4]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))?",
    "boolean": r"true|false|0|1",
}
NUMBERS = {"decimal", "integer", "double", "float"}
#: Constraint components that compare with a value that the shape states, or with those of another property.
RANGES = {
    f"{name}{kind}ConstraintComponent" for name in ("Min", "Max") for kind in ("Inclusive", "Exclusive")
}
PAIRS = {"LessThanConstraintComponent", "LessThanOrEqualsConstraintComponent"}
#: Constraint components whose answer is that of other shapes.
NESTED = {
    f"{name}ConstraintComponent"
    for name in ("Node", "Or", "And", "Not", "Xone", "QualifiedMinCount", "QualifiedMaxCount")
}


class Literal(NamedTuple):
    """The spelling of a literal and the name of its datatype in XSD; empty where it is something else."""

    text: str
    kind: str

    @property
    def malformed(self) -> bool:
        """Whether XML Schema would not take it."""
        lexical = LEXICAL.get("double" if self.kind == "float" else self.kind)
        if lexical is None or not re.fullmatch(lexical, self.text, re.ASCII):
            return lexical is not None
        return self.kind == "dateTime" and not _in_calendar(self.text)

    @property
    def beyond(self) -> bool:
        """Whether it is a number that Oxigraph's numbers do not hold."""
        if self.malformed or self.kind not in ("decimal", "integer"):
            return False
        number = Decimal(self.text)
        if self.kind == "integer":
            return not -(2**63) <= number < 2**63
        places = -int(number.normalize().as_tuple().exponent)
        return places > 18 or not -(2**127) <= number * 10**18 < 2**127

    @property
    def unfinished(self) -> bool:
        """Whether it is a duration that ends where hours should come."""
        return self.kind == "duration" and self.text.endswith("T")

    @property
    def hour_24(self) -> bool:
        """Whether it is the end of a day, written as its hour 24."""
        return self.kind == "dateTime" and "T24" in self.text

    @property
    def months(self) -> bool:
        """Whether it is a duration that has no length in seconds."""
        return self.kind == "duration" and re.search(r"\d[YM]", self.text.partition("T")[0]) is not None

    @property
    def zoned(self) -> bool:
        """Whether it ends in a time zone."""
        return re.search(r"(Z|[+-]\d\d:\d\d)$", self.text) is not None

    @property
    def special(self) -> bool:
        """Whether engines are known to differ over it."""
        floating = self.kind == "dateTime" and not self.zoned
        return self.malformed or self.beyond or self.hour_24 or self.months or floating

    @property
    def family(self) -> str:
        """What it can be compared with."""
        return "number" if self.kind in NUMBERS else self.kind


def _in_calendar(moment: str) -> bool:
    try:
        return bool(date.fromisoformat(moment[:10]))
    except ValueError:
        return False


def literal_of(term: str | None) -> Literal:
    """Take a term apart."""
    match = re.fullmatch(rf'"(.*)"(?:\^\^<{re.escape(XSD)}(\w+)>)?', term or "", re.DOTALL)
    return Literal(match[1], match[2] or "string") if match else Literal("", "")


class Seen(NamedTuple):
    """A result of one engine alone, with what may explain it."""

    result: Result
    #: The other engine reports it too, less often.
    repeated: bool
    value: Literal
    #: What a range or a pair of properties is compared with.
    bounds: list[Literal]
    #: The mutation gave a property a special value, or one of a kind that it does not have.
    odd: bool


def _unlike(seen: Seen) -> bool:
    return any(
        bound.family != seen.value.family or bound.malformed or seen.value.malformed for bound in seen.bounds
    )


def _no_zone(seen: Seen) -> bool:
    moments = [literal for literal in (seen.value, *seen.bounds) if literal.kind == "dateTime"]
    return len({moment.zoned for moment in moments}) == 2


def _months(seen: Seen) -> bool:
    return any(literal.months for literal in (seen.value, *seen.bounds))


def _hour_24(seen: Seen) -> bool:
    return any(literal.hour_24 for literal in (seen.value, *seen.bounds))


def _beyond(seen: Seen) -> bool:
    return any(literal.beyond for literal in (seen.value, *seen.bounds))


#: Cause, engines that alone report such a result, what tells it; the first that fits is taken.
CAUSES: list[tuple[str, set[str], Callable[[Seen], bool]]] = [
    ("pyshacl reports equal solutions of a query once", {"shacl"}, lambda seen: seen.repeated),
    ("shacl holds numbers of 128 bits, 18 places", {"shacl"}, _beyond),
    (
        "pyshacl takes for well-formed what Python or ISO 8601 reads",
        {"shacl"},
        lambda seen: seen.value.malformed,
    ),
    ("pyshacl knows no hour 24", {"shacl", "pyshacl"}, _hour_24),
    ("pyshacl compares no durations with months or years", {"shacl", "pyshacl"}, _months),
    ("pyshacl compares no moments of which one has no zone", {"shacl", "pyshacl"}, _no_zone),
    ("pyshacl puts values of unlike kinds in order", {"shacl"}, _unlike),
    (
        "rdflib's queries compare unlike kinds, and hold numbers that Oxigraph's do not",
        {"shacl", "pyshacl"},
        lambda seen: seen.odd and seen.result.component == "SPARQLConstraintComponent",
    ),
    (
        "a shape within another differs for one of these causes",
        {"shacl", "pyshacl"},
        lambda seen: seen.odd and seen.result.component in NESTED,
    ),
]
#: Cause of a failure of pyshacl, and what its message holds.
FAILURES = {
    "pyshacl fails on an order that values do not have": "'<=' not supported",
    "pyshacl fails on blank nodes that should have an order": "to compare a BlankNode",
    "pyshacl fails on a decimal that is not a number": "InvalidOperation",
}


class Differ:
    """Compare engines that hold the same shapes.

    Args:
        shapes: the shapes, as Turtle.
        engines: all of them by name.
    """

    def __init__(self, shapes: str, engines: dict[str, Engine]) -> None:
        self.engines = engines
        self.stated: dict[tuple[str, str], list[str]] = {}
        for quad in ox.parse(shapes, format=ox.RdfFormat.TURTLE):
            name = quad.predicate.value.removeprefix(SH)
            self.stated.setdefault((str(quad.subject).strip("<>"), name), []).append(str(quad.object))

    def compare(self, graph: str, before: str = "") -> tuple[Counter[str], list[str]]:
        """Check one graph with all engines.

        Args:
            graph: N-Triples.
            before: the graph of which it is a mutant.

        Returns:
            How often each known cause made a difference, and the differences that have none.
        """
        fast = self.engines["shacl"].validate(graph)
        try:
            slow = self.engines["pyshacl"].validate(graph)
        except FlexKGError as error:
            known = [
                cause for cause, sign in FAILURES.items() if error.code == "engine" and sign in error.what
            ]
            return Counter(known[:1]), self._uncompiled(graph, fast) + ([] if known else [str(error)])
        causes: Counter[str] = Counter()
        unknown = self._uncompiled(graph, fast)
        if fast != slow:
            triples, odd = parse(graph), _odd(parse(graph), parse(before))
            for alone, mine, other in (("shacl", fast, slow), ("pyshacl", slow, fast)):
                for result in (Counter(mine) - Counter(other)).elements():
                    bounds = [literal_of(bound) for bound in self._bounds(result, triples)]
                    seen = Seen(result, result in other, literal_of(result.value), bounds, odd)
                    cause = next((cause for cause, who, tells in CAUSES if alone in who and tells(seen)), "")
                    causes[cause] += 1
                    if not cause:
                        unknown.append(f"{alone} alone: {result}")
        return +causes, unknown

    def _uncompiled(self, graph: str, fast: list[Result]) -> list[str]:
        """List where the compiled shapes differ from shacl for another cause than what shacl reads wrongly.

        It holds numbers of 128 bits, and takes a duration that ends in ``T`` for one.
        """
        compiled = self.engines["compiled"].validate(graph)
        lines = [f"{quad.triple} ." for quad in ox.parse(graph, format=ox.RdfFormat.N_TRIPLES)]
        if compiled != self.engines["compiled"].validate_facts(facts_of(lines)):
            return ["compiled differs between N-Triples and facts"]
        if compiled == fast:
            return []
        mine, other = Counter(compiled), Counter(fast)
        beyond = any(literal_of(o).beyond for _, _, o in parse(graph))
        return [
            f"compiled against shacl: {result}"
            for result in ((mine - other) + (other - mine)).elements()
            if not literal_of(result.value).beyond
            and not (beyond and result.component in NESTED | PAIRS)
            and not (result not in other and literal_of(result.value).unfinished)
        ]

    def _bounds(self, result: Result, triples: list[Triple]) -> Iterator[str]:
        parameter = result.component.removesuffix("ConstraintComponent")
        stated = self.stated.get((result.shape, parameter[:1].lower() + parameter[1:]), [])
        if result.component in RANGES:
            yield from stated
        elif result.component in PAIRS:
            focus = f"<{result.focus}>"
            yield from (o for s, p, o in triples if s == focus and p in stated)


def _odd(triples: list[Triple], before: list[Triple]) -> bool:
    families: dict[str, set[str]] = {}
    for _, predicate, value in before:
        families.setdefault(predicate, set()).add(literal_of(value).family)
    for _, predicate, value in set(triples) - set(before):
        literal = literal_of(value)
        if literal.special or literal.family not in families.get(predicate, ()):
            return True
    return False
