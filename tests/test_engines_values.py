"""What both SHACL engines make of literals: where they agree, and each known place where they do not."""

import pytest

from kg.engines import NAMES, engine
from tests.triples import PREFIXES, literal, triple

both = pytest.mark.parametrize("name", NAMES)


def conforms(name: str, constraint: str, *values: str, others: str = "") -> bool:
    """Say whether the values of ``ex:p`` satisfy a constraint."""
    shapes = f"{PREFIXES} ex:S a sh:PropertyShape ; sh:targetNode ex:n ; sh:path ex:p ; {constraint} ."
    data = "".join(triple("n", "p", value) for value in values) + others
    return not engine(name, shapes).validate(data)


#: Constraint, value, whether it conforms: both engines say so.
AGREED = [
    ("sh:datatype xsd:decimal", literal("1.50", "decimal"), True),
    ("sh:datatype xsd:decimal", literal("+.5", "decimal"), True),
    ("sh:datatype xsd:decimal", literal("123456789012345678.5", "decimal"), True),
    ("sh:datatype xsd:decimal", literal("1.123456789012345678", "decimal"), True),
    ("sh:datatype xsd:decimal", literal("1" + "0" * 20, "decimal"), True),
    ("sh:datatype xsd:decimal", literal("abc", "decimal"), False),
    ("sh:datatype xsd:decimal", literal("", "decimal"), False),
    ("sh:datatype xsd:decimal", literal("1", "integer"), False),
    ("sh:datatype xsd:decimal", literal("1.5"), False),
    ("sh:datatype xsd:integer", literal("9" * 40, "integer"), True),
    ("sh:datatype xsd:integer", literal("1.0", "integer"), False),
    ("sh:datatype xsd:duration", literal("PT60M", "duration"), True),
    ("sh:datatype xsd:duration", literal("P1Y2M3DT4H5M6.7S", "duration"), True),
    ("sh:datatype xsd:duration", literal("P", "duration"), False),
    ("sh:datatype xsd:duration", literal("", "duration"), False),
    ("sh:datatype xsd:duration", literal("PT60M"), False),
    ("sh:datatype xsd:dateTime", literal("2026-01-01T00:00:00", "dateTime"), True),
    ("sh:datatype xsd:dateTime", literal("2026-01-01T00:00:00.123456789Z", "dateTime"), True),
    ("sh:datatype xsd:dateTime", literal("2026-02-30T00:00:00Z", "dateTime"), False),
    ("sh:datatype xsd:dateTime", literal("2026-01-01T25:00:00Z", "dateTime"), False),
    ("sh:datatype xsd:boolean", literal("0", "boolean"), True),
    ("sh:datatype xsd:boolean", literal("TRUE", "boolean"), False),
    ("sh:datatype xsd:unsignedInt", literal("-1", "unsignedInt"), False),
    ("sh:datatype xsd:string", literal("a"), True),
    ("sh:datatype xsd:string", literal("a", "string"), True),
    ("sh:datatype xsd:string", '"a"@en', False),
    ("sh:datatype xsd:string", "a", False),
    ("sh:pattern '^http://a[.]example/v/'", "v/x", True),
    ("sh:pattern '^http://a[.]example/v/'", "w/x", False),
    ("sh:pattern '^http://a[.]example/v/'", "_:x", False),
    ("sh:pattern 'T00:00:00Z$'", literal("2026-01-01T00:00:00Z", "dateTime"), True),
    ("sh:pattern 'T00:00:00Z$'", literal("2026-01-01T00:00:00.000Z", "dateTime"), False),
    ("sh:pattern '^PT60M$'", literal("PT60M", "duration"), True),
    ("sh:pattern '^PT60M$'", literal("PT1H", "duration"), False),
    ("sh:pattern '^1[.]50$'", literal("1.50", "decimal"), True),
    ("sh:minInclusive 0", literal("0.0", "decimal"), True),
    ("sh:minInclusive 0", literal("-0.0001", "decimal"), False),
    ("sh:minInclusive 0", literal("-1e300", "double"), False),
    ("sh:minInclusive 0", literal("9" * 40, "integer"), True),
    ("sh:minInclusive 0", literal("NaN", "double"), False),
    ("sh:minInclusive 0", literal("abc", "decimal"), False),
    ("sh:minInclusive 0", literal("5"), False),
    ("sh:minInclusive 0", "a", False),
    ("sh:maxInclusive 100.0", literal("1e2", "double"), True),
    ("sh:minInclusive 'PT0S'^^xsd:duration", literal("PT5M", "duration"), True),
    ("sh:minInclusive 'PT0S'^^xsd:duration", literal("-PT5M", "duration"), False),
    ("sh:minInclusive 'PT0S'^^xsd:duration", literal("PT5M"), False),
    ("sh:minInclusive 'PT1H'^^xsd:duration", literal("PT60M", "duration"), True),
    ("sh:minInclusive 'PT1H'^^xsd:duration", literal("PT3599.9S", "duration"), False),
    ("sh:minExclusive 'PT0S'^^xsd:duration", literal("P0D", "duration"), False),
    ("sh:maxInclusive 'P1D'^^xsd:duration", literal("PT24H", "duration"), True),
    ("sh:maxInclusive 'P1D'^^xsd:duration", literal("PT25H", "duration"), False),
    (
        "sh:minInclusive '2026-01-01T00:00:00Z'^^xsd:dateTime",
        literal("2026-01-01T01:00:00+01:00", "dateTime"),
        True,
    ),
    (
        "sh:minInclusive '2026-01-01T00:00:00Z'^^xsd:dateTime",
        literal("2025-12-31T23:59:59.999Z", "dateTime"),
        False,
    ),
    ("sh:in ('a' 1 1.50)", literal("1.50", "decimal"), True),
    ("sh:in ('a' 1 1.50)", literal("1.5", "decimal"), False),
    ("sh:in ('a' 1 1.50)", literal("01", "integer"), False),
    ("sh:in ('a' 1 1.50)", literal("a", "string"), True),
    ("sh:hasValue 1.5", literal("1.50", "decimal"), False),
    ("sh:minLength 1", literal(""), False),
    ("sh:maxLength 1", literal("😀"), True),
    ("sh:maxLength 1", literal("e\u0301"), False),
]


