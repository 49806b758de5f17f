"""What literals mean: whether their text fits their datatype, and which of two is the less.

Terms are N-Triples text in canonical form.
"""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

from kg.engines import moments
from kg.namespaces import RDF, XSD

Test = Callable[[str], object]

_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_PLAIN: Final = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}
_ZONE: Final = r"(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))?"
_YEAR: Final = r"-?(?:[1-9]\d{3,}|0\d{3})"
_DAY: Final = (
    rf"{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
    r"|02-(?:0[1-9]|1\d|2[0-8]))"
)
_HOUR: Final = r"(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?|24:00:00(?:\.0+)?)"
_LEAP: Final = re.compile(rf"({_YEAR})-02-29(T{_HOUR})?{_ZONE}", re.ASCII)
_NUMBER: Final = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"
_FLOAT: Final = rf"{_NUMBER}(?:[eE][+-]?\d+)?|[+-]?INF|NaN"
_TIME_PART: Final = r"T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?"
_LEXICAL: Final = {
    "boolean": "true|false|0|1",
    "decimal": _NUMBER,
    "float": _FLOAT,
    "double": _FLOAT,
    "duration": rf"-?P(?=[\dT])(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:{_TIME_PART})?",
    "dayTimeDuration": rf"-?P(?=[\dT])(?:\d+D)?(?:{_TIME_PART})?",
    "yearMonthDuration": r"-?P(?=\d)(?:\d+Y)?(?:\d+M)?",
    "time": _HOUR + _ZONE,
    "anyURI": r".*",
    "hexBinary": r"(?:[0-9a-fA-F]{2})*",
}
_DATES: Final = {"date": _DAY + _ZONE, "dateTime": rf"{_DAY}T{_HOUR}{_ZONE}"}
_BITS: Final = {"long": 63, "int": 31, "short": 15, "byte": 7}
#: Datatypes of whole numbers: least and greatest value, None for none.
_WHOLE: Final[dict[str, tuple[int | None, int | None]]] = {
    "integer": (None, None),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
    **{name: (-(2**bits), 2**bits - 1) for name, bits in _BITS.items()},
    **{f"unsigned{name.capitalize()}": (0, 2 ** (bits + 1) - 1) for name, bits in _BITS.items()},
}
_LENGTHS: Final = ("duration", "dayTimeDuration", "yearMonthDuration")


def spelling(term: str) -> str | None:
    r"""Give the characters of a literal, or an IRI without its brackets; None for a blank node.

    >>> spelling('"a\\tb"@en'), spelling("<http://a.example/>"), spelling("_:b")
    ('a\tb', 'http://a.example/', None)
    """
    if term[0] == "<":
        return term[1:-1]
    if term[0] != '"':
        return None
    text = term[1 : term.rindex('"')]
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _PLAIN.get(match[3], match[3])


@lru_cache(maxsize=256)
def of_datatype(iri: str) -> Test | None:
    """Make the test whether a term is a literal of a datatype, and its text one that the datatype has.

    Args:
        iri: the datatype, without brackets.

    Returns:
        The test; None for a datatype of XML Schema or RDF whose texts are not known here.

    >>> bool(of_datatype(XSD + "decimal")(f'"1e3"^^<{XSD}decimal>'))
    False
    """
    end = f'"^^<{iri}>'
    if iri == XSD + "string":
        return lambda term: term[-1] == '"'
    if iri == RDF + "langString":
        return lambda term: term[0] == '"' and term[-1] not in '">'
    if not iri.startswith((XSD, RDF)):
        return lambda term: term.endswith(end)
    name = iri.removeprefix(XSD)
    lexical = _LEXICAL.get(name)
    if lexical is not None:
        return _whole_text(lexical, end).fullmatch
    if name in _DATES:
        return _dated(_whole_text(_DATES[name], end).fullmatch, end, timed=name == "dateTime")
    if name in _WHOLE:
        digits = _whole_text(r"[+-]?\d+", end).fullmatch
        low, high = _WHOLE[name]
        return digits if low is high is None else _within(digits, low, high)
    return None


def _whole_text(lexical: str, end: str) -> re.Pattern[str]:
    return re.compile(rf'"(?:{lexical}){re.escape(end)}', re.ASCII | re.DOTALL)


def _dated(common: Test, end: str, *, timed: bool) -> Test:
    """Take the days that every year has, then look whether the year has the other one."""

    def test(term: str) -> bool:
        if common(term):
            return True
        match = _LEAP.fullmatch(term[1 : -len(end)]) if term.endswith(end) else None
        if match is None or bool(match[2]) is not timed:
            return False
        years = int(match[1][-4:])  # the calendar comes again after 400 years
        return years % 4 == 0 and (years % 100 != 0 or years % 400 == 0)

    return test


def _within(digits: Test, low: int | None, high: int | None) -> Test:
    def test(term: str) -> bool:
        if not digits(term):
            return False
        number = Decimal(term[1 : term.rindex('"')])
        return (low is None or number >= low) and (high is None or number <= high)

    return test


@lru_cache(maxsize=4096)
def value(term: str) -> tuple[str, Any]:
    """Give the kind and the value of a term; the kind is empty for what nothing compares with.

    >>> value(f'"1.50"^^<{XSD}decimal>')
    ('number', Decimal('1.50'))
    """
    if term[0] != '"':
        return "", None
    if term[-1] == '"':
        return "string", spelling(term)
    text, mark, datatype = term[1:-1].rpartition(f'"^^<{XSD}')
    if not mark:
        return "", None
    try:
        return _read(term, text, datatype)
    except (ValueError, InvalidOperation):
        return "", None


def _read(term: str, text: str, datatype: str) -> tuple[str, Any]:
    fits = of_datatype(XSD + datatype)
    if fits is None or not fits(term):
        return "", None
    if datatype == "decimal" or datatype in _WHOLE:
        return "number", Decimal(text)
    if datatype in ("double", "float"):
        number = float(text)
        return "number", None if number != number else number
    if datatype in _DATES:
        return datatype, moments.moment(text)
    if datatype == "time":
        return datatype, moments.time(text)
    if datatype in _LENGTHS:
        return "duration", moments.length(text)
    return ("boolean", text in ("true", "1")) if datatype == "boolean" else ("", None)


def order(one: str, other: str) -> int | None:
    """Compare two terms as SPARQL's operators do.

    Returns:
        Below, at or above 0; None where the two do not compare.

    Source:
        SPARQL 1.1, section 17.3 (operator mapping).

    >>> order(f'"10"^^<{XSD}integer>', f'"9.5"^^<{XSD}decimal>'), order('"10"', '"9"'), order('"a"', "<a:b>")
    (1, -1, None)
    """
    (kind, here), (other_kind, there) = value(one), value(other)
    if not kind or kind != other_kind or here is None or there is None:
        return None
    if kind == "duration":
        return moments.order_of_lengths(here, there)
    if kind in ("date", "dateTime", "time"):
        return moments.order(here, there)
    return -1 if here < there else 1 if here > there else 0 if here == there else None
