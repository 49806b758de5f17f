"""Graphs damaged on purpose, one change at a time, the same ones in every run."""

import random
from collections.abc import Callable, Iterator

from kg.namespaces import RDF
from tests.triples import literal

#: Subject, predicate and object as N-Triples write them.
Triple = tuple[str, str, str]
Change = Callable[[list[Triple], random.Random], list[Triple] | None]

TYPE = f"<{RDF}type>"
UNKNOWN = "<http://a.example/unknown>"
#: Values that a message should not hold, by kind.
VALUES = {
    "negative number": [literal("-1", "decimal"), literal("-5", "integer")],
    "huge number": [literal("9" * 30, "decimal"), literal("9" * 30, "integer"), literal("1e400", "double")],
    "fine number": [literal("0." + "3" * 25, "decimal"), literal("0." + "3" * 18, "decimal")],
    "no number": [literal("abc", "decimal"), literal("NaN", "double"), literal("1e3", "decimal")],
    "long integer spelling": [
        literal("+007", "integer"),
        literal("-0", "integer"),
        literal("1.00", "decimal"),
    ],
    "empty string": [literal(""), literal("", "decimal"), literal("", "duration"), literal("", "dateTime")],
    "text": [literal("some text"), '"Text"@en', literal(r"two\nlines"), literal("😀é")],
    "duration": [
        literal(text, "duration") for text in ("PT0S", "-PT5M", "PT90M", "P1M", "P1W", "PT", "P1DT")
    ],
    "moment": [
        literal(text, "dateTime")
        for text in (
            *(
                "2026-01-01T00:00:00Z",
                "2026-01-01T00:00:00",
                "2026-01-01T00:00:00.500Z",
                "2026-02-30T00:00:00Z",
            ),
            *("2026-01-01", "2026-01-01T24:00:00Z", "9999-12-31T23:59:59Z", "2026-01-01T00:00:00+14:00"),
        )
    ],
    "boolean": [literal("true", "boolean"), literal("1", "boolean"), literal("yes", "boolean")],
    "thing": [UNKNOWN, "_:unknown"],
}


def parse(ntriples: str) -> list[Triple]:
    """Split lines of one triple each into terms."""
    triples = []
    for line in filter(None, ntriples.split("\n")):
        subject, predicate, rest = line.split(" ", 2)
        triples.append((subject, predicate, rest.removesuffix(" .")))
    return triples


def mutants(ntriples: str, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Give ``count`` mutants of a graph, each with the name of its change, all changes in turn."""
    chance = random.Random(seed)
    names = list(CHANGES)
    chance.shuffle(names)
    made = turn = 0
    while made < count and turn < 20 * count:
        name = names[turn % len(names)]
        turn += 1
        changed = CHANGES[name](parse(ntriples), chance)
        if changed is not None:
            made += 1
            yield name, "".join(f"{' '.join(triple)} .\n" for triple in dict.fromkeys(changed))


def _drop(triples: list[Triple], chance: random.Random) -> list[Triple] | None:
    triples.pop(chance.randrange(len(triples)))
    return triples


def _drop_type(triples: list[Triple], chance: random.Random) -> list[Triple] | None:
    triples.remove(chance.choice([triple for triple in triples if triple[1] == TYPE]))
    return triples


def _drop_subject(triples: list[Triple], chance: random.Random) -> list[Triple] | None:
    subject = chance.choice(triples)[0]
    return [triple for triple in triples if triple[0] != subject]


def _rename_property(triples: list[Triple], chance: random.Random) -> list[Triple] | None:
    return _with(triples, chance, lambda s, p, o: (s, UNKNOWN, o))


def _type_another(triples: list[Triple], chance: random.Random) -> list[Triple] | None:
    """Give a thing the class of another as well."""
    classes = sorted({o for _, p, o in triples if p == TYPE})
    return [*triples, (chance.choice(triples)[0], TYPE, chance.choice(classes))]


def _swap_objects(triples: list[Triple], chance: random.Random) -> list[Triple] | None:
    if len(triples) < 2:
        return None
    one, two = chance.sample(range(len(triples)), 2)
    (s1, p1, o1), (s2, p2, o2) = triples[one], triples[two]
    triples[one], triples[two] = (s1, p1, o2), (s2, p2, o1)
    return triples


def _merge_subjects(triples: list[Triple], chance: random.Random) -> list[Triple] | None:
    """Say of one thing what was said of another."""
    one, two = chance.choice(triples)[0], chance.choice(triples)[0]
    return [(two if s == one else s, p, o) for s, p, o in triples] if one != two else None


def _blank_subject(triples: list[Triple], chance: random.Random) -> list[Triple] | None:
    subject = chance.choice(triples)[0]
    return [tuple("_:x" if term == subject else term for term in triple) for triple in triples]  # type: ignore[misc]


def _retype_literal(triples: list[Triple], chance: random.Random) -> list[Triple] | None:
    kind = chance.choice(["", "string", "integer", "decimal", "double", "duration", "dateTime", "anyURI"])
    return _with(triples, chance, lambda s, p, o: (s, p, literal(_spelling(o), kind)), literals=True)


def _another_of_the_kind(triples: list[Triple], chance: random.Random) -> list[Triple] | None:
    """Put a value with the datatype that the old one has."""
    pool = [value for values in VALUES.values() for value in values]

    def change(subject: str, predicate: str, value: str) -> Triple:
        like = [other for other in pool if other.rpartition('"')[2] == value.rpartition('"')[2]]
        return subject, predicate, chance.choice(like or [value])

    return _with(triples, chance, change, literals=True)


def _literal_for_iri(triples: list[Triple], chance: random.Random) -> list[Triple] | None:
    return _with(triples, chance, lambda s, p, o: (s, p, literal(o.strip("<>"))), literals=False)


def _with(
    triples: list[Triple],
    chance: random.Random,
    change: Callable[[str, str, str], Triple],
    *,
    literals: bool | None = None,
) -> list[Triple] | None:
    """Change one triple other than a type; one whose object is, or is not, a literal where that is asked."""
    places = [
        place
        for place, (_, predicate, value) in enumerate(triples)
        if predicate != TYPE and (literals is None or value.startswith('"') is literals)
    ]
    if not places:
        return None
    place = chance.choice(places)
    triples[place] = change(*triples[place])
    return triples


def _spelling(term: str) -> str:
    return term[1 : term.rindex('"')]


def _replace(kind: str) -> Change:
    def change(triples: list[Triple], chance: random.Random) -> list[Triple] | None:
        return _with(triples, chance, lambda s, p, o: (s, p, chance.choice(VALUES[kind])))

    return change


def _add(kind: str) -> Change:
    def change(triples: list[Triple], chance: random.Random) -> list[Triple] | None:
        subject, predicate, _ = chance.choice(triples)
        return [*triples, (subject, predicate, chance.choice(VALUES[kind]))]

    return change


CHANGES: dict[str, Change] = {
    "drop a triple": _drop,
    "drop a type": _drop_type,
    "drop a thing": _drop_subject,
    "rename a property": _rename_property,
    "give another type": _type_another,
    "swap two objects": _swap_objects,
    "merge two things": _merge_subjects,
    "take a name away": _blank_subject,
    "change a datatype": _retype_literal,
    "write an IRI as text": _literal_for_iri,
    "put a value of the kind": _another_of_the_kind,
    "put another value of the kind": _another_of_the_kind,
    "put a third value of the kind": _another_of_the_kind,
    **{f"put a {kind}": _replace(kind) for kind in VALUES},
    **{f"add a {kind}": _add(kind) for kind in VALUES},
}
