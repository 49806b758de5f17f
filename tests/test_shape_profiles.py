"""The levels of strictness: they list what there is, and override what there is to override."""

from functools import cache

import pyoxigraph as ox
import pytest

from kg.namespaces import DCTERMS, FLEX, RDF, SH
from kg.rules import parse
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


PROFILES = sorted(iri for iri, said in facts().items() if PROF + "Profile" in said.get(RDF + "type", ()))
each_profile = pytest.mark.parametrize("profile", PROFILES, ids=lambda iri: iri.rpartition("#")[2])


def test_profiles_are_a_line_of_growing_strictness():
    """Each level but core is made from another one."""
    parents = {iri.rpartition("#")[2]: facts()[iri].get(PROF + "isProfileOf", [""])[0] for iri in PROFILES}
    assert {name: iri.rpartition("#")[2] for name, iri in parents.items()} == {
        "core": "",
        "strict": "core",
        "site-example": "strict",
    }


@each_profile
def test_profile_says_what_it_is(profile):
    """A level has the token by which it is asked for, a title and a description."""
    assert facts()[profile][PROF + "hasToken"] == [profile.rpartition("#")[2]]
    assert len(facts()[profile][DCTERMS + "title"]) == 1
    assert len(facts()[profile][DCTERMS + "description"]) == 1


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
    assert used - {"role/validation"} <= TERMS
