"""Concept schemes of the further modules: sound as SKOS, and true to the lists that they are taken from."""

import json
import re
from functools import cache

import pytest
from pyoxigraph import NamedNode, Store, parse

from kg import assets, skos
from kg.namespaces import DCTERMS, MODULE, RDFS, SKOS, VOCAB
from tests.ontologies import MODULES
from tests.paths import DATA, needs_data

FILES = assets.files("ontology", "concepts/*.ttl")
#: The other direction of each link between concepts.
BACK = {"exactMatch": "exactMatch", "closeMatch": "closeMatch", "relatedMatch": "relatedMatch"} | {
    "broadMatch": "narrowMatch",
    "narrowMatch": "broadMatch",
}


@cache
def store() -> Store:
    """All files of concepts."""
    found = Store()
    for path in FILES:
        found.bulk_extend(parse(path=path))
    return found


@cache
def schemes():
    return skos.read(FILES)


def names(scheme: str) -> set[str]:
    """Notations of a scheme."""
    return set(schemes()[scheme].concepts)


def test_each_file_holds_the_scheme_it_is_named_after():
    """One scheme a file, with concepts whose IRIs follow from their notations."""
    assert {path.stem for path in FILES} == set(schemes())
    assert all(scheme.concepts for scheme in schemes().values())


def test_no_scheme_is_also_a_vocabulary_of_the_wire():
    """A scheme stands either here or among the enumerations of messages."""
    assert not set(schemes()) & {path.stem for path in assets.files("ontology", "vocab/*.ttl")}


def test_labels_and_definitions_are_unique_and_whole_sentences():
    """No two concepts of a scheme share a label or a definition; a definition is one sentence."""
    for scheme in schemes().values():
        concepts = scheme.concepts.values()
        assert len({concept.label for concept in concepts}) == len(concepts), scheme.name
        assert len({concept.definition for concept in concepts}) == len(concepts), scheme.name
        for concept in concepts:
            assert re.fullmatch(r"[A-Z](?:[^.]|\.(?=\S))*\.", concept.definition), concept.iri


def test_every_concept_and_scheme_has_a_source():
    """Each says where it is from, and each scheme which module it belongs to."""
    modules = {MODULE + path.stem for path in MODULES}
    for scheme in schemes().values():
        for iri in [scheme.iri, *(concept.iri for concept in scheme.concepts.values())]:
            assert list(store().quads_for_pattern(NamedNode(iri), NamedNode(DCTERMS + "source"), None, None))
        home = next(store().quads_for_pattern(NamedNode(scheme.iri), NamedNode(RDFS + "isDefinedBy"), None))
        assert home.object.value in modules


def test_top_concepts_are_listed_both_ways():
    """A scheme lists each of its concepts, and each points back."""
    for scheme in schemes().values():
        listed = store().quads_for_pattern(NamedNode(scheme.iri), NamedNode(SKOS + "hasTopConcept"), None)
        assert {quad.object.value for quad in listed} == {c.iri for c in scheme.concepts.values()}


@pytest.mark.parametrize("link", BACK)
def test_matches_are_stated_both_ways(link):
    """A match between two concepts is stated at both, and both exist."""
    for quad in store().quads_for_pattern(None, NamedNode(SKOS + link), None):
        assert quad.object.value.startswith(VOCAB)
        back = (quad.object, NamedNode(SKOS + BACK[link]), quad.subject)
        assert list(store().quads_for_pattern(*back)), quad


@needs_data
def test_market_roles_are_those_of_the_code_list():
    """Each market role has a code of the role list of ENTSO-E, under its name there."""
    text = (DATA / "market" / "entsoe-xsd" / "urn-entsoe-eu-wgedi-codelists.xsd").read_text(encoding="utf-8")
    part = text.partition('name="StandardRoleTypeList"')[2].partition("</xsd:simpleType>")[0]
    titles = dict(re.findall(r'value="(A\d\d)">.*?<Title>(.*?)</Title>', part, re.S))
    for concept in schemes()["marketRole"].concepts.values():
        title = re.sub(r" \(.*", "", titles[concept.notation]).lower()
        assert concept.label == title


@needs_data
def test_usef_roles_include_those_of_its_protocol():
    """The roles that the schemas of UFTP know are all there."""
    text = (DATA / "uftp" / "xsd" / "UFTP-common.xsd").read_text(encoding="utf-8")
    part = text.partition('name="USEF-RoleType"')[2].partition("</xs:simpleType>")[0]
    found = set(re.findall(r'enumeration value="(\w+)"', part))
    assert found
    assert found <= names("usefRole")


@needs_data
def test_s2_control_types_are_those_of_the_schema():
    """None missing, none invented."""
    path = DATA / "devices" / "s2-schema" / "schemas" / "ControlType.schema.json"
    assert names("s2ControlType") == set(json.loads(path.read_text(encoding="utf-8"))["enum"])


@needs_data
def test_eebus_use_cases_are_announced_by_the_wallbox():
    """None missing, none invented."""
    path = DATA / "devices" / "eebus-spine" / "nm_usecaseinformationlistdata_recv_reply.json"
    found = re.findall(r'"useCaseName": "(\w+)"', path.read_text(encoding="utf-8"))
    assert names("eebusUseCase") == set(found)


@needs_data
def test_functional_constraints_occur_in_scl_files():
    """Each functional constraint is one that real configuration files use."""
    found = set()
    for path in (DATA / "devices" / "iec61850-scl").glob("*.*d"):
        found |= set(re.findall(r'\bfc="([A-Z]{2})"', path.read_text(encoding="utf-8")))
    assert names("functionalConstraint") <= found
