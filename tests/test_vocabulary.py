"""The vocabularies against the standard's own schemas: no value missing, none invented, none copied."""

import re
from decimal import Decimal

import pytest
from openleadr.enums import STATUS_CODES

from kg import vocabulary
from kg.namespaces import VOCAB
from tests import schemas
from tests.paths import needs_data

#: Enumerated type of the schemas -> scheme. Green Button types go by rule, see scheme_of.
SCHEMES = {
    "EventFilterType": "eventFilter",
    "EventStatusEnumeratedType": "eventStatus",
    "ISO3AlphaCurrencyCodeContentType": "currency",
    "OptReasonEnumeratedType": "optReason",
    "OptTypeType": "optType",
    "PowerRealType/itemUnits": "powerRealUnit",
    "ReadingTypeEnumeratedType": "readingType",
    "ReportEnumeratedType": "reportType",
    "ResponseRequiredType": "responseRequired",
    "SiScaleCodeType": "siScaleCode",
    "SignalNameEnumeratedType": "signalName",
    "SignalTypeEnumeratedType": "signalType",
    "currencyItemDescriptionType": "currencyItemDescription",
    "oadrDataQualityType": "dataQuality",
    "oadrProfileType": "profile",
    "oadrServiceNameType": "serviceName",
    "oadrTransportType": "transport",
    "reportNameEnumeratedType": "reportName",
    "schemaVersionEnumeratedType": "schemaVersion",
    "space": "xmlSpace",
    "temperatureUnitType": "temperatureUnit",
    "textType/type": "atomTextType",
}
#: Schemes of element names: what the schemas allow at one place.
ELEMENTS = {
    "itemBase": lambda profile: schemas.substitutes(profile, "itemBase"),
    "loadControlKind": lambda profile: schemas.children(profile, "oadrLoadControlStateType"),
    "targetKind": lambda profile: schemas.children(profile, "EiTargetType"),
}
#: Schemes that no schema enumerates.
OTHERS = {"aggregation", "flowDirection", "responseCode"}
#: Schemes of OpenADR 3, which tests/test_openadr3.py holds against its own documents.
OPENADR3 = {"objectKind", "objectOperation", "payloadReadingType", "payloadType"}
PROFILES = [pytest.param("2.0b", id="2.0b"), pytest.param("2.0a", id="2.0a", marks=needs_data)]


def scheme_of(value: schemas.Value) -> str:
    if value.file != "oadr_greenbutton.xsd":
        return SCHEMES[value.type]
    return "espi-" + re.sub("^[A-Z]+?(?=[A-Z][a-z]|$)|^[A-Z]", lambda found: found[0].lower(), value.type)


def notations(scheme: str, profile: str) -> set[str]:
    """Those that the vocabulary says may stand in messages of the profile."""
    wanted = vocabulary.iri("profile", profile)
    concepts = vocabulary.schemes()[scheme].concepts
    return {text for text, concept in concepts.items() if wanted in concept.facts.get("inProfile", ())}


@pytest.mark.parametrize("profile", PROFILES)
def test_schemes_hold_exactly_what_the_schema_enumerates(profile):
    """Each enumeration value of a profile's schema is a concept in that profile, and no other text is."""
    wanted: dict[str, set[str]] = {}
    for value in schemas.enumerations(profile):
        wanted.setdefault(scheme_of(value), set()).add(value.text)
    assert wanted
    assert {scheme: notations(scheme, profile) for scheme in wanted} == wanted


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("scheme", ELEMENTS)
def test_schemes_hold_exactly_the_elements_of_the_schema(scheme, profile):
    """Each element that a profile allows at the place is a concept in it, and no other name is."""
    assert notations(scheme, profile) == ELEMENTS[scheme](profile)


def test_schemes_come_from_the_schemas():
    """There is no scheme beside those of the schemas and those that are named here."""
    enumerated = {scheme_of(value) for value in schemas.enumerations("2.0b")} | {"eventFilter"}
    assert set(vocabulary.schemes()) == enumerated | set(ELEMENTS) | OTHERS | OPENADR3


def test_concepts_are_in_a_profile_or_of_a_market():
    """A concept of an enumeration is in a profile, or is a market's x- token in none: none is invented."""
    values = {(scheme_of(value), value.text) for value in schemas.enumerations("2.0b")}
    for name in set(vocabulary.schemes()) - OTHERS:
        for notation, concept in vocabulary.schemes()[name].concepts.items():
            own = notation.startswith("x-") and (name, notation) not in values
            assert own != bool(concept.facts.get("inProfile")), concept.iri


