"""Site files: their form, their graph, and their check against the rules."""

import json
from collections.abc import Iterator
from typing import Final

from kg import assets
from kg.devices.check import check_document, report_on, unreadable
from kg.devices.documents import Document
from kg.devices.graph import triples
from kg.devices.resources import Resource, resources_of
from kg.devices.site_facts import resource_iri, site_facts
from kg.errors import UnreadablePayload
from kg.report import Report, Violation

SITE_CONTEXT: Final = "https://w3id.org/flexkg/context/site"


def is_site(document: Document) -> bool:
    """Tell whether a document is a site file, by its context or its members."""
    return document.data.get("@context") == SITE_CONTEXT or (
        "resources" in document.data and "properties" not in document.data
    )


def check_site(
    document: Document,
    known: dict[str, Resource],
    things: list[Document],
    engine: str,
    without: frozenset[str],
) -> Report:
    """Check a site file.

    Args:
        document: the site file.
        known: all resources that are described, by name.
        things: the mappings that are checked together with it.
        engine: SHACL engine.
        without: rule ids to leave out.
    """
    wrong = list(_misformed(document))
    if wrong:
        return report_on(document, wrong, "site")
    try:
        text = site_graph(document)
    except UnreadablePayload as error:
        return unreadable(document.digest.encode(), error)
    lines = [text, *site_facts(document, known, {t.iri: t for t in things if not t.is_model}), ""]
    return check_document(
        document, engine=engine, without=without, text="\n".join(lines), places=_places(document)
    )


def _places(document: Document) -> dict[str, str]:
    """Give the place of each resource and device of a site file."""
    found: dict[str, str] = {}
    for resource in resources_of(document):
        found[resource_iri(resource.name)] = resource.pointer
        for index, iri in enumerate(resource.devices):
            found[iri] = f"{resource.pointer}/devices/{index}"
    return found


def _misformed(document: Document) -> Iterator[Violation]:
    def wrong(pointer: str, message: str, cure: str) -> Violation:
        return Violation(
            "JSON",
            "Violation",
            message,
            pointer=pointer,
            cure=cure,
            source="FlexKG; mappings/contexts/site.jsonld",
        )

    if document.data.get("@context") != SITE_CONTEXT:
        yield wrong("/@context", "The context is not that of site files.", f"name {SITE_CONTEXT}")
    entries = document.data.get("resources")
    if not isinstance(entries, list) or not entries:
        yield wrong("/resources", "A site file has a list of resources.", "add resources")
        return
    names: set[str] = set()
    lists = {"devices": str, "parts": str, "descriptions": dict}
    for place, entry in enumerate(entries):
        at = f"/resources/{place}"
        name = entry.get("resourceID") if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or not isinstance(name, str) or not name:
            yield wrong(at, "The resource has no resourceID.", "name it as OpenADR messages do")
            continue
        if name in names:
            yield wrong(f"{at}/resourceID", f"The resource {name!r} is described twice.", "keep one of them")
        names.add(name)
        unknown = set(entry) - {"resourceID", "devices", "parts", "strategy", "inService", "descriptions"}
        for key in sorted(unknown):
            yield wrong(f"{at}/{key}", f"{key!r} is no member of a resource.", "correct its spelling")
        for key, kind in lists.items():
            value = entry.get(key, [])
            if not isinstance(value, list) or not all(isinstance(one, kind) for one in value):
                yield wrong(f"{at}/{key}", f"{key} is no list of the right kind.", "write a list")
        if "inService" in entry and not isinstance(entry["inService"], bool):
            yield wrong(f"{at}/inService", "inService is neither true nor false.", "write true or false")


def site_graph(document: Document) -> str:
    """Give the graph of a site file whose form is right, as N-Triples text.

    Raises:
        kg.errors.UnreadablePayload: it is no JSON-LD.
    """
    context = json.loads(assets.text(assets.folder("mappings") / "contexts" / "site.jsonld"))["@context"]
    entries = []
    for place, entry in enumerate(document.data["resources"]):
        made = {**entry, "@id": resource_iri(entry["resourceID"]), "@type": "flex:Resource"}
        made["parts"] = [resource_iri(part) for part in entry.get("parts", ())]
        made["descriptions"] = [
            {
                **described,
                "@id": f"urn:flexkg:site#/resources/{place}/descriptions/{index}",
                "@type": "flex:ResourceDescription",
            }
            for index, described in enumerate(entry.get("descriptions", ()))
        ]
        entries.append(made)
    return "\n".join(triples({"@context": context, "@graph": entries}))
