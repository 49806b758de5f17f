"""Facts: a graph as dictionaries, subject -> predicate -> objects, all of them N-Triples text.

It is what lift makes and what the compiled shapes read; each object stands once. `kg.statements` holds parsed
terms instead.
"""

from collections.abc import Iterable, Iterator

from kg.namespaces import FLEX, RDF

#: Subject -> predicate -> objects.
Facts = dict[str, dict[str, list[str]]]


def facts_of(lines: Iterable[str]) -> Facts:
    """Index lines of N-Triples by subject and predicate.

    >>> facts_of(["<a:s> <a:p> <a:o> ."])
    {'<a:s>': {'<a:p>': ['<a:o>']}}
    """
    facts: Facts = {}
    many: dict[int, tuple[dict[str, list[str]], str]] = {}
    for line in lines:
        subject, predicate, rest = line.split(" ", 2)
        held = facts.setdefault(subject, {})
        values = held.setdefault(predicate, [])
        values.append(rest.removesuffix(" ."))
        if len(values) == 2:
            many[id(values)] = (held, predicate)
    for held, predicate in many.values():
        held[predicate] = list(dict.fromkeys(held[predicate]))
    return facts


def lines_of(facts: Facts) -> Iterator[str]:
    """Write facts as lines of N-Triples, without line feeds.

    >>> list(lines_of({"<a:s>": {"<a:p>": ["<a:o>"]}}))
    ['<a:s> <a:p> <a:o> .']
    """
    for subject, of_subject in facts.items():
        for predicate, values in of_subject.items():
            for value in values:
                yield f"{subject} {predicate} {value} ."


def of_class(facts: Facts, name: str) -> list[str]:
    """List the instances of a class of ours."""
    return [node for node, about in facts.items() if f"<{FLEX}{name}>" in about.get(f"<{RDF}type>", ())]


def plain(term: str) -> str:
    """Give the text of a literal, or the last part of an IRI.

    >>> plain("<http://a.example/b/c>"), plain('"5"^^<a:b>')
    ('c', '5')
    """
    if term.startswith("<"):
        return term[1:-1].rpartition("/")[2]
    return term[1 : term.rindex('"')]
