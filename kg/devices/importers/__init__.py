"""Importers: mappings made from files of another kind, with a report of what was mapped and what was left.

An importer is a function from bytes and settings to `Imported`, entered in ``KINDS`` under the name that
``flexkg devices import`` takes. It makes Thing Models or Thing Descriptions as plain dictionaries and says of
each point that it leaves why; reading files, checking what was made, and writing it are done here for all.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from kg.devices.check import check_document
from kg.devices.documents import read_document
from kg.devices.models import written
from kg.errors import FlexKGError, UnreadablePayload, UsageError
from kg.report import Report

#: Kind -> module and function; the module is loaded when the kind is asked for.
KINDS: Final[dict[str, str]] = {
    "bacnet": "kg.devices.importers.bacnet:import_bacnet",
    "csv": "kg.devices.importers.registers:import_registers",
    "dlms": "kg.devices.importers.dlms:import_dlms",
    "ocpp": "kg.devices.importers.ocpp:import_ocpp",
    "s2": "kg.devices.importers.s2:import_s2",
    "scl": "kg.devices.importers.scl:import_scl",
    "spine": "kg.devices.importers.spine:import_spine",
    "sunspec": "kg.devices.importers.sunspec:import_sunspec",
}
#: Largest file that is imported, in bytes.
MAX_BYTES: Final = 33_554_432


@dataclass(frozen=True, slots=True)
class Left:
    """A point that was not mapped, or not fully.

    Attributes:
        point: its name in the source.
        why: the reason, for people.
    """

    point: str
    why: str


@dataclass(slots=True)
class Imported:
    """What an importer made of one source.

    Attributes:
        things: name of a mapping (without suffix) -> Thing Model or Thing Description.
        mapped: points that were mapped, over all things.
        left: points that were left out.
        notes: points that are mapped with less than the source says, such as read-only ones for want of
            limits.
        unmet: points that a file of limits names and the source has not.
    """

    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    mapped: int = 0
    left: list[Left] = field(default_factory=list)
    notes: list[Left] = field(default_factory=list)
    unmet: frozenset[str] = frozenset()


#: bytes of the source, its name, settings -> result. Raises `kg.errors.UnreadablePayload`.
Importer = Callable[[bytes, str, Mapping[str, str]], Imported]


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome for one source.

    Attributes:
        source: name of the file.
        imported: what the importer made; None where the source could not be read.
        reports: file written -> its check.
        error: why the source could not be read, empty where it was.
    """

    source: str
    imported: Imported | None
    reports: dict[str, Report]
    error: str = ""

    @property
    def conforms(self) -> bool:
        """Whether the source was read, something was made of it, and all of that conforms."""
        made = self.imported is not None and self.imported.mapped > 0
        return made and all(report.conforms for report in self.reports.values())

    def summary(self) -> str:
        """Say in one line what came out."""
        if self.imported is None:
            return f"{self.source}: not imported: {self.error}"
        files = ", ".join(self.reports) or "nothing"
        verdict = (
            "conforms" if self.conforms else "does not conform" if self.imported.mapped else "nothing mapped"
        )
        count = f"{self.imported.mapped} points mapped, {len(self.imported.left)} left"
        return f"{self.source}: {count} -> {files}, {verdict}"

    def lines(self) -> Iterator[str]:
        """Say what was left, what is mapped in part, and what the check finds."""
        if self.imported is None:
            return
        for word, entries in (("left", self.imported.left), ("note", self.imported.notes)):
            for why, points in _grouped(entries).items():
                names = ", ".join(points[:8]) + (f" and {len(points) - 8} more" if len(points) > 8 else "")
                yield f"{word}: {names}: {why}"
        for name, report in self.reports.items():
            for found in report.violations:
                if found.severity == "Violation":
                    yield f"{name}#{found.pointer}: {found.rule} {found.message} {found.cure}"

    def as_dict(self) -> dict[str, Any]:
        """Give the outcome as plain data."""
        made = self.imported or Imported()
        return {
            "source": self.source,
            "error": self.error,
            "mapped": made.mapped,
            "left": [{"point": one.point, "why": one.why} for one in made.left],
            "notes": [{"point": one.point, "why": one.why} for one in made.notes],
            "files": {name: report.as_dict() for name, report in self.reports.items()},
        }


