"""What every engine answers with: results whose text and order do not depend on the engine."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """State one validation result.

    IRIs in ``shape``, ``focus`` and ``path`` are bare; every other term is N-Triples text, so the first
    character tells them apart. Blank nodes are written ``_:b``, since their labels hold in one engine only.

    Source:
        SHACL, section 3.6.2 (validation results).
    """

    #: IRI of the shape that was violated; of the nearest named shape around it where that one has no
    #: name; empty where no shape around it has one.
    shape: str
    #: IRI of the node that was checked, or N-Triples text where it is a literal or a blank node.
    focus: str
    #: IRI of the property, or a SPARQL property path such as ``(<http://a.example/p>/^<http://a.example/q>)``.
    path: str | None
    #: N-Triples text of the offending value, with the spelling it has in the data.
    value: str | None
    #: Local name of the constraint component, for example ``MinCountConstraintComponent``.
    component: str
    #: Local name of the severity: ``Violation``, ``Warning``, ``Info`` or a name of the shapes' own.
    severity: str
    #: One message: the English one where there is one, else one without a language; empty where the shapes
    #: state none.
    message: str


def place(result: Result) -> tuple[str, str, str, str, str, str, str]:
    """Give the key by which results are sorted.

    Args:
        result: any result.

    Returns:
        Focus, shape, path, value, component, severity and message, absent ones empty.

    >>> place(Result("s", "f", None, '"1"', "C", "Warning", ""))
    ('f', 's', '', '"1"', 'C', 'Warning', '')
    """
    return (
        result.focus,
        result.shape,
        result.path or "",
        result.value or "",
        result.component,
        result.severity,
        result.message,
    )


def bare(term: str) -> str:
    """Take the angle brackets off an IRI and the label off a blank node.

    Args:
        term: N-Triples text of one term, or a SPARQL property path.

    Returns:
        The IRI without brackets; ``_:b`` for a blank node; any other text as it is.

    >>> bare("<http://a.example/p>"), bare("_:0_b7"), bare("(<http://a.example/p>)+")
    ('http://a.example/p', '_:b', '(<http://a.example/p>)+')
    """
    if term.startswith("<"):
        return term[1:-1]
    return "_:b" if term.startswith("_:") else term


def local(iri: str) -> str:
    """Cut an IRI to what follows its last ``#`` or ``/``.

    Args:
        iri: an IRI without brackets.

    Returns:
        The local name; the whole text where there is neither.

    >>> local("http://www.w3.org/ns/shacl#Warning")
    'Warning'
    """
    return iri[max(iri.rfind("#"), iri.rfind("/")) + 1 :]