@both
@pytest.mark.parametrize(("constraint", "value", "expected"), AGREED)
def test_engines_agree_on_values(name, constraint, value, expected):
    """Spelling decides datatypes and patterns, the value ranges, the term sh:in and sh:hasValue."""
    assert conforms(name, constraint, value) is expected


MOMENT, MORE = literal("2026-01-01T00:00:00Z", "dateTime"), literal("2026-01-01T00:00:00.5Z", "dateTime")
SAME_MOMENT = literal("2026-01-01T00:00:00.000Z", "dateTime")
#: Constraint on ex:p and ex:q, value of ex:p, value of ex:q, whether it conforms.
PAIRS = [
    ("sh:equals", literal("1", "integer"), literal("1", "integer"), True),
    ("sh:equals", literal("1", "integer"), literal("01", "integer"), False),
    ("sh:equals", literal("1.5", "decimal"), literal("1.50", "decimal"), False),
    ("sh:equals", literal("PT60M", "duration"), literal("PT1H", "duration"), False),
    ("sh:equals", literal("a"), literal("a", "string"), True),
    ("sh:disjoint", literal("1", "integer"), literal("01", "integer"), True),
    ("sh:disjoint", literal("a"), literal("a"), False),
    ("sh:lessThan", MOMENT, MORE, True),
    ("sh:lessThan", MORE, MOMENT, False),
    ("sh:lessThan", MOMENT, SAME_MOMENT, False),
    ("sh:lessThanOrEquals", MOMENT, SAME_MOMENT, True),
    ("sh:lessThanOrEquals", SAME_MOMENT, MOMENT, True),
    ("sh:lessThan", literal("2026-01-01T00:30:00+01:00", "dateTime"), MOMENT, True),
    ("sh:lessThan", literal("PT5M", "duration"), literal("PT1H", "duration"), True),
    ("sh:lessThan", literal("1", "integer"), literal("2.5", "decimal"), True),
    ("sh:lessThan", literal("1", "integer"), MOMENT, False),
    ("sh:lessThan", literal("10"), literal("9"), True),
]


