"""Levels of strictness are read from PROF files, ours and a user's."""

from pathlib import Path

import pytest

from kg import assets
from kg.check import check, checker
from kg.engines import NAMES
from kg.errors import AssetError, UsageError
from kg.profiles import load_profile, tokens
from tests.paths import ROOT

HEAD = """
@prefix flex: <https://w3id.org/flexkg/def#> .
@prefix prof: <http://www.w3.org/ns/dx/prof/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix ours: <https://w3id.org/flexkg/shapes/profiles#> .
"""
SHAPES = """
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix flex: <https://w3id.org/flexkg/def#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix shape: <https://shapes.example/> .
shape:EventVersion a sh:NodeShape ; sh:targetClass flex:EventVersion ;
    sh:property shape:EventVersion-priority .
shape:EventVersion-priority a sh:PropertyShape ; dcterms:identifier "SITE-1" ; sh:path flex:priority ;
    sh:maxInclusive 0 ; sh:severity sh:Violation ; sh:message "Only priority 0 is used in this market."@en .
"""
EVENT = (ROOT / "examples" / "01-price-event" / "price.xml").read_bytes()


def _profile(folder: Path, body: str) -> str:
    path = folder / "market.ttl"
    path.write_text(HEAD + body, encoding="utf-8")
    return str(path)


def test_core_has_every_shape_file_but_those_for_ontologies() -> None:
    """No shape file is forgotten: each lies in core or says in its name that it is not for payloads."""
    level = load_profile("core")
    others = {"profiles.ttl", "ontology-quality.ttl"}
    assert {path.name for path in level.files} == {p.name for p in assets.files("shapes", "*.ttl")} - others
    assert level.severities == ()


def test_strict_is_core_with_other_severities() -> None:
    """Level strict has the shapes of core and judges some rules harder."""
    core, strict = load_profile("core"), load_profile("strict")
    assert strict.files == core.files
    assert ("SIG-14", "Violation") in strict.severities
    assert "strict" in tokens()


def test_every_shipped_profile_names_rules_that_exist() -> None:
    """A checker can be made for each shipped profile."""
    for name in tokens():
        assert checker(name).shapes.rules


def test_user_profile_adds_shapes_and_severities(tmp_path: Path) -> None:
    """A market's own file builds on ours: its shapes apply, its severities win."""
    (tmp_path / "market-shapes.ttl").write_text(SHAPES, encoding="utf-8")
    name = _profile(
        tmp_path,
        """<#market> a prof:Profile ; prof:hasToken "market" ; prof:isProfileOf ours:strict ;
             prof:hasResource [ prof:hasArtifact <market-shapes.ttl> ] ;
             flex:overridesSeverity [ flex:ofRule "SIG-14" ; flex:toSeverity sh:Info ] .""",
    )
    level = load_profile(name)
    assert ("SIG-14", "Info") in level.severities
    report = check(EVENT, profile=name)
    assert [v.rule for v in report.violations if v.severity == "Violation"] == ["SITE-1"]
    assert check(EVENT).conforms


CASES = [
    ("<#m> a prof:Profile ; prof:isProfileOf <#m> .", "declares 0 profiles"),
    ("<#m> a prof:Profile ; prof:isProfileOf ours:none .", "does not exist"),
    ("<#m> a prof:Profile . <#n> a prof:Profile .", "declares 2 profiles"),
    ("<#m> a prof:Profile ; prof:hasResource [ prof:hasArtifact <gone.ttl> ] .", "gone.ttl is missing"),
    (
        "<#m> a prof:Profile ; prof:hasResource [ prof:hasArtifact <http://a.example/s.ttl> ] .",
        "no local file",
    ),
    ('<#m> a prof:Profile ; flex:overridesSeverity [ flex:ofRule "X" ; flex:toSeverity sh:Bad ] .', "Bad"),
    ("<#m> a prof:Profile prof:x .", "broken Turtle"),
    (
        "<#m> a prof:Profile ; prof:isProfileOf ours:core ; "
        'flex:overridesSeverity [ flex:ofRule "NO-1" ; flex:toSeverity sh:Info ] .',
        "NO-1, which no shape",
    ),
]


