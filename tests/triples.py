"""Shapes and graphs for tests, written short."""

from kg.namespaces import XSD

PREFIXES = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix ex: <http://a.example/> .
"""
EX = "http://a.example/"


def triple(subject: str, predicate: str, value: str) -> str:
    """Write a triple; terms without brackets or quotes are names in ``EX``."""
    terms = [term if term[0] in '<"_' else f"<{EX}{term}>" for term in (subject, predicate, value)]
    return " ".join(terms) + " .\n"


def literal(text: str, datatype: str = "") -> str:
    """Write a literal; the text is as N-Triples escape it, the datatype a name of XSD."""
    return f'"{text}"' + (f"^^<{XSD}{datatype}>" if datatype else "")
