"""Alignments: the SSSOM tables read, and written as OWL axioms, SKOS matches and the evidence for both.

The tables are the truth. The graph is made from them whenever it is asked for, so that it cannot go stale::

    flex:Resource rdfs:subClassOf cim:RegisteredResource .        a row with an OWL predicate
    cim:RegisteredResource a owl:Class .
    flex:Meter skos:closeMatch sosa:Sensor .                      a row with a SKOS predicate
    [] a owl:Axiom ; owl:annotatedSource flex:Meter ; ...         each row: confidence, justification, comment

A row that leads to ``sssom:NoTermFound`` says that no term is there, or that none could be verified: it gives
evidence only.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from kg import assets
from kg.errors import AssetError
from kg.literals import string
from kg.namespaces import DCTERMS, FLEX, OWL, RDF, RDFS, XSD
from kg.sssom import AXIOMS, NO_TERM, SSSOM, MappingSet, read

#: Axioms between classes: what they lead to is declared a class.
_CLASS_AXIOMS: Final = AXIOMS[:2]


def tables() -> list[Path]:
    """List the project's tables.

    >>> [path.name for path in tables() if path.name.startswith("cim")]
    ['cim17.sssom.tsv']
    """
    return assets.files("mappings", "alignments/*.sssom.tsv")


def require_terms(found: MappingSet, terms: Iterable[str]) -> None:
    """Make sure that each own term of a table is declared.

    Args:
        found: the table.
        terms: IRIs of the terms that the ontology declares.

    Raises:
        AssetError: a row starts from a ``flex:`` term that is not among them.
    """
    known = set(terms)
    for row in found.rows:
        if row.subject.startswith(FLEX) and row.subject not in known:
            raise AssetError(
                f"the ontology has no term flex:{row.subject.removeprefix(FLEX)}",
                where=f"{found.path}:{row.line}",
                cure="declare it in a module, or take the row out",
            )


def statements(found: Iterable[MappingSet]) -> list[str]:
    """Give what tables say in OWL and SKOS.

    Returns:
        N-Triples lines, sorted, each once.
    """
    lines: set[str] = set()
    for table in found:
        for row in table.rows:
            if row.object == NO_TERM:
                continue
            lines.add(f"<{row.subject}> <{row.predicate}> <{row.object}> .")
            if row.predicate in _CLASS_AXIOMS:
                lines.add(f"<{row.object}> <{RDF}type> <{OWL}Class> .")
    return sorted(lines)


def evidence(found: Iterable[MappingSet]) -> list[str]:
    """Give the grounds of each row, in the form that SSSOM has in RDF.

    Returns:
        N-Triples lines in the order of the rows, with a blank node for each.
    """
    lines: list[str] = []
    rows = 0
    for table in found:
        lines += [f"<{table.iri}> <{RDF}type> <{SSSOM}MappingSet> ."]
        lines += [f"<{table.iri}> <{DCTERMS}title> {string(table.title)} ."] if table.title else []
        for row in table.rows:
            rows += 1
            node = f"_:alignment{rows}"
            facts = [
                (RDF + "type", f"<{OWL}Axiom>"),
                (OWL + "annotatedSource", f"<{row.subject}>"),
                (OWL + "annotatedProperty", f"<{row.predicate}>"),
                (OWL + "annotatedTarget", f"<{row.object}>"),
                (SSSOM + "mapping_justification", f"<{row.justification}>"),
                (DCTERMS + "isPartOf", f"<{table.iri}>"),
            ]
            if row.confidence:
                facts.append((SSSOM + "confidence", f'"{row.confidence}"^^<{XSD}double>'))
            facts += [(SSSOM + "object_label", string(row.object_label))] if row.object_label else []
            facts += [(RDFS + "comment", string(row.comment))] if row.comment else []
            lines += [f"{node} <{predicate}> {value} ." for predicate, value in facts]
    return lines


def graph(paths: Iterable[Path] | None = None) -> str:
    """Make the graph of the alignments.

    Args:
        paths: the tables; the project's own where None.

    Returns:
        N-Triples text; ``kg.graphs.formats.write_graph`` writes it as Turtle.

    Raises:
        AssetError: a table cannot be used.

    >>> "<https://w3id.org/flexkg/def#Device> <http://www.w3.org/2000/01/rdf-schema#subClassOf> " in graph()
    True
    """
    found = [read(path) for path in (tables() if paths is None else paths)]
    return "".join(f"{line}\n" for line in [*statements(found), *evidence(found)])
