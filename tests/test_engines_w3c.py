"""The W3C SHACL test suite, entry by entry, for every engine."""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pyoxigraph as ox
import pytest
from rdflib import Graph, URIRef
from rdflib.namespace import RDF, SH
from rdflib.term import Node

from kg.engines import NAMES, engine, read
from kg.engines.result import bare, local
from kg.engines.spelling import graph, path, text
from kg.errors import AssetError, FlexKGError
from tests.paths import DATA, needs_data

SUITE = DATA / "shacl-tests"
MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
SHT = "http://www.w3.org/ns/shacl-test#"

#: Entries that an engine is known to fail, by engine and file, with the reason.
FAILS = {
    ("shacl", "sparql/pre-binding/unsupported-sparql-004.ttl"): "runs a subquery that does not select $this",
    ("compiled", "sparql/pre-binding/unsupported-sparql-004.ttl"): "leaves this to shacl",
    ("pyshacl", "sparql/pre-binding/shapesGraph-001.ttl"): "has no $shapesGraph, which a processor may lack",
    (
        "pyshacl",
        "sparql/node/prefixes-001.ttl",
    ): "does not follow owl:imports to the sh:declare it needs, and "
    "is given triples, so that the prefixes of the Turtle file cannot stand in for it",
}
#: Entries whose shapes graph has what our own shapes may not have, with the reason.
SLIPS = {
    "core/node/qualified-001.ttl": "a qualified count without a shape, which is to be passed over",
    "core/property/qualifiedValueShape-001.ttl": "sh:nodeShape, a term that SHACL does not have, in the data",
}


class Entry(NamedTuple):
    """What one manifest entry asks for."""

    data: Path
    shapes: Path
    #: None where the processor must report a failure instead of results.
    results: Counter[tuple[str, ...]] | None


@cache
def _ntriples(file: Path) -> str:
    quads = ox.parse(file.read_bytes(), format=ox.RdfFormat.TURTLE, base_iri=file.as_uri())
    return "".join(f"{quad.triple} .\n" for quad in quads)


def _found(node: Node | None) -> str:
    return "" if node is None else bare(text(node))


def _entry(file: Path) -> Entry:
    manifest = graph(_ntriples(file))
    (entry,) = manifest.subjects(RDF.type, URIRef(SHT + "Validate"))
    action = manifest.value(entry, URIRef(MF + "action"))
    result = manifest.value(entry, URIRef(MF + "result"))

    def named(predicate: str) -> Path:
        return Path(str(manifest.value(action, URIRef(SHT + predicate))).removeprefix("file://"))

    if result == URIRef(SHT + "Failure"):
        return Entry(named("dataGraph"), named("shapesGraph"), None)
    return Entry(named("dataGraph"), named("shapesGraph"), Counter(_expected(manifest, result)))


def _expected(manifest: Graph, report: Node | None) -> list[tuple[str, ...]]:
    expected = []
    for result in manifest.objects(report, SH.result):
        steps = manifest.value(result, SH.resultPath)
        shape = _found(manifest.value(result, SH.sourceShape))
        expected.append(
            (
                _found(manifest.value(result, SH.focusNode)),
                "" if steps is None else bare(path(manifest, steps)),
                _found(manifest.value(result, SH.value)),
                local(str(manifest.value(result, SH.sourceConstraintComponent))),
                local(str(manifest.value(result, SH.resultSeverity))),
                "" if shape == "_:b" else shape,
            )
        )
    return expected


def _files(part: str) -> list[Path]:
    """List the files that the manifests of one part include, down to those that hold an entry."""
    files, queue = [], [SUITE / part / "manifest.ttl"]
    while queue:
        file = queue.pop()
        manifest = graph(_ntriples(file))
        includes = [str(o) for o in manifest.objects(None, URIRef(MF + "include"))]
        queue += [Path(iri.removeprefix("file://")) for iri in includes]
        if not includes:
            files.append(file)
    return sorted(files)


def _cases() -> list[object]:
    if not SUITE.is_dir():
        return [pytest.param("", "", id="no-data", marks=needs_data)]
    cases = []
    for file in [*_files("core"), *_files("sparql")]:
        name = str(file.relative_to(SUITE))
        for engine_name in NAMES:
            reason = FAILS.get((engine_name, name))
            marks = [pytest.mark.xfail(reason=reason)] if reason else []
            cases.append(pytest.param(engine_name, name, id=f"{engine_name}-{name}", marks=marks))
    return cases


@pytest.mark.parametrize(("engine_name", "name"), _cases())
def test_engine_reports_what_the_w3c_suite_expects(engine_name, name):
    """Focus, path, value, component, severity and named shape of all results are those of the suite."""
    entry = _entry(SUITE / name)
    shapes, data = _ntriples(entry.shapes), _ntriples(entry.data)
    if entry.results is None:
        with pytest.raises(FlexKGError):
            engine(engine_name, shapes).validate(data)
        return
    results = engine(engine_name, shapes, strict=name not in SLIPS).validate(data)
    found = []
    for result in results:
        seen = (result.focus, result.path or "", bare(result.value or ""), result.component, result.severity)
        named = (*seen, result.shape) in entry.results
        found.append((*seen, result.shape if named else ""))
    assert Counter(found) == entry.results


@needs_data
@pytest.mark.parametrize("name", SLIPS)
def test_slips_in_the_suite_are_refused(name):
    """What the suite has on purpose, and our own shapes would have by accident, is refused."""
    with pytest.raises(AssetError):
        read(_ntriples(_entry(SUITE / name).shapes))


@needs_data
def test_suite_is_complete():
    """98 core and 22 SPARQL entries are run."""
    assert [len(_files("core")), len(_files("sparql"))] == [98, 22]