@pytest.mark.parametrize(("body", "words"), CASES)
def test_broken_profile_is_told_with_cure(tmp_path: Path, body: str, words: str) -> None:
    """Whatever is wrong with a profile file, the error names it, the file and a cure."""
    name = _profile(tmp_path, body)
    with pytest.raises(AssetError, match=words) as caught:
        checker(name)
    assert caught.value.cure
    assert "market.ttl" in caught.value.where


def test_unknown_profile_lists_those_there_are() -> None:
    """A name that is neither a profile nor a file gets the names that there are."""
    with pytest.raises(UsageError, match="core, site-de, strict"):
        load_profile("stern")


BAD_SHAPES = [
    (
        "sh:property shape:q .\nshape:q a sh:PropertyShape ; sh:path flex:priority ; sh:minCount 1 .",
        "no rule id",
    ),
    ("sh:property [ sh:path flex:priority ; sh:minCount 1 ] .", "without a name"),
    ("sh:nodeKind sh:IRI .", "no rule id"),
    ("sh:closed true .", "no rule id"),
    *(
        (f". shape:q {kind} {target} ; sh:path flex:priority ; {limit} .", "/q> has no rule id")
        for kind in ("a sh:PropertyShape ;", "")
        for target in ("sh:targetClass flex:EventVersion", "sh:targetSubjectsOf flex:priority")
        for limit in ("sh:minCount 1", "sh:minInclusive 1")
    ),
    (". [] sh:targetClass flex:EventVersion ; sh:path flex:priority ; sh:minCount 1 .", "without a name"),
    (
        'sh:property shape:q .\nshape:q dcterms:identifier "EVT-1" ; sh:path flex:priority ; sh:minCount 1 .',
        "has the rule id EVT-1",
    ),
]


@pytest.mark.parametrize(("body", "words"), BAD_SHAPES)
def test_shape_that_no_report_can_cite_is_refused(tmp_path: Path, body: str, words: str) -> None:
    """A user's shape needs a name and a rule id of its own; the error names file, shape and cure."""
    head = SHAPES.partition("shape:EventVersion a")[0]
    text = f"{head}shape:S a sh:NodeShape ; sh:targetClass flex:EventVersion ; {body}"
    (tmp_path / "market-shapes.ttl").write_text(text, encoding="utf-8")
    name = _profile(
        tmp_path,
        "<#m> a prof:Profile ; prof:isProfileOf ours:core ; "
        "prof:hasResource [ prof:hasArtifact <market-shapes.ttl> ] .",
    )
    with pytest.raises(AssetError, match=words) as caught:
        checker(name)
    assert "market-shapes.ttl" in caught.value.where
    assert "dcterms:identifier" in caught.value.cure


SLIPS = [
    ("sh:maxInclusiv 0", "sh:maxInclusiv checks nothing"),
    ("sh:targetClas flex:Event", "sh:targetClas checks nothing"),
    ("sh:maxCount 1 ; sh:maxCount 2", "sh:maxCount is stated twice"),
    ("sh:node [ sh:maxLenght 3 ]", "sh:maxLenght checks nothing"),
]


@pytest.mark.parametrize("engine", NAMES)
@pytest.mark.parametrize(("constraint", "words"), SLIPS)
def test_slip_in_a_shape_is_told_with_its_file(
    tmp_path: Path, constraint: str, words: str, engine: str
) -> None:
    """What an engine finds wrong with a user's shape is told with the file that holds the shape."""
    path = tmp_path / "market-shapes.ttl"
    path.write_text(SHAPES.replace("sh:maxInclusive 0", constraint), encoding="utf-8")
    name = _profile(
        tmp_path,
        "<#m> a prof:Profile ; prof:isProfileOf ours:core ; "
        "prof:hasResource [ prof:hasArtifact <market-shapes.ttl> ] .",
    )
    with pytest.raises(AssetError, match=words) as caught:
        check(EVENT, profile=name, engine=engine)
    assert caught.value.where.startswith(str(path))
    assert caught.value.cure