@needs_data
def test_profile_2_0a_uses_the_simple_signal_name():
    """Profile 2.0a does not enumerate signal names; its one name is the lower-case one."""
    assert "SignalNameEnumeratedType" not in {value.type for value in schemas.enumerations("2.0a")}
    assert notations("signalName", "2.0a") == {"simple"}


def test_response_codes_are_those_of_openleadr_and_success():
    """The codes are 200 and the error codes that openleadr lists."""
    codes = set(vocabulary.schemes()["responseCode"].concepts)
    assert codes == {"200"} | {str(code) for code in STATUS_CODES.values}


@pytest.mark.parametrize("profile", PROFILES)
def test_definitions_are_not_copied(profile):
    """No definition repeats the schema's documentation, in whole or as a sentence of it."""

    def plain(text: str) -> str:
        return re.sub(r"\W+", " ", text).strip().lower()

    copied = []
    for value in schemas.enumerations(profile):
        concept = vocabulary.schemes()[scheme_of(value)].concepts[value.text]
        own = plain(concept.definition)
        said = [plain(text) for text in value.documentation]
        copied += [concept.iri for text in said if own in text or (len(text.split()) > 3 and text in own)]
    assert copied == []


def test_scale_codes_state_the_factor_of_the_schema():
    """The exponent is the one that the schema annotates, and the factor is exactly ten to that power."""
    values = [value for value in schemas.enumerations("2.0b") if value.type == "SiScaleCodeType"]
    concepts = vocabulary.schemes()["siScaleCode"].concepts
    for value in values:
        facts = concepts[value.text].facts
        assert facts["exponent"] == (value.names[0],) if value.names else ("0",)
    scaled = [*concepts.values(), *vocabulary.schemes()["espi-unitMultiplierKind"].concepts.values()]
    assert all(
        Decimal(concept.facts["factor"][0]) == Decimal(10) ** int(concept.facts["exponent"][0])
        for concept in scaled
    )


def test_unit_multipliers_state_their_own_exponent():
    """A Green Button multiplier is written as its exponent."""
    concepts = vocabulary.schemes()["espi-unitMultiplierKind"].concepts
    assert {text: concept.facts["exponent"] for text, concept in concepts.items()} == {
        text: (text,) for text in concepts
    }


@pytest.mark.parametrize(
    ("scheme", "notation", "last"),
    [
        ("readingType", "Direct Read", "readingType/Direct%20Read"),
        ("dataQuality", "Quality Limit - Field/Low", "dataQuality/Quality%20Limit%20-%20Field%2FLow"),
        ("powerRealUnit", "J/s", "powerRealUnit/J%2Fs"),
        ("signalName", "x-ä'(b)!*~", "signalName/x-%C3%A4'(b)!*~"),
        ("espi-unitMultiplierKind", "-12", "espi-unitMultiplierKind/-12"),
    ],
)
def test_iri_encodes_like_encodeuricomponent(scheme, notation, last):
    """An IRI is minted by percent-encoding the notation as encodeURIComponent does."""
    assert vocabulary.iri(scheme, notation) == VOCAB + last


def test_concept_tells_upper_from_lower_case():
    """SIMPLE and simple are two concepts; a notation with other case or white space is none."""
    assert vocabulary.concept("signalName", "SIMPLE") != vocabulary.concept("signalName", "simple")
    assert vocabulary.concept("signalName", "Simple") is None
    assert vocabulary.concept("signalName", " SIMPLE") is None
    assert vocabulary.concept("noSuchScheme", "SIMPLE") is None


def test_known_finds_the_scheme_of_each_concept():
    """Each concept is known by the IRI that its notation gives, and belongs to the scheme of that name."""
    for name, scheme in vocabulary.schemes().items():
        assert scheme.iri == VOCAB + name
        for notation in scheme.concepts:
            assert vocabulary.known(vocabulary.iri(name, notation)) == scheme.iri


@pytest.mark.parametrize(
    "iri",
    [
        "",
        VOCAB,
        VOCAB + "optType",
        VOCAB + "optType/",
        VOCAB + "optType/optOver",
        VOCAB + "optType/opt%49n",
        VOCAB + "optType/optIn/",
        VOCAB + "../vocab/optType/optIn",
        VOCAB + "readingType/Direct Read",
        "optType/optIn",
        "https://example.org/vocab/optType/optIn",
    ],
)
def test_known_refuses_what_is_no_concept(iri):
    """An IRI that is not exactly a concept's is unknown."""
    assert vocabulary.known(iri) is None
