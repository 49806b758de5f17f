"""Sites: mappings and site files together, checked against one another and compiled for commands."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from kg.devices.check import check_document, unreadable
from kg.devices.commands import Situation
from kg.devices.documents import MAX_BYTES, Document, read_document
from kg.devices.resources import Plan, Resource, compile_plans, resources_of
from kg.devices.site_facts import places, resource_name
from kg.devices.site_file import check_site, is_site
from kg.devices.strategy_check import check_strategy, is_strategy
from kg.devices.strategy_uses import misfits, own_strategies, reader
from kg.errors import UnreadablePayload, UsageError
from kg.report import Report, Violation

_SUFFIXES: Final = (".td.jsonld", ".tm.jsonld", ".site.jsonld", ".td.json", ".tm.json", ".site.json")


@dataclass(frozen=True)
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

    def devices_with(self, point: str, device: str = "", resource: str = "") -> list[str]:
        """List the devices that have a point: one, or those of a resource.

        Args:
            point: name of the point.
            device: IRI of a device; empty for those of the resource.
            resource: name of a resource.

        Raises:
            kg.errors.UsageError: none has it; names what there is.
        """
        plan = self.plans.get(resource)
        iris = [device] if device else [one.device for one in plan.portions] if plan else []
        found = [iri for iri in iris if iri in self._points and point in self._points[iri]]
        if iris and not found:
            where = " ".join(iris)
            unknown = [iri for iri in iris if iri not in self._points]
            if unknown:
                raise UsageError("there is no such device", where=unknown[0], cure=_one_of(self._points))
            known = {name for iri in iris for name in self._points[iri]}
            raise UsageError(f"there is no point {point!r}", where=where, cure=_one_of(known))
        return found

    def look_up(self, situation: Situation) -> None:
        """Refuse a situation that speaks of devices, points or resources that the site has not.

        Raises:
            kg.errors.UsageError: it does; a slip there would leave a limit or an opt-out without effect.
        """
        for device, point in (*situation.readings, *situation.past):
            self.devices_with(point, device)
        named = {*situation.opted_out, *situation.out_of_service}
        for name in sorted(named - set(self._points) - set(self.plans)):
            known = (*self.plans, *self._points)
            raise UsageError("there is no such resource or device", where=name, cure=_one_of(known))

    @cached_property
    def _points(self) -> dict[str, frozenset[str]]:
        return {
            iri: frozenset(name for kind, name, _ in thing.affordances() if kind != "events")
            for iri, thing in self.things.items()
        }


def _one_of(names: Iterable[str]) -> str:
    known = sorted(names)
    return f"use one of {', '.join(known[:20])}{' ...' if len(known) > 20 else ''}"


def find(paths: Iterable[str]) -> list[Path]:
    """List mappings, site files and strategies: those named, and those below folders.

    Below a folder mappings and site files are told by their suffix, strategies by their head.

    Raises:
        kg.errors.UsageError: there is no such path, or no mapping below it.
    """
    found: dict[Path, None] = {}
    for name in paths:
        path = Path(name)
        if path.is_dir():
            files = sorted(path.rglob("*"))
            below = [p for p in files if (p.name.endswith(_SUFFIXES) and p.is_file()) or is_strategy(p)]
            if all(p.suffix == ".csv" for p in below):
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
    """Check mappings, site files and strategies, each by itself and against the others.

    Yields:
        Path and report, in the order given; then those of strategies, also of such as lie beside the files
        that name them.
    """
    read: list[tuple[str, bytes, Document | UnreadablePayload]] = []
    strategies: dict[Path, None] = {}
    for path in paths:
        if path.suffix == ".csv":
            strategies[path] = None
            continue
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        try:
            read.append((str(path), data, read_document(data, str(path))))
        except UnreadablePayload as error:
            read.append((str(path), data, error))
    documents = [entry[2] for entry in read if isinstance(entry[2], Document)]
    checked = dict(check_documents(documents, engine=engine))
    resources = _described(documents)
    strategies |= dict.fromkeys(own_strategies(documents, resources))
    things = {d.iri: d for d in documents if checked[d.name].conforms and not is_site(d) and not d.is_model}
    further: dict[str, list[Violation]] = {}
    for name, found in misfits(things, resources, reader(folders_of(documents)), engine=engine):
        further.setdefault(name, []).append(found)
    for name, data, document in read:
        if isinstance(document, UnreadablePayload):
            yield name, unreadable(data, document)
        else:
            yield name, checked[name].adding(further.get(name, ()))
    for path in strategies:
        yield str(path), check_strategy(path, engine=engine)


def _described(documents: list[Document]) -> dict[str, Resource]:
    return {r.name: r for site in documents if is_site(site) for r in resources_of(site)}


def folders_of(documents: list[Document]) -> tuple[Path, ...]:
    """List the folders in which strategies of a site's own lie: those of its files, site files first."""
    ordered = sorted(documents, key=lambda document: not is_site(document))
    return tuple(dict.fromkeys(Path(document.name).parent for document in ordered))


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
    known = _described(sites)
    seen = places(things, folders_of(documents))
    for document in documents:
        if is_site(document):
            yield document.name, check_site(document, known, things, engine, without)
        else:
            extra = seen(document, known if sites else None)
            yield document.name, check_document(document, extra, engine=engine, without=without)


def load_site(paths: Iterable[str]) -> Site:
    """Read mappings and site files for commands; refuse what does not conform.

    Args:
        paths: files and folders.

    Raises:
        kg.errors.UsageError: a file does not conform; the first reason is told.
        kg.errors.AssetError: a strategy file is broken.
    """
    files = find(paths)
    read: list[Document] = []
    things: dict[str, Document] = {}
    resources: dict[str, Resource] = {}
    for name, report in check_files(files):
        if not report.conforms:
            first = next(one for one in report.violations if one.severity == "Violation")
            raise UsageError(
                f"{first.rule}: {first.message}",
                where=f"{name}#{first.pointer}",
                cure="run flexkg devices check",
            )
        if name.endswith(".csv"):
            continue
        document = read_document(Path(name).read_bytes(), name)
        read.append(document)
        if is_site(document):
            resources |= {r.name: r for r in resources_of(document)}
        elif not document.is_model:
            things[document.iri] = document
    for iri, document in things.items():
        _belongs(iri, document, resources)
    return Site(things, resources, compile_plans(resources, things, folders_of(read)))


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
