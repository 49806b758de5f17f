"""Sites: mappings and site files together, checked against one another and compiled for commands."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kg import assets
from kg.devices.check import check_document, report_on, unreadable
from kg.devices.documents import MAX_BYTES, Document, read_document
from kg.devices.graph import triples
from kg.devices.resources import Plan, Resource, compile_plans, resources_of
from kg.devices.site_facts import places, resource_iri, resource_name, site_facts
from kg.errors import UnreadablePayload, UsageError
from kg.report import Report, Violation

SITE_CONTEXT: Final = "https://w3id.org/flexkg/context/site"
_SUFFIXES: Final = (".td.jsonld", ".tm.jsonld", ".site.jsonld", ".td.json", ".tm.json", ".site.json")


@dataclass(frozen=True, slots=True)
class Site:
    """Devices and resources of one place, ready for commands.

    Attributes:
        things: Thing Descriptions by the IRI of their device.
        resources: resources by name.
        plans: what commands are checked with, by the name of the resource.
    """

    things: dict[str, Document]
    resources: dict[str, Resource]
    plans: dict[str, Plan]


def find(paths: Iterable[str]) -> list[Path]:
    """List mapping and site files: those named, and those below folders by their suffix.

    Raises:
        kg.errors.UsageError: there is no such path, or no mapping below it.
    """
    found: dict[Path, None] = {}
    for name in paths:
        path = Path(name)
        if path.is_dir():
            below = sorted(p for p in path.rglob("*") if p.name.endswith(_SUFFIXES) and p.is_file())
            if not below:
                raise UsageError(
                    "no mapping is below that folder",
                    where=name,
                    cure=f"name files {', '.join(_SUFFIXES[:3])}",
                )
            found |= dict.fromkeys(below)
        elif path.is_file():
            found[path] = None
        else:
            raise UsageError("no such file or folder", where=name, cure="check the path")
    return list(found)


def check_files(paths: Iterable[Path], *, engine: str = "shacl") -> Iterator[tuple[str, Report]]:
    """Check mapping and site files, each by itself and against the others.

    Yields:
        Path and report, in the order given.
    """
    read: list[tuple[str, bytes, Document | UnreadablePayload]] = []
    for path in paths:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        try:
            read.append((str(path), data, read_document(data, str(path))))
        except UnreadablePayload as error:
            read.append((str(path), data, error))
    documents = [entry[2] for entry in read if isinstance(entry[2], Document)]
    checked = dict(check_documents(documents, engine=engine))
    for name, data, document in read:
        yield name, unreadable(data, document) if isinstance(document, UnreadablePayload) else checked[name]


def check_documents(
    documents: list[Document], *, engine: str = "shacl", without: frozenset[str] = frozenset()
) -> Iterator[tuple[str, Report]]:
    """Check mappings and site files that are parsed, each by itself and against the others.

    Args:
        documents: with names that differ.
        engine: SHACL engine.
        without: rule ids to leave out.

    Yields:
        Name and report, in the order given.
    """
    sites = [document for document in documents if is_site(document)]
    things = [document for document in documents if not is_site(document)]
    known = {r.name: r for site in sites for r in resources_of(site)}
    seen = places(things)
    for document in documents:
        if is_site(document):
            yield document.name, _check_site(document, known, things, engine, without)
        else:
            extra = seen(document, known if sites else None)
            yield document.name, check_document(document, extra, engine=engine, without=without)


def is_site(document: Document) -> bool:
    """Tell whether a document is a site file, by its context or its members."""
    return document.data.get("@context") == SITE_CONTEXT or (
        "resources" in document.data and "properties" not in document.data
    )


def _check_site(
    document: Document,
    known: dict[str, Resource],
    things: list[Document],
    engine: str,
    without: frozenset[str],
) -> Report:
    wrong = list(_misformed(document))
    if wrong:
        return report_on(document, wrong, "site")
    try:
        text = _site_graph(document)
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


def _site_graph(document: Document) -> str:
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


def load_site(paths: Iterable[str]) -> Site:
    """Read mappings and site files for commands; refuse what does not conform.

    Args:
        paths: files and folders.

    Raises:
        kg.errors.UsageError: a file does not conform; the first reason is told.
        kg.errors.AssetError: a strategy file is broken.
    """
    files = find(paths)
    things: dict[str, Document] = {}
    resources: dict[str, Resource] = {}
    folder = next((p.parent for p in files if p.name.endswith((".site.jsonld", ".site.json"))), None)
    for name, report in check_files(files):
        if not report.conforms:
            first = report.violations[0]
            raise UsageError(
                f"{first.rule}: {first.message}",
                where=f"{name}#{first.pointer}",
                cure="run flexkg devices check",
            )
        document = read_document(Path(name).read_bytes(), name)
        if is_site(document):
            resources |= {r.name: r for r in resources_of(document)}
        elif not document.is_model:
            things[document.iri] = document
    for iri, document in things.items():
        _belongs(iri, document, resources)
    return Site(things, resources, compile_plans(resources, things, folder))


def _belongs(iri: str, document: Document, resources: dict[str, Resource]) -> None:
    """Give a device that no resource names one of its own: that which the mapping names, else its IRI."""
    if any(iri in r.devices for r in resources.values()):
        return
    name = resource_name(document) or iri
    old = resources.get(name)
    devices = (*(old.devices if old else ()), iri)
    parts, strategy = (old.parts, old.strategy) if old else ((), "")
    described = old.descriptions if old else ()
    resources[name] = Resource(
        name, devices, parts, strategy, old.in_service if old else True, described, old.pointer if old else ""
    )
