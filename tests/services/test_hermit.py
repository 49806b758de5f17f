"""HermiT finds the ontology consistent and no class empty; an OWL tool opens each import offline."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from kg import assets
from kg.closure import ontology_paths, stated
from kg.namespaces import OWL, RDF
from kg.rdf import read_file

pytestmark = pytest.mark.services

FLEX = "https://w3id.org/flexkg/def#"


def _world(tmp_path: Path, extra: str = ""):
    import owlready2

    lines = [line for line in stated(ontology_paths()) if f" <{OWL}imports> " not in line]
    path = tmp_path / "all.nt"
    path.write_text("\n".join(lines) + "\n" + extra, encoding="utf-8")
    world = owlready2.World()
    return world, world.get_ontology(path.as_uri()).load()


def _reason(world) -> None:
    """Run HermiT, for which xsd:duration, outside the datatypes of OWL 2, is one that it knows no more of."""
    import owlready2

    owlready2.sync_reasoner_hermit(
        world, infer_property_values=False, debug=0, ignore_unsupported_datatypes=True
    )


@pytest.mark.filterwarnings("ignore")
def test_hermit_finds_no_unsatisfiable_class(tmp_path: Path) -> None:
    """No class is empty by definition, and the whole is consistent."""
    world, ontology = _world(tmp_path)
    assert len(list(ontology.classes())) > 100
    with ontology:
        _reason(world)
    assert list(world.inconsistent_classes()) == []


@pytest.mark.filterwarnings("ignore")
def test_hermit_would_notice(tmp_path: Path) -> None:
    """The same check finds a class that is made empty: it can fail."""
    contradiction = "".join(
        f"<{FLEX}Event> <http://www.w3.org/2000/01/rdf-schema#subClassOf> <urn:example:{name}> .\n"
        f"<urn:example:{name}> <{RDF}type> <{OWL}Class> .\n"
        for name in ("a", "b")
    )
    contradiction += f"<urn:example:a> <{OWL}disjointWith> <urn:example:b> .\n"
    world, ontology = _world(tmp_path, contradiction)
    with ontology:
        _reason(world)
    assert FLEX + "Event" in {c.iri for c in world.inconsistent_classes()}


@pytest.mark.filterwarnings("ignore")
def test_owl_tool_opens_every_import_through_the_catalog(tmp_path: Path) -> None:
    """Each import of the umbrellas leads through the catalog to a file that an OWL tool parses, offline."""
    import owlready2

    folder = assets.folder("ontology")
    tree = ElementTree.parse(folder / "catalog-v001.xml")
    space = "{urn:oasis:names:tc:entity:xmlns:xml:catalog}"
    places = {entry.get("name"): entry.get("uri") for entry in tree.iter(f"{space}uri")}
    umbrellas = read_file(folder / "flexkg.ttl") + read_file(folder / "schemes.ttl")
    imports = {t.object.value for t in umbrellas if t.predicate.value == OWL + "imports"}
    imports -= {"https://w3id.org/flexkg/flexkg"}  # it only imports the others, which is what is asked here
    assert len(imports) > 100
    for iri in imports:
        path = folder / places[iri]
        copy = tmp_path / f"{path.stem}.nt"
        copy.write_text("".join(f"{t} .\n" for t in read_file(path)), encoding="utf-8")
        ontology = owlready2.World().get_ontology(copy.as_uri()).load(only_local=True)
        assert len(ontology.graph) > 0
