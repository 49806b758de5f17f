"""The graph of a site: its mappings and site files as one named graph of a store."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kg.devices.documents import Document, read_document
from kg.devices.graph import graph
from kg.devices.resources import resources_of
from kg.devices.site_facts import resource_iri
from kg.devices.site_file import is_site, site_graph
from kg.devices.sites import Site
from kg.literals import string
from kg.namespaces import FLEX, GRAPH, RDF

#: The graph that ``flexkg devices load`` fills.
DEVICES: Final = GRAPH + "devices"


def site_lines(documents: list[Document], site: Site) -> list[str]:
    """Write mappings and site files as N-Triples lines, each once.

    Args:
        documents: what the site was loaded from; Thing Models are left out.
        site: the same, loaded: tells which resource a device is behind that no site file names.

    Raises:
        kg.errors.UnreadablePayload: a document is no JSON-LD.
    """
    return list(dict.fromkeys(line for line in _lines(documents, site) if line))


def _lines(documents: list[Document], site: Site) -> Iterator[str]:
    for document in documents:
        if is_site(document):
            names = {
                f"urn:flexkg:site#{r.pointer}/": f"{resource_iri(r.name)}/" for r in resources_of(document)
            }
            for line in site_graph(document).splitlines():
                yield _renamed(line, names)
        elif not document.is_model:
            yield from graph(document).splitlines()
    for resource in site.resources.values():
        yield f"<{resource_iri(resource.name)}> <{RDF}type> <{FLEX}Resource> ."
        yield f"<{resource_iri(resource.name)}> <{FLEX}resourceID> {string(resource.name)} ."
        for iri in resource.devices:
            yield f"<{resource_iri(resource.name)}> <{FLEX}hasDevice> <{iri}> ."


def _renamed(line: str, names: dict[str, str]) -> str:
    """Name the descriptions of a resource below it: two site files would name them alike."""
    for old, new in names.items():
        if old in line:
            return line.replace(f"<{old}", f"<{new}")
    return line


def documents_of(paths: list[Path]) -> list[Document]:
    """Read the mappings and site files among paths."""
    return [read_document(path.read_bytes(), str(path)) for path in paths if path.suffix != ".csv"]
