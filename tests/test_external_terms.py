"""The lists of terms of other vocabularies say what their published files say."""

import pytest
from rdflib.namespace import DCTERMS, OWL, PROF, RDF, RDFS, SH, SKOS, VANN, XSD

from kg import assets
from kg.errors import AssetError
from kg.external_terms import read_terms, shipped_terms, vocabulary_of
from kg.sssom import read
from tests.ontologies import CIM, COPIES, S2, cim_file, copy_of
from tests.paths import ROOT, needs_data

FOLDER = ROOT / "mappings" / "alignments" / "terms"
#: Closed vocabularies that rdflib lists, with the version that they have.
LISTED = {
    "dcterms": (DCTERMS, "2020-01-20"),
    "owl": (OWL, "OWL 2"),
    "prof": (PROF, "2019-12-18"),
    "rdf": (RDF, "1.1"),
    "rdfs": (RDFS, "1.1"),
    "sh": (SH, "2017-07-20"),
    "skos": (SKOS, "2009-08-18"),
    "vann": (VANN, "1.0"),
    "xsd": (XSD, "1.1"),
}
#: List -> namespace and version of what is read from a copy.
COPIED = {
    "brick": ("https://brickschema.org/schema/Brick#", "1.4"),
    "cim17": (CIM, "17"),
    "delta": ("http://delta.linkeddata.es/def/core#", "0.2.7"),
    "odrl": ("http://www.w3.org/ns/odrl/2/", "2.2"),
    "prov": ("http://www.w3.org/ns/prov#", "2013-04-30"),
    "qudt": ("http://qudt.org/schema/qudt/", "8b9168d29ab4"),
    "quantitykind": ("http://qudt.org/vocab/quantitykind/", "8b9168d29ab4"),
    "s2": (S2, "60a3d3cd9c7b"),
    "saref-core": ("https://saref.etsi.org/core/", "4.1.1"),
    "saref4bldg": ("https://saref.etsi.org/saref4bldg/", "1.1.2"),
    "saref4ener": ("https://saref.etsi.org/saref4ener/", "1.1.2"),
    "saref4grid": ("https://saref.etsi.org/saref4grid/", "2.1.1"),
    "saref4syst": ("https://saref.etsi.org/saref4syst/", "1.1.2"),
    "sosa": ("http://www.w3.org/ns/sosa/", "2017-10-19"),
    "ssn": ("http://www.w3.org/ns/ssn/", "2017-10-19"),
    "td": ("https://www.w3.org/2019/wot/td#", "1.1"),
    "time": ("http://www.w3.org/2006/time#", "2022-11-15"),
    "unit": ("http://qudt.org/vocab/unit/", "8b9168d29ab4"),
    "upm-openadr": ("https://w3id.org/def/openadr#", "0.2.2"),
}


def text_of(namespace: str, version: str, iris) -> str:
    names = sorted({iri.removeprefix(namespace) for iri in iris if iri.startswith(namespace)} - {""})
    return "\n".join([f"# {namespace} {version}", *names]) + "\n"


def dir_of(space) -> list[str]:
    """IRIs of a vocabulary that rdflib lists."""
    return [str(space) + name for name in (*space.__annotations__, *space._extras) if name[0] != "_"]


def compare(request, name: str, text: str) -> None:
    path = FOLDER / f"{name}.txt"
    if request.config.getoption("--update-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text("utf-8") == text


@pytest.mark.parametrize("name", LISTED)
def test_closed_vocabularies_are_listed_whole(request, name):
    """What rdflib knows of a closed vocabulary is in its list."""
    space, version = LISTED[name]
    compare(request, name, text_of(str(space), version, dir_of(space)))


@needs_data
@pytest.mark.parametrize("name", COPIED)
def test_lists_hold_the_terms_of_the_copies(request, name):
    """A list has exactly the IRIs that the published copy describes."""
    namespace, version = COPIED[name]
    if namespace == CIM and cim_file() is None:
        pytest.skip("needs cim-graph: run make test-services")
    compare(request, name, text_of(namespace, version, copy_of(namespace)))


def test_every_vocabulary_has_one_list():
    """Each list is made from a copy or from rdflib, and each copy has a list."""
    assert {path.stem for path in FOLDER.glob("*.txt")} == LISTED.keys() | COPIED.keys()
    assert len({terms.namespace for terms in shipped_terms()}) == len(shipped_terms())
    assert {space for space, _ in COPIED.values()} == COPIES.keys() | {CIM, S2}


def test_terms_are_found_and_near_ones_named():
    """A list tells what exists, and what a misspelt name may have meant."""
    saref = vocabulary_of("https://saref.etsi.org/core/Devise")
    assert saref.version == "4.1.1"
    assert saref.has("https://saref.etsi.org/core/Device")
    assert not saref.has("https://saref.etsi.org/core/Devise")
    assert "https://saref.etsi.org/core/Device" in saref.near("https://saref.etsi.org/core/Devise")
    assert saref.near("https://saref.etsi.org/core/device")[0] == "https://saref.etsi.org/core/Device"
    grid = vocabulary_of(CIM + "IdentifiedObject.mRID")
    assert grid.has(CIM + "IdentifiedObject.mRID")
    assert not grid.has(CIM + "IdentifiedObjekt.mRID")
    assert vocabulary_of("https://elsewhere.example/a") is None
    assert vocabulary_of(str(RDF) + "_12") is None


def test_a_list_without_a_head_is_refused(tmp_path):
    """The first line says what a list is of."""
    path = tmp_path / "a.txt"
    path.write_text("Device\n", encoding="utf-8")
    with pytest.raises(AssetError, match="names no vocabulary") as caught:
        read_terms(path)
    assert caught.value.where == f"{path}:1"


def test_tables_agree_with_the_lists_on_versions():
    """An alignment is made for the version whose terms are listed."""
    for name, (namespace, version) in COPIED.items():
        for path in assets.files("mappings", f"alignments/{name}.sssom.tsv"):
            stated = read(path).object_version
            assert namespace in read(path).prefixes.values()
            assert version.startswith(stated), path.name
