"""Packages of third parties: found as folders or as installed, read beside ours, none of their code run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

SHAPES = """@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix flex: <https://w3id.org/flexkg/def#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix shape: <https://market.example/shape#> .
shape:EventVersion-priority a sh:PropertyShape ; dcterms:identifier "MKT-1" ;
    sh:targetClass flex:EventVersion ; sh:path flex:priority ; sh:maxInclusive 3 ; sh:severity sh:Violation ;
    sh:message "The priority is above 3."@en .
"""
PROFILES = """@prefix prof: <http://www.w3.org/ns/dx/prof/> .
<#m> a prof:Profile ; prof:hasToken "market-x" ;
    prof:isProfileOf <https://w3id.org/flexkg/shapes/profiles#core> ;
    prof:hasResource [ prof:hasArtifact <priority.ttl> ] .
"""
TOKEN = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix vocab: <https://w3id.org/flexkg/vocab/> .
<https://w3id.org/flexkg/vocab/optReason/x-harvest> a skos:Concept ;
    skos:prefLabel "harvest"@en ; skos:notation "x-harvest" ; skos:definition "Opt reason of farms."@en ;
    skos:inScheme vocab:optReason .
"""
MODULE = """@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
<https://market.example/def#Boiler> a owl:Class ; rdfs:subClassOf <https://w3id.org/flexkg/def#Device> .
"""
FILES = {
    "shapes/priority.ttl": SHAPES,
    "shapes/profiles.ttl": PROFILES,
    "ontology/vocab/optReason.ttl": TOKEN,
    "ontology/boiler.ttl": MODULE,
    "queries/farms.rq": "#+ summary: Which parties there are.\nSELECT ?party { ?party a flex:Party }\n",
    "__init__.py": "raise SystemExit('code of a package was run')\n",
}
ASK = """
import sys
from kg.closure import closure, ontology_paths
from kg.sparql.stored import stored_queries
from kg.vocabulary import iri, known
modules = any(path.stem == "boiler" for path in ontology_paths())
print(known(iri("optReason", "x-harvest")), "farms" in stored_queries(), modules)
"""


def lay_out(folder: Path) -> Path:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def run(*command: str, code: int = 0, **variables: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables, "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr[-2000:]
    return done.stdout + done.stderr


FLEXKG = ("-c", "from kg.cli import main; main()")


@pytest.fixture(params=["folder", "installed"])
def there(request, tmp_path) -> dict[str, str]:
    """Environment in which a package is there: named in the setting, or installed."""
    if request.param == "folder":
        return {"FLEXKG_PACKAGES": str(lay_out(tmp_path / "market_x"))}
    site = tmp_path / "site"
    lay_out(site / "market_x")
    (site / "market_x-1.0.dist-info").mkdir()
    text = "[console_scripts]\nkg = no:one\n\n[kg.mappings]\nmarket = market_x\n"
    (site / "market_x-1.0.dist-info" / "entry_points.txt").write_text(text, encoding="utf-8")
    return {"PYTHONPATH": f"{ROOT}{os.pathsep}{site}"}


def test_a_package_is_read_beside_ours(there, tmp_path):
    """Profile, shapes, codes, modules and queries of a package are there by their names, and listed."""
    urgent = tmp_path / "urgent.xml"
    text = (ROOT / "examples" / "02-load-shed" / "shed-1.xml").read_text("utf-8")
    urgent.write_text(text.replace("<ei:priority>1<", "<ei:priority>7<"), encoding="utf-8")
    assert "MKT-1 Violation" in run(*FLEXKG, "check", str(urgent), "--profile", "market-x", code=1, **there)
    assert "MKT-1" not in run(*FLEXKG, "check", str(urgent), **there)
    assert run("-c", ASK, **there).split() == ["https://w3id.org/flexkg/vocab/optReason", "True", "True"]
    assert "package market" in run(*FLEXKG, "mappings", **there)


def test_without_a_package_nothing_of_it_is_there():
    """What a package brings goes with it."""
    assert run("-c", ASK).split() == ["None", "False", "False"]


def test_a_package_that_is_none_is_told(tmp_path):
    """An empty folder and an entry point that leads nowhere are errors with place and cure."""
    told = run(*FLEXKG, "mappings", code=2, FLEXKG_PACKAGES=str(tmp_path))
    assert "none of the folders" in told
    assert "FLEXKG_PACKAGES" in told
    (tmp_path / "gone-1.0.dist-info").mkdir()
    entry = tmp_path / "gone-1.0.dist-info" / "entry_points.txt"
    entry.write_text("[kg.mappings]\ngone = gone_package\n", encoding="utf-8")
    told = run(*FLEXKG, "mappings", code=2, PYTHONPATH=f"{ROOT}{os.pathsep}{tmp_path}")
    assert "'gone_package'" in told
    assert "entry_points.txt" in told