def _grouped(entries: list[Left]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in entries:
        found.setdefault(one.why, []).append(one.point)
    return found


def importer(kind: str) -> Importer:
    """Give the importer of a kind.

    Raises:
        kg.errors.UsageError: there is none of that name.
    """
    if kind not in KINDS:
        raise UsageError(f"nothing imports {kind!r}", cure=f"use one of {', '.join(sorted(KINDS))}")
    module, _, name = KINDS[kind].partition(":")
    found: Importer = getattr(import_module(module), name)
    return found


def import_bytes(kind: str, data: bytes, name: str, settings: Mapping[str, str]) -> Imported:
    """Import one source that is at hand as bytes.

    Raises:
        kg.errors.UnreadablePayload: it is nothing that this importer reads.
    """
    if len(data) > MAX_BYTES:
        raise UnreadablePayload(
            f"the file has more than the {MAX_BYTES:,} bytes allowed",
            where=name,
            cure="split it",
            code="too-large",
        )
    return importer(kind)(data, name, settings)


def import_files(kind: str, files: list[str], settings: Mapping[str, str], out: Path) -> Iterator[Result]:
    """Import files, check what comes out, and write it.

    Args:
        kind: one of ``KINDS``.
        files: paths; what an importer knows by name (the number of a SunSpec model) may stand for one.
        settings: settings of the importer.
        out: folder to write to; made where there is none.

    Yields:
        One result for each source, in order; a source that cannot be read stops nothing.

    Raises:
        kg.errors.UsageError: no importer has that name, or a setting is wrong.
    """
    made = importer(kind)
    module = import_module(made.__module__)
    names = getattr(module, "resolve", None)
    taken: set[str] = set()
    unmet: frozenset[str] | None = None
    points: set[str] = set()
    for given in files:
        try:
            path = Path(given)
            if names is not None and not path.is_file():
                path = names(given)
            if path.is_dir():
                raise UnreadablePayload("it is a folder", where=given, cure=f"name its files: {given}/*")
            if not path.is_file():
                raise UnreadablePayload("no such file", where=given, cure="check the path")
            if path.stat().st_size > MAX_BYTES:
                raise UnreadablePayload(
                    f"the file has more than the {MAX_BYTES:,} bytes allowed", where=given, cure="split it"
                )
            found = made(path.read_bytes(), path.name, settings)
        except UnreadablePayload as error:
            yield Result(given, None, {}, str(error))
            continue
        reports = {}
        unmet = found.unmet if unmet is None else unmet & found.unmet
        points.update(name for thing in found.things.values() for name in thing.get("properties", ()))
        for name, thing in found.things.items():
            file = _file_name(name, thing, taken)
            data = written(thing).encode()
            try:
                reports[file] = check_document(read_document(data, file))
            except FlexKGError as error:
                yield Result(given, None, {}, str(error))
                continue
            out.mkdir(parents=True, exist_ok=True)
            (out / file).write_bytes(data)
        yield Result(given, found, reports)
    if unmet:
        yield Result(settings["LIMITS"], None, {}, _unmet(unmet, points))


def _unmet(names: frozenset[str], points: set[str]) -> str:
    """Say which rows of a file of limits are for points that there are not."""
    from difflib import get_close_matches

    told = []
    for name in sorted(names)[:8]:
        near = get_close_matches(name, points, 1)
        told.append(f"{name!r}" + (f" (perhaps {near[0]!r})" if near else ""))
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"no source has {', '.join(told)}{more}, so that those limits do not count; correct the names"


def _file_name(name: str, thing: dict[str, Any], taken: set[str]) -> str:
    types = thing.get("@type", ())
    suffix = "tm" if "tm:ThingModel" in types else "td"
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80] or "thing"
    made, count = f"{stem}.{suffix}.jsonld", 1
    while made in taken:
        count += 1
        made = f"{stem}-{count}.{suffix}.jsonld"
    taken.add(made)
    return made


def parsed_json(data: bytes, name: str) -> Any:
    """Parse a JSON source as strictly as a mapping."""
    from kg.devices.documents import parse

    try:
        return parse(data)
    except UnreadablePayload as error:
        where = f"{name}, {error.where}" if error.where else name
        raise UnreadablePayload(error.what, where=where, cure=error.cure, code=error.code) from error


def dumped(value: Any) -> str:
    """Write a value on one line, for reasons and titles."""
    return json.dumps(value, ensure_ascii=False)[:120]
