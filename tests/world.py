"""One small world: the payloads of the examples and of ``competency/``, and what messages do not say."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from kg import assets
from kg.closure import load_into
from kg.devices.models import find_model, instance, written
from kg.devices.site_graph import DEVICES, documents_of, site_lines
from kg.devices.sites import find, load_site
from kg.graphs.embedded import EmbeddedGraphs
from kg.ingest import Ingest
from kg.namespaces import GRAPH
from kg.rdf import read_all, read_file
from tests.paths import ROOT

FOLDER = ROOT / "tests" / "competency"
#: Payloads, each with the instant at which it came in.
PAYLOADS = {
    "examples/01-price-event/price.xml": "2026-11-30T12:00:05Z",
    "tests/competency/opt-event.xml": "2026-11-30T18:00:02Z",
    "tests/competency/register.xml": "2026-12-01T06:00:00Z",
    "tests/competency/opt-schedule.xml": "2026-12-01T07:00:02Z",
    "tests/data/greenbutton/register-report.xml": "2026-12-01T07:29:00Z",
    "tests/data/greenbutton/update-report.xml": "2026-12-01T07:30:00Z",
    "examples/04-report-to-query/1-register.xml": "2026-12-01T08:00:05Z",
    "examples/02-load-shed/shed-0.xml": "2026-12-01T14:00:02Z",
    "examples/03-refused-event/refused.xml": "2026-12-01T14:05:00Z",
    "examples/02-load-shed/shed-1.xml": "2026-12-01T15:10:02Z",
    "examples/02-load-shed/answer.xml": "2026-12-01T15:10:20Z",
    "tests/competency/status.xml": "2026-12-01T16:45:06Z",
    "examples/04-report-to-query/2-readings.xml": "2026-12-01T17:30:10Z",
    "tests/competency/program.json": "2026-12-01T18:00:00Z",
    "tests/competency/subscription.json": "2026-12-01T18:00:01Z",
}


@contextmanager
def world(store: Path) -> Iterator[EmbeddedGraphs]:
    """A store with that world, the closed ontology with its concepts and alignments, and the shapes."""
    with Ingest(store, tenant="city") as ingest:
        for path, received in PAYLOADS.items():
            receipt = ingest.ingest((ROOT / path).read_bytes(), received=datetime.fromisoformat(received))
            assert receipt.report.conforms == ("refused" not in path), receipt.report
        load_into(ingest.graphs)
        shapes = read_all(assets.files("shapes", "**/*.ttl"))
        ingest.graphs.add(GRAPH + "shapes", lines(shapes))
        ingest.graphs.add(GRAPH + "world", lines(read_file(FOLDER / "world.ttl")))
        ingest.graphs.add(DEVICES, mapped(store.parent / "site"))
        yield ingest.graphs


def mapped(folder: Path) -> str:
    """The graph of a site: a relay that is out of service with the pool that it is a part of, and a meter."""
    folder.mkdir(exist_ok=True)
    for unit, name in (("1", "sg-ready-relay"), ("2", "sunspec-meter")):
        values = {"HOST": "192.0.2.7", "PORT": "502", "UNIT": unit}
        made = instance(find_model(name), f"urn:dev:{name}", values)
        (folder / f"{name}.td.jsonld").write_text(written(made), encoding="utf-8")
    (folder / "plant.site.jsonld").write_text(
        '{"@context": "https://w3id.org/flexkg/context/site", "resources": ['
        '{"resourceID": "RELAY", "devices": ["urn:dev:sg-ready-relay"]},'
        '{"resourceID": "POOL", "parts": ["RELAY"], "inService": false}]}',
        encoding="utf-8",
    )
    paths = [str(folder)]
    return "".join(f"{line}\n" for line in site_lines(documents_of(find(paths)), load_site(paths)))


def lines(triples) -> str:
    return "".join(f"{triple} .\n" for triple in triples)
