"""What the endpoint says of itself: a service description, and the graphs as a VoID dataset.

Source:
    SPARQL 1.1 Service Description, W3C Recommendation of 21 March 2013; Describing Linked Datasets with the
    VoID Vocabulary, W3C Interest Group Note of 3 March 2011.
"""

from collections.abc import Iterable
from typing import Final

from kg.graphs import META
from kg.namespaces import DCTERMS, PREFIXES, VERSION

SD: Final = "http://www.w3.org/ns/sparql-service-description#"
VOID: Final = "http://rdfs.org/ns/void#"
FORMATS: Final = "http://www.w3.org/ns/formats/"
_RESULTS: Final = (
    *("SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV"),
    *("Turtle", "N-Triples", "JSON-LD", "RDF_XML", "TriG", "N-Quads"),
)
_INPUTS: Final = ("Turtle", "N-Triples", "JSON-LD", "RDF_XML")


def describe(endpoint: str, graph_store: str, graphs: Iterable[str]) -> str:
    """Describe the endpoint in Turtle.

    Args:
        endpoint: its address.
        graph_store: address of its graph store.
        graphs: IRIs of the graphs.

    >>> "sd:endpoint <http://a.example/sparql>" in describe("http://a.example/sparql", "", [])
    True
    """
    named = [f"[ a sd:NamedGraph ; sd:name <{name}> ]" for name in sorted(graphs) if name != META]
    spaces = sorted({base for base in PREFIXES.values() if "flexkg" in base})
    return "\n".join(
        (
            f"@prefix sd: <{SD}> .",
            f"@prefix void: <{VOID}> .",
            f"@prefix formats: <{FORMATS}> .",
            f"@prefix dcterms: <{DCTERMS}> .",
            f"<{endpoint}#service> a sd:Service ;",
            f"  sd:endpoint <{endpoint}> ;",
            "  sd:supportedLanguage sd:SPARQL11Query, sd:SPARQL11Update ;",
            "  sd:feature sd:UnionDefaultGraph ;",
            f"  sd:resultFormat {', '.join(map(_format, _RESULTS))} ;",
            f"  sd:inputFormat {', '.join(map(_format, _INPUTS))} ;",
            f"  sd:defaultDataset <{endpoint}#dataset> ;",
            f"  sd:availableGraphs <{endpoint}#graphs> .",
            f"<{endpoint}#graphs> a sd:GraphCollection{_listed(named)} .",
            f"<{endpoint}#dataset> a sd:Dataset, void:Dataset ;",
            '  dcterms:title "FlexKG: flexibility messages and what they mean"@en ;',
            f'  dcterms:hasVersion "{VERSION}" ;',
            f"  void:sparqlEndpoint <{endpoint}> ;",
            f"  void:uriLookupEndpoint <{graph_store}?graph=> ;",
            *(f"  void:vocabulary <{space}> ;" for space in spaces),
            f"  sd:defaultGraph [ a sd:Graph ]{_listed(named)} .",
            "",
        )
    )


def _format(name: str) -> str:
    return f"<{FORMATS}{name}>"


def _listed(named: list[str]) -> str:
    return f" ;\n  sd:namedGraph {', '.join(named)}" if named else ""
