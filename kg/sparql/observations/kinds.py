"""Tells the triples of a pattern that may match readings from those that match the graph alone.

A reading's triples are all in the columns, the graph's all in the graph, and no triple of the graph leads to
a reading. So a variable that one triple ties to the graph is no reading, whatever else is asked of it.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

from kg.errors import QueryError
from kg.namespaces import FLEX, RDFS
from kg.sparql.observations.paths import mentions
from kg.sparql.observations.tree import Path, Triple
from kg.sparql.observations.vocabulary import (
    CLASSES,
    COLUMNS,
    LINKS,
    OBSERVATION,
    RESULT,
    SPAN,
    TYPE,
    VIRTUAL,
    is_own,
)

GRAPH = "graph"
_BELOW, _MESSAGE = f"<{RDFS}subClassOf>", f"<{FLEX}Message>"
_ROLES = (OBSERVATION, RESULT, SPAN)


@dataclass(slots=True)
class Split:
    """A block parted: triples of the graph, and triples about what may be readings, by subject.

    Attributes:
        graph: triples that match the graph alone.
        about: triples by the variable that they are about.
        roles: what each of these variables is.
        sure: whether it can be nothing else, by variable.
        ground: variables that are nothing from the columns.
    """

    graph: list[Triple] = field(default_factory=list)
    about: dict[str, list[Triple]] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    sure: dict[str, bool] = field(default_factory=dict)
    ground: set[str] = field(default_factory=set)


def split(triples: Iterable[Triple], known: Mapping[str, str], reserved: Container[str]) -> Split:
    """Part the triples of a block.

    Args:
        triples: plain triples, and paths with ``* + ?`` or ``!``.
        known: what variables are that are bound around the block: ``graph`` or a role.
        reserved: predicates and classes of readings that the graph does not use.

    Raises:
        kg.errors.QueryError: a pattern may match readings in a way that columns cannot answer; says the cure.
    """
    triples = list(triples)
    ground = {name for name, kind in known.items() if kind == GRAPH}
    ground.update(_messages(triples))
    while True:
        before = len(ground)
        for triple in triples:
            _ground(triple, ground)
        if len(ground) == before:
            break
    made = Split(ground=ground)
    for triple in triples:
        if _of_graph(triple, ground):
            made.graph.append(triple)
        else:
            made.about.setdefault(triple.subject, []).append(triple)
    _roles(made, known, reserved)
    return made


def _messages(triples: Iterable[Triple]) -> set[str]:
    """Find the variables whose class is one of messages: no reading is a message."""
    triples = [triple for triple in triples if not isinstance(triple.predicate, Path)]
    classes = {one.subject for one in triples if (one.predicate, one.object) == (_BELOW, _MESSAGE)}
    return {
        one.subject
        for one in triples
        if one.predicate == TYPE and one.object[0] == "?" and one.object in classes and one.subject[0] == "?"
    }


def _solid(term: str, ground: set[str]) -> bool:
    return term in ground if term[0] == "?" else not is_own(term)


def _ground(triple: Triple, ground: set[str]) -> None:
    """Note what a triple ties to the graph."""
    subject, predicate, target = triple.subject, triple.predicate, triple.object
    if isinstance(predicate, Path):
        clear = not mentions(predicate) & (VIRTUAL | {TYPE}) and predicate.kind != "neg"
        if clear and predicate.kind == "mod" and predicate.text == "+":
            ground.update(term for term in (subject, target) if term[0] == "?")
        elif _solid(subject, ground) and target[0] == "?":
            ground.add(target)
        elif clear and _solid(target, ground) and subject[0] == "?":
            ground.add(subject)
        return
    if predicate[0] == "?":
        ground.add(predicate)
        if _solid(subject, ground) and target[0] == "?":
            ground.add(target)
        return
    if target[0] == "?" and predicate not in LINKS:
        ground.add(target)
    if target[0] == "?" and _solid(subject, ground):
        ground.add(target)
    if subject[0] == "?" and (
        predicate not in VIRTUAL | {TYPE}
        or (predicate == TYPE and target[0] != "?" and target not in CLASSES)
    ):
        ground.add(subject)
    if predicate in LINKS and target in ground and subject[0] == "?":
        ground.add(subject)


def _of_graph(triple: Triple, ground: set[str]) -> bool:
    """Whether a triple matches the graph alone; else its subject may be a reading."""
    subject, predicate, target = triple.subject, triple.predicate, triple.object
    if is_own(subject) or (is_own(target) and predicate in LINKS):
        raise _refusal("an observation cannot be named by its IRI", "ask for it by series and time")
    if _solid(subject, ground):
        return True
    if isinstance(predicate, Path):
        if (
            _solid(target, ground)
            and not mentions(predicate) & (VIRTUAL | {TYPE})
            and predicate.kind != "neg"
        ):
            return True
        raise _refusal(
            f"a path with * + ? | or ! from {_name(subject)} could match readings",
            f"say what {_name(subject)} is, for example {_name(subject)} a flex:Event",
        )
    if predicate[0] == "?":
        raise _refusal(
            f"any predicate of {_name(subject)} could be one of a reading",
            f"name the predicate, or say what {_name(subject)} is, for example {_name(subject)} a flex:Event;"
            " for a first look add LIMIT 10, or ask for DISTINCT predicates",
        )
    if predicate == TYPE and target[0] == "?":
        raise _refusal(
            f"{_name(subject)} could be any reading",
            f"name the class in place of {_name(target)}, or another property of {_name(subject)};"
            " for a first look add LIMIT 10, or ask for DISTINCT classes",
        )
    return False


def _roles(made: Split, known: Mapping[str, str], reserved: Container[str]) -> None:
    """Find out what each subject is; what fits no role matches the graph alone."""
    linked = {
        triple.object: LINKS[triple.predicate]
        for triples in made.about.values()
        for triple in triples
        if isinstance(triple.predicate, str) and triple.predicate in LINKS
    }
    for name in list(made.about):
        triples = made.about[name]
        fits = [role for role in _ROLES if all(_fits(triple, role) for triple in triples)]
        told = known.get(name) or linked.get(name)
        if told is not None:
            fits = [role for role in fits if role == told]
        if not fits:
            made.graph += made.about.pop(name)
            made.ground.add(name)
            continue
        sure = told is not None or any(_reserved(triple, reserved) for triple in triples)
        if (fits[0] == SPAN and told is None) or len(fits) > 1:
            raise _refusal(
                f"{_name(name)} could be a reading or the span of one",
                f"add {_name(name)} a saref:Observation, or lead to it with saref:hasPhenomenonTime,"
                " or say which other thing it is",
            )
        made.roles[name], made.sure[name] = fits[0], sure


def _fits(triple: Triple, role: str) -> bool:
    if triple.predicate == TYPE:
        return CLASSES.get(triple.object) == role
    return isinstance(triple.predicate, str) and triple.predicate in COLUMNS[role]


def _reserved(triple: Triple, reserved: Container[str]) -> bool:
    return (triple.object if triple.predicate == TYPE else triple.predicate) in reserved


def _name(term: str) -> str:
    return "a node" if term.startswith("?__") else term


def _refusal(what: str, cure: str) -> QueryError:
    return QueryError(what, cure=cure, code="readings-query")
