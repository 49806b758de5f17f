"""Reads the W3C's tests of HTTP protocols: manifests that describe requests and answers."""

from dataclasses import dataclass, field
from pathlib import Path

import rdflib
from rdflib.collection import Collection

MF = rdflib.Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
HT = rdflib.Namespace("http://www.w3.org/2011/http#")
CNT = rdflib.Namespace("http://www.w3.org/2011/content#")
UT = rdflib.Namespace("http://www.w3.org/2009/sparql/tests/test-update#")
STATUS = {
    **{"StatusCode2xx": range(200, 300), "StatusCode3xx": range(300, 400), "StatusCode4xx": range(400, 500)},
    **{"StatusCode5xx": range(500, 600), "OK": [200], "Created": [201], "NoContent": [204]},
    **{"NotFound": [404], "BadRequest": [400], "UnsupportedMediaType": [415]},
}


@dataclass
class Exchange:
    """One request and what is expected of the answer."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: set[int]
    boolean: bool | None = None
    media: list[str] = field(default_factory=list)
    graph: str = ""
    location: str = ""


@dataclass
class Case:
    """One test: exchanges in order, and the graphs that must be there before."""

    name: str
    title: str
    exchanges: list[Exchange]
    data: dict[str, Path]


def cases(manifest: Path) -> list[Case]:
    """Read the tests of a manifest."""
    graph = rdflib.Graph().parse(manifest, format="turtle")
    found = []
    for entries in graph.objects(None, MF.entries):
        for entry in Collection(graph, entries):
            action = graph.value(entry, MF.action)
            requests = graph.value(action, HT.requests) if action is not None else None
            data = {
                str(graph.value(node, rdflib.RDFS.label)): Path(
                    str(graph.value(node, UT.graph)).removeprefix("file://")
                )
                for node in graph.objects(entry, UT.graphData)
            }
            exchanges = [_exchange(graph, each) for each in Collection(graph, requests)] if requests else []
            name = str(entry).rpartition("#")[2]
            found.append(Case(name, str(graph.value(entry, MF.name)), exchanges, data))
    return found


def _exchange(graph: rdflib.Graph, node: rdflib.term.Node) -> Exchange:
    answer = graph.value(node, HT.resp)
    status: set[int] = set()
    for each in graph.objects(answer, MF.expectedStatus):
        status.update(STATUS[str(each).rpartition("#")[2]])
    boolean = graph.value(answer, MF.expectedBoolean)
    expected = _headers(graph, answer)
    media = [
        part.strip().partition(";")[0]
        for part in expected.get("content-type", "").split(" or ")
        if part.strip()
    ]
    return Exchange(
        method=str(graph.value(node, HT.methodName)),
        path=str(graph.value(node, HT.absolutePath)),
        headers=_headers(graph, node),
        body=_body(graph, node),
        status=status,
        boolean=None if boolean is None else bool(boolean.toPython()),
        media=media,
        graph=_body(graph, answer).decode(),
        location=str(graph.value(answer, MF.expectedLocation) or ""),
    )


def _headers(graph, node) -> dict[str, str]:
    fields = graph.value(node, HT.headers)
    return {
        str(graph.value(each, HT.fieldName)).lower(): str(graph.value(each, HT.fieldValue))
        for each in (Collection(graph, fields) if fields is not None else ())
    }


def _body(graph, node) -> bytes:
    body = graph.value(node, HT.body)
    if body is None:
        return b""
    coding = str(graph.value(body, CNT.characterEncoding) or "UTF-8")
    return str(graph.value(body, CNT.chars)).encode(coding)
