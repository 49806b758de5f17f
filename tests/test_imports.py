"""A user's full copy of an ontology lies in the store, is queried, and survives a rebuild."""

from pathlib import Path

import pytest

from kg.errors import AssetError, StoreUnavailable
from kg.imports import copies, import_ontology
from kg.service import Service
from kg.settings import load_settings
from kg.upkeep import import_into, rebuild
from tests.paths import DATA, ROOT, needs_data

HEAD = """
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix ex: <https://ontology.example/%s/> .
<https://ontology.example/%s/> a owl:Ontology ; owl:versionInfo "2.0.0" %s.
ex:Pump a owl:Class ; rdfs:label "pump"@en .
"""

RESTS_ON_OURS = """
flex:HeatPump a owl:Class ; rdfs:subClassOf ex:Pump .
ex:Pump rdfs:subClassOf ex:Machine ,
    [ a owl:Restriction ; owl:onProperty ex:of ; owl:someValuesFrom ex:Pump ] .
ex:Machine a owl:Class .
flex:Device a owl:Class ; rdfs:subClassOf ex:Thing .
ex:Thing a owl:Class .
ex:one a ex:Pump .
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with one event in it."""
    path = tmp_path / "store"
    with Service(load_settings(store=path)) as service:
        service.ingest((ROOT / "examples" / "01-price-event" / "price.xml").read_bytes())
    return path


def _file(folder: Path, name: str, imports: str = "") -> Path:
    path = folder / f"{name}.ttl"
    more = f"; owl:imports <https://ontology.example/{imports}/> " if imports else ""
    path.write_text(HEAD % (name, name, more), encoding="utf-8")
    return path


def _ask(store: Path, query: str) -> bool:
    with Service(load_settings(store=store), create=False) as service:
        return bool(service.ask(query))


LABEL = "ASK { <https://ontology.example/one/Pump> rdfs:label 'pump'@en }"


def test_import_shows_the_copy_and_keeps_it_over_a_rebuild(store: Path, tmp_path: Path) -> None:
    """The copy is queried beside our own ontology, also from a graph that was made anew."""
    text = import_into(store, _file(tmp_path, "one"))
    assert "https://ontology.example/one/ 2.0.0: 4 triples, 1 terms" in text
    assert _ask(store, LABEL)
    rebuild(store)
    assert _ask(store, LABEL)
    assert _ask(store, "ASK { ?event a flex:Event }")


def test_import_is_reasoned_over_with_ours(store: Path, tmp_path: Path) -> None:
    """What follows from a copy and our ontology together is there, also after a rebuild."""
    text = "@prefix flex: <https://w3id.org/flexkg/def#> ." + HEAD % ("one", "one", "") + RESTS_ON_OURS
    path = tmp_path / "one.ttl"
    path.write_text(text, encoding="utf-8")
    import_into(store, path)
    machine = (
        "ASK { GRAPH graph:ontology { flex:HeatPump rdfs:subClassOf <https://ontology.example/one/%s> } }"
    )
    assert _ask(store, machine % "Machine")
    assert _ask(store, machine % "Thing")
    assert not _ask(store, machine % "Pump")  # it is stated by the copy, and stands in the graph of the copy
    rebuild(store)
    assert _ask(store, machine % "Machine")
    path.write_text(text.replace("ex:Machine", "ex:Engine"), encoding="utf-8")
    import_into(store, path)
    assert _ask(store, machine % "Engine")
    assert not _ask(store, machine % "Machine")


def test_import_twice_is_once_and_a_new_version_replaces(store: Path, tmp_path: Path) -> None:
    """The same ontology has one copy; its newer version takes the place of the older."""
    path = _file(tmp_path, "one")
    import_into(store, path)
    path.write_text(path.read_text("utf-8").replace("ex:Pump", "ex:Fan"), encoding="utf-8")
    import_into(store, path)
    assert len(copies(store)) == 1
    assert not _ask(store, LABEL)


def test_import_tells_what_is_missing(store: Path, tmp_path: Path) -> None:
    """Nothing is fetched: what an ontology imports is named until it is imported too."""
    assert import_ontology(store, _file(tmp_path, "one", "two")).missing == ("https://ontology.example/two/",)
    assert import_ontology(store, _file(tmp_path, "two")).missing == ()


def test_import_refuses_a_circle(store: Path, tmp_path: Path) -> None:
    """Ontologies that import each other are refused, and nothing of the second is kept."""
    import_ontology(store, _file(tmp_path, "one", "two"))
    with pytest.raises(AssetError, match="circle"):
        import_ontology(store, _file(tmp_path, "two", "one"))
    assert [copy.stem for copy in copies(store)] == ["ontology-example-one"]


def test_import_refuses_what_is_no_ontology(store: Path, tmp_path: Path) -> None:
    """A file without a header, and a broken one, are told with file and cure."""
    plain = tmp_path / "plain.ttl"
    plain.write_text("<urn:a> <urn:b> <urn:c> .", encoding="utf-8")
    with pytest.raises(AssetError, match="no owl:Ontology"):
        import_ontology(store, plain)
    plain.write_text("<urn:a> <urn:b> .", encoding="utf-8")
    with pytest.raises(AssetError, match=r"plain\.ttl:1"):
        import_ontology(store, plain)


def test_import_needs_a_store(tmp_path: Path) -> None:
    """A directory that is no store is told, and not made into one."""
    with pytest.raises(StoreUnavailable):
        import_into(tmp_path / "none", _file(tmp_path, "one"))
    assert not (tmp_path / "none").exists()


@needs_data
def test_import_takes_real_saref_and_tells_the_version(store: Path) -> None:
    """SAREF core goes in from RDF/XML; another version than the alignments are made for is noted."""
    saref = DATA / "ontologies" / "saref"
    assert "note:" not in import_into(store, saref / "core-v4.1.1" / "saref.rdf")
    assert _ask(store, "ASK { saref:Actuator rdfs:comment ?text }")
    below = "ASK { GRAPH graph:ontology { flex:HeatPump rdfs:subClassOf saref:FeatureOfInterest } }"
    assert _ask(store, below)  # as SAREF says of its devices
    assert "note: saref-core.sssom.tsv is made for version 4.1.1" in str(
        import_ontology(store, saref / "core-v3.1.1" / "saref.owl")
    )
