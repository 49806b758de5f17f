"""The closed ontology: right, cached by content, and in every store."""

from pathlib import Path

import pytest

from kg.closure import closure, key, load_into, reason
from kg.graphs import ONTOLOGY
from kg.graphs.embedded import EmbeddedGraphs

EX = "https://ontology.example/"
TEXT = """
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix ex: <https://ontology.example/> .
ex:HeatPump rdfs:subClassOf ex:Device .
ex:Device rdfs:subClassOf ex:Thing .
ex:hp1 a ex:HeatPump .
ex:Device owl:equivalentClass ex:Apparatus .
ex:p owl:inverseOf ex:q .
ex:a ex:p ex:b .
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small ontology and a cache of its own."""
    monkeypatch.setenv("FLEXKG_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "o.ttl"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "line",
    [
        "HeatPump> <http://www.w3.org/2000/01/rdf-schema#subClassOf> <https://ontology.example/Thing>",
        "HeatPump> <http://www.w3.org/2000/01/rdf-schema#subClassOf> <https://ontology.example/Apparatus>",
        "hp1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://ontology.example/Apparatus>",
        "b> <https://ontology.example/q> <https://ontology.example/a>",
    ],
)
def test_closure_holds_what_follows(small: Path, line: str) -> None:
    """Subclasses, equivalents, types and inverses are worked out."""
    assert f"<{EX}{line} ." in closure([small]).splitlines()


def test_closure_leaves_out_what_says_nothing(small: Path) -> None:
    """No thing is said to be itself or a thing."""
    text = reason([small])
    assert "owl#sameAs" not in text
    assert "owl#Thing" not in text


def test_closure_comes_from_the_cache_by_content(small: Path, tmp_path: Path) -> None:
    """The same content is closed once, wherever it lies; other content anew."""
    closure([small])
    (cached,) = (tmp_path / "cache").iterdir()
    cached.write_text("# from the cache\n", encoding="utf-8")
    elsewhere = tmp_path / "copy.ttl"
    elsewhere.write_text(TEXT, encoding="utf-8")
    assert closure([elsewhere]) == "# from the cache\n"
    elsewhere.write_text(TEXT + "ex:x a ex:Device .", encoding="utf-8")
    assert closure([elsewhere]) != "# from the cache\n"
    assert key([small]) != key([elsewhere])


def test_closure_needs_no_cache(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache folder that cannot be written is no error."""
    monkeypatch.setenv("FLEXKG_CACHE", str(small / "under-a-file"))
    assert "Apparatus" in closure([small])


def test_store_gets_the_ontology_once() -> None:
    """A store holds the closed ontology and the vocabularies, and is not written again for nothing."""
    graphs = EmbeddedGraphs()
    assert load_into(graphs)
    assert not load_into(graphs)
    ask = "ASK { <https://w3id.org/flexkg/def#Reading> <http://www.w3.org/2000/01/rdf-schema#subClassOf> ?c }"
    assert graphs.query(ask, default_graph=[ONTOLOGY], named_graphs=[])
    assert graphs.applied() == 0
