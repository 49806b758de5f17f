"""Vocabularies of third parties: read beside ours, or refused with file, cause and cure."""

from pathlib import Path

import pytest

from kg import skos, vocabulary
from kg.errors import AssetError
from kg.namespaces import VOCAB

PREFIXES = """\
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix flex: <https://w3id.org/flexkg/def#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix vocab: <https://w3id.org/flexkg/vocab/> .
@prefix my: <https://example.org/market#> .
"""
SCHEME = 'my:product a skos:ConceptScheme ; dcterms:title "products"@en .\n'
CONCEPT = """\
my:aFRR a skos:Concept ; skos:inScheme my:product ; skos:notation "A01" ; skos:prefLabel "aFRR"@en ;
    skos:definition "Product that restores the frequency without a call by a person."@en .
"""


def write(folder: Path, text: str, name: str = "market.ttl") -> Path:
    path = folder / name
    path.write_text(PREFIXES + text, encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of a third party: one scheme of its own, with one concept."""
    write(
        tmp_path,
        "<https://example.org/market/product> a skos:ConceptScheme ; dcterms:title 'products'@en .\n",
    )
    text = CONCEPT.replace("my:product", "<https://example.org/market/product>")
    (tmp_path / "more").mkdir()
    write(tmp_path / "more", text)
    return tmp_path


def test_schemes_of_third_parties_stand_beside_ours(folder):
    """A folder's schemes, read from all its files, come with ours; without the folder they are unknown."""
    assert vocabulary.schemes(folder).keys() == vocabulary.schemes().keys() | {"product"}
    assert vocabulary.concept("product", "A01", folder).label == "aFRR"
    assert vocabulary.concept("optType", "optIn", folder) == vocabulary.concept("optType", "optIn")
    assert vocabulary.concept("product", "A01") is None
    assert vocabulary.known("https://example.org/market#aFRR", folder) == "https://example.org/market/product"
    assert vocabulary.known("https://example.org/market#aFRR") is None


def test_schemes_take_extension_tokens_of_third_parties(tmp_path):
    """A file may add declared x- tokens to one of our schemes."""
    token = CONCEPT.replace("my:aFRR", "<https://w3id.org/flexkg/vocab/signalName/x-RESERVE>")
    write(tmp_path, token.replace("my:product", "vocab:signalName").replace("A01", "x-RESERVE"))
    assert vocabulary.concept("signalName", "x-RESERVE", tmp_path) is not None
    assert vocabulary.known(VOCAB + "signalName/x-RESERVE", tmp_path) == VOCAB + "signalName"
    assert vocabulary.known(VOCAB + "signalName/x-RESERVE") is None
    assert len(vocabulary.schemes(tmp_path)["signalName"].concepts) == 12


def test_read_names_a_scheme_after_the_last_part_of_its_iri(tmp_path):
    """Hash and slash both end the part before the name."""
    schemes = skos.read([write(tmp_path, SCHEME + CONCEPT)])
    assert list(schemes) == ["product"]
    assert schemes["product"].concepts["A01"].iri == "https://example.org/market#aFRR"


def test_read_keeps_the_facts_of_a_concept(tmp_path):
    """All flex: facts are kept, by local name, each with all its values."""
    facts = (
        "my:aFRR flex:factor 2.50 ; flex:inProfile <https://w3id.org/flexkg/vocab/profile/2.0b> , my:own .\n"
    )
    concept = skos.read([write(tmp_path, SCHEME + CONCEPT + facts)])["product"].concepts["A01"]
    assert concept.facts["factor"] == ("2.50",)
    assert set(concept.facts["inProfile"]) == {VOCAB + "profile/2.0b", "https://example.org/market#own"}


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (SCHEME + "my:a a skos:Concept .", "inScheme> is missing"),
        (SCHEME + CONCEPT.replace("skos:notation", "skos:note"), "notation> is missing"),
        (SCHEME + CONCEPT.replace("skos:prefLabel", "skos:note"), "prefLabel> is missing"),
        (SCHEME + CONCEPT.replace("skos:definition", "skos:note"), "definition> is missing"),
        (SCHEME + CONCEPT.replace('"A01"', '"A01" , "A02"'), "notation> is stated more than once"),
        (
            SCHEME + CONCEPT.replace("inScheme my:product", "inScheme my:product , my:b"),
            "inScheme> is stated more",
        ),
        (SCHEME + CONCEPT + CONCEPT.replace("my:aFRR", "my:other"), "has the same notation"),
        ("my:product a skos:ConceptScheme .", "title> is missing"),
        (CONCEPT, "no file declares the scheme <https://example.org/market#product>"),
        (SCHEME + SCHEME.replace("my:", "vocab:"), "two schemes are called 'product'"),
        (
            CONCEPT.replace("my:product", "vocab:optType"),
            "asks for the IRI <https://w3id.org/flexkg/vocab/optType/A01>",
        ),
    ],
)
def test_read_refuses_a_vocabulary_without_form(tmp_path, text, cause):
    """What is missing, doubled or misnamed is told with the subject and a cure."""
    with pytest.raises(AssetError) as caught:
        skos.read([write(tmp_path, text)])
    assert cause in str(caught.value)
    assert caught.value.where
    assert caught.value.cure


def test_read_refuses_what_is_no_turtle(tmp_path):
    """Broken Turtle is told with file, line and column; an unknown prefix with its name."""
    path = write(tmp_path, "my:a a\n  skos:Concept ; ]\n")
    with pytest.raises(AssetError) as caught:
        skos.read([path])
    assert caught.value.where == f"{path}:7:18"
    with pytest.raises(AssetError, match="prefix your: has not been declared"):
        skos.read([write(tmp_path, "your:a a skos:Concept .\n")])


def test_schemes_refuse_a_missing_folder(tmp_path):
    """A folder that is not there is an error, not an empty vocabulary."""
    with pytest.raises(AssetError, match="folder is missing"):
        vocabulary.schemes(tmp_path / "none")
