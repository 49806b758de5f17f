"""Slips in a shapes graph that engines pass over in silence: what is misspelt or missing checks nothing."""

from collections.abc import Mapping, Sequence
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.errors import AssetError
from kg.namespaces import RDF, SH

Subject = NamedNode | BlankNode | Triple
Term = Subject | Literal
#: The triples of a graph by the IRI of their predicate.
Pairs = Mapping[str, Sequence[tuple[Subject, Term]]]


def sh(*names: str) -> frozenset[str]:
    """Give the IRIs of SHACL terms.

    >>> sh("path")
    frozenset({'http://www.w3.org/ns/shacl#path'})
    """
    return frozenset(SH + name for name in names)


#: Parameters that a shape states once; an engine given two takes either.
_ONCE: Final = sh(
    *("datatype", "nodeKind", "minCount", "maxCount", "minExclusive", "minInclusive", "maxExclusive"),
    *(
        "maxInclusive",
        "minLength",
        "maxLength",
        "pattern",
        "flags",
        "in",
        "languageIn",
        "uniqueLang",
        "closed",
    ),
    *("ignoredProperties", "qualifiedMinCount", "qualifiedMaxCount", "qualifiedValueShape"),
    *("qualifiedValueShapesDisjoint", "severity", "deactivated"),
)
#: Parameters of constraint components that a shape may state more than once.
_OFTEN: Final = sh(
    *("class", "equals", "disjoint", "lessThan", "lessThanOrEquals", "hasValue", "sparql"),
    *("not", "and", "or", "xone", "node", "property"),
)
_COUNTS: Final = sh("qualifiedMinCount", "qualifiedMaxCount")
#: What makes its subject a shape: targets and the parameters of the constraint components.
OF_SHAPES: Final = (
    sh("targetClass", "targetNode", "targetObjectsOf", "targetSubjectsOf", "path")
    | _OFTEN
    | _ONCE
    - _COUNTS
    - sh("flags", "ignoredProperties", "qualifiedValueShapesDisjoint", "severity", "deactivated")
)
#: Properties of SHACL Core and SHACL-SPARQL that shapes graphs hold besides: paths, texts, SPARQL, reports.
_BESIDES: Final = sh(
    *("alternativePath", "inversePath", "zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath"),
    *("message", "name", "description", "order", "group", "defaultValue", "labelTemplate"),
    *("ask", "select", "prefixes", "declare", "prefix", "namespace", "shapesGraph", "suggestedShapesGraph"),
    *("parameter", "optional", "validator", "nodeValidator", "propertyValidator"),
    *("resultAnnotation", "annotationProperty", "annotationValue", "annotationVarName"),
    *("conforms", "result", "detail", "focusNode", "value", "resultPath", "resultMessage", "resultSeverity"),
    *("shapesGraphWellFormed", "sourceShape", "sourceConstraint", "sourceConstraintComponent"),
)
#: Every property of SHACL that a shapes graph may have.
KNOWN: Final = _ONCE | OF_SHAPES | _BESIDES
_CURE: Final = "mend the spelling, or leave out what SHACL Core and SHACL-SPARQL do not have"
#: SHACL's own values where one of its own is given.
_VALUES: Final = {
    SH + "severity": sh("Violation", "Warning", "Info"),
    SH + "nodeKind": sh(
        "IRI", "BlankNode", "Literal", "BlankNodeOrIRI", "BlankNodeOrLiteral", "IRIOrLiteral"
    ),
    RDF + "type": sh(
        *("NodeShape", "PropertyShape", "PropertyGroup", "ValidationReport", "ValidationResult"),
        *("SPARQLConstraint", "SPARQLAskValidator", "SPARQLSelectValidator", "PrefixDeclaration"),
        *("ConstraintComponent", "Parameter", "ResultAnnotation", "Severity"),
    ),
}


def refuse(pairs: Pairs, shapes: set[Term]) -> None:
    """Refuse a shapes graph in which something would be passed over.

    Args:
        pairs: the graph.
        shapes: every shape that it holds or refers to.

    Raises:
        kg.errors.AssetError: a SHACL term is unknown or of the advanced features, a parameter is stated
            twice, a count has no shape to count, a property shape does not have exactly one path, or a
            shape that is referred to is not there.

    Source:
        SHACL, appendix C (SHACL shapes to validate shapes graphs), and section 2.3 (property shapes).
    """
    _check_terms(pairs)
    _check_repeats(pairs)
    _check_paths(pairs)
    _check_counts(pairs)
    missing = shapes - {subject for found in pairs.values() for subject, _ in found}
    for shape in sorted(missing, key=str):
        raise AssetError("a shape is referred to but not there", where=_name(shape), cure="add it")


def misspelt(predicate: str, where: str) -> AssetError:
    """Make the error about a property in SHACL's name that SHACL does not have.

    Args:
        predicate: its IRI.
        where: the shape that states it.
    """
    return AssetError(f"sh:{predicate.removeprefix(SH)} checks nothing", where=where, cure=_CURE)


def _check_terms(pairs: Pairs) -> None:
    for predicate in pairs:
        if predicate.startswith(SH) and predicate not in KNOWN:
            raise misspelt(predicate, _name(pairs[predicate][0][0]))
    for predicate, known in _VALUES.items():
        for subject, value in pairs.get(predicate, ()):
            if isinstance(value, NamedNode) and value.value.startswith(SH) and value.value not in known:
                name = value.value.removeprefix(SH)
                raise AssetError(f"sh:{name} means nothing here", where=_name(subject), cure=_CURE)


def _check_repeats(pairs: Pairs) -> None:
    for predicate in sorted(_ONCE):
        seen: set[Term] = set()
        for subject, _ in pairs.get(predicate, ()):
            if subject in seen:
                name = predicate.removeprefix(SH)
                raise AssetError(f"sh:{name} is stated twice", where=_name(subject), cure="state it once")
            seen.add(subject)


def _check_paths(pairs: Pairs) -> None:
    paths: dict[Term, int] = {value: 0 for _, value in pairs.get(SH + "property", ())}
    for subject, kind in pairs.get(RDF + "type", ()):
        if kind == NamedNode(SH + "PropertyShape"):
            paths[subject] = 0
    for subject, _ in pairs.get(SH + "path", ()):
        if subject in paths:
            paths[subject] += 1
    for shape, count in paths.items():
        if count != 1:
            what = f"a property shape has {count} paths instead of one"
            raise AssetError(what, where=_name(shape), cure="state its path once")


def _check_counts(pairs: Pairs) -> None:
    counting = [subject for name in sorted(_COUNTS) for subject, _ in pairs.get(name, ())]
    counted = {subject for subject, _ in pairs.get(SH + "qualifiedValueShape", ())}
    for subject in counting:
        if subject not in counted:
            what = "a qualified count has no sh:qualifiedValueShape"
            raise AssetError(what, where=_name(subject), cure="state what is counted")


def _name(node: Term) -> str:
    return node.value if isinstance(node, NamedNode) else str(node)