@both
@pytest.mark.parametrize(("constraint", "value", "other", "expected"), PAIRS)
def test_engines_agree_on_pairs_of_values(name, constraint, value, other, expected):
    """sh:equals and sh:disjoint compare terms, sh:lessThan compares values."""
    assert conforms(name, f"{constraint} ex:q", value, others=triple("n", "q", other)) is expected


HUGE, FINE = literal("9" * 21, "decimal"), literal("0." + "1" * 19, "decimal")
#: Constraint, value, what the standards say, engines that say otherwise, why.
DISPUTED = [
    ("sh:datatype xsd:decimal", HUGE, True, {"shacl"}, "decimals end at 1.7e20"),
    ("sh:datatype xsd:decimal", FINE, True, {"shacl"}, "decimals end at 18 places"),
    ("sh:minInclusive 0", HUGE, True, {"shacl"}, "decimals end at 1.7e20"),
    ("sh:datatype xsd:hexBinary", literal("0g", "hexBinary"), False, {"shacl"}, "not looked into"),
    ("sh:datatype xsd:decimal", literal("1e3", "decimal"), False, {"pyshacl"}, "what Python reads"),
    ("sh:datatype xsd:decimal", literal("NaN", "decimal"), False, {"pyshacl"}, "what Python reads"),
    ("sh:datatype xsd:decimal", literal("1_000", "decimal"), False, {"pyshacl"}, "what Python reads"),
    ("sh:datatype xsd:integer", literal("1_000", "integer"), False, {"pyshacl"}, "what Python reads"),
    ("sh:datatype xsd:double", literal("Infinity", "double"), False, {"pyshacl"}, "what Python reads"),
    ("sh:datatype xsd:duration", literal("PT", "duration"), False, {"pyshacl"}, "ISO 8601, not XSD"),
    ("sh:datatype xsd:duration", literal("P1W", "duration"), False, {"pyshacl"}, "ISO 8601, not XSD"),
    ("sh:datatype xsd:duration", literal("PT1.5M", "duration"), False, {"pyshacl"}, "ISO 8601, not XSD"),
    ("sh:datatype xsd:dateTime", literal("2026-01-01", "dateTime"), False, {"pyshacl"}, "ISO 8601, not XSD"),
    ("sh:datatype xsd:dateTime", literal("20260101T000000Z", "dateTime"), False, {"pyshacl"}, "ISO, not XSD"),
    (
        "sh:datatype xsd:dateTime",
        literal("12026-01-01T00:00:00Z", "dateTime"),
        True,
        {"pyshacl"},
        "years end",
    ),
    (
        "sh:datatype xsd:dateTime",
        literal("2026-01-01T24:00:00Z", "dateTime"),
        True,
        {"pyshacl"},
        "no hour 24",
    ),
    ("sh:minInclusive 'PT0S'^^xsd:duration", literal("P1M", "duration"), True, {"pyshacl"}, "no months"),
    ("sh:minInclusive 'PT0S'^^xsd:duration", literal("5", "integer"), False, {"pyshacl"}, "compares kinds"),
    (
        "sh:minInclusive '2026-01-01T00:00:00Z'^^xsd:dateTime",
        literal("2026-06-01T00:00:00", "dateTime"),
        True,
        {"pyshacl"},
        "compares no time without a zone with one that has it",
    ),
    ("sh:pattern 'a$'", literal(r"a\n"), False, {"pyshacl"}, "Python's $ stands before a line end too"),
]


@both
@pytest.mark.parametrize(("constraint", "value", "expected", "wrong", "why"), DISPUTED)
def test_engines_differ_on_known_values_only(name, constraint, value, expected, wrong, why):
    """Where an engine departs from the standards is known, so that a new version of it is noticed."""
    assert conforms(name, constraint, value) is (expected is not (name in wrong)), why
