"""The levels of strictness: they list what there is, and override what there is to override."""

from functools import cache

import pyoxigraph as ox
import pytest
import yaml

from kg import assets
from kg.namespaces import DCTERMS, FLEX, RDF, SH
from kg.profiles import load_profile, standards
from kg.rules import Shapes, parse
from kg.vocabulary import iri, schemes
from tests.paths import ROOT
from tests.shape_cases import shapes

PROF = "http://www.w3.org/ns/dx/prof/"
TERMS = {"Profile", "ResourceDescriptor", "hasToken", "isProfileOf", "hasResource", "hasRole", "hasArtifact"}
SEVERITIES = {SH + name for name in ("Violation", "Warning", "Info")}


@cache
def facts() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    for triple in parse(ROOT / "shapes" / "profiles.ttl"):
        found.setdefault(triple.subject.value, {}).setdefault(triple.predicate.value, []).append(
            triple.object.value
        )
    return found


def overrides(profile: str) -> list[tuple[str, str]]:
    return [
        (facts()[node][FLEX + "ofRule"][0], facts()[node][FLEX + "toSeverity"][0])
        for node in facts()[profile].get(FLEX + "overridesSeverity", ())
    ]


DECLARED = sorted(iri for iri, said in facts().items() if PROF + "Profile" in said.get(RDF + "type", ()))
STANDARDS = [iri for iri in DECLARED if FLEX + "inProfile" in facts()[iri]]
PROFILES = [iri for iri in DECLARED if iri not in STANDARDS]
each_profile = pytest.mark.parametrize("profile", PROFILES, ids=lambda iri: iri.rpartition("#")[2])


def test_profiles_are_a_line_of_growing_strictness():
    """Each level but core is made from another one."""
    parents = {iri.rpartition("#")[2]: facts()[iri].get(PROF + "isProfileOf", [""])[0] for iri in PROFILES}
    assert {name: iri.rpartition("#")[2] for name, iri in parents.items()} == {
        "core": "",
        "strict": "core",
        "site-de": "strict",
    }


@each_profile
def test_profile_says_what_it_is(profile):
    """A level has the token by which it is asked for, a title and a description."""
    assert facts()[profile][PROF + "hasToken"] == [profile.rpartition("#")[2]]
    assert len(facts()[profile][DCTERMS + "title"]) == 1
    assert len(facts()[profile][DCTERMS + "description"]) == 1


@pytest.mark.parametrize("standard", STANDARDS, ids=lambda iri: iri.rpartition("#")[2])
def test_standard_says_which_messages_it_is_about(standard):
    """A standard has the token of its concept, and the mapping that says it reads its messages."""
    (token,) = facts()[standard][PROF + "hasToken"]
    assert facts()[standard][FLEX + "inProfile"] == [iri("profile", token)]
    assert len(facts()[standard][DCTERMS + "title"]) == len(facts()[standard][DCTERMS + "description"]) == 1
    said = yaml.safe_load(standards()[token].read_text("utf-8"))["flexkg"]
    assert token in [said["profile"], *said.get("also", ())]


def test_standards_are_those_of_the_vocabulary_and_of_the_mappings():
    """No standard is told of in Python alone: the profiles, the concepts and the mapping files agree."""
    assert standards().keys() == schemes()["profile"].concepts.keys()
    assert set(standards().values()) == set(assets.files("mappings", "payloads/*.yml"))


def test_shapes_of_a_standard_are_tried_on_its_messages_alone():
    """The files that a standard lists are left out for others, also where a shape does not say so itself."""
    level = load_profile("core")
    alone = {path.name: tokens for path, tokens in level.standards.items()}
    three = {"3.0", "3.1"}
    parts = ("", "-shared", "-object", "-value", "-content", "-told", "-quantity")
    assert alone == {"openadr-2.0a.ttl": {"2.0a"}, **{f"openadr-3{part}.ttl": three for part in parts}}
    found = Shapes(level.files, level.standards)
    for file, inside, outside in (("openadr-2.0a.ttl", "2.0a", "2.0b"), ("openadr-3.ttl", "3.1", "2.0a")):
        named = {
            t.subject.value for t in parse(ROOT / "shapes" / file) if t.predicate.value == SH + "message"
        }
        targets = {
            t.object.value for t in parse(ROOT / "shapes" / file) if t.predicate.value == SH + "targetClass"
        }
        assert any(f"<{name}>" in found.for_classes(targets, standard=inside) for name in named)
        assert not any(f"<{name}>" in found.for_classes(targets, standard=outside) for name in named)


@each_profile
def test_profile_overrides_rules_that_exist_and_differ(profile):
    """An override names a rule once and changes what holds without it."""
    here = dict(overrides(profile))
    assert len(here) == len(overrides(profile))
    severities = {rule.id: SH + rule.severity for rule in shapes().rules.values()}
    for parent in facts()[profile].get(PROF + "isProfileOf", ()):
        severities |= dict(overrides(parent))
    for rule, severity in here.items():
        assert severity in SEVERITIES
        assert severities[rule] != severity, rule


def test_profiles_use_terms_of_the_profiles_vocabulary():
    """A misspelt term would be passed over in silence."""
    used = {
        term.value.removeprefix(PROF)
        for triple in parse(ROOT / "shapes" / "profiles.ttl")
        for term in triple
        if isinstance(term, ox.NamedNode) and term.value.startswith(PROF)
    }
    assert used - {"role/validation", "role/mapping"} <= TERMS
