"""Wire text to N-Triples objects: one function for each datatype that a mapping file may name.

Each converter takes the text of one leaf and gives the object of a triple as N-Triples text. Text that has no
value under the datatype becomes a plain string, so that nothing is lost and ``sh:datatype`` refuses it.
"""

import re
from collections.abc import Callable
from urllib.parse import quote

from kg.namespaces import XSD

Convert = Callable[[str], str]

_UNRESERVED = re.compile(r"[A-Za-z0-9\-_.~!*'()]*")
_SPECIAL = re.compile(r'["\\\n\r\t\x7f]')
#: As canonical N-Triples has them, of what XML and JSON let through.
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\x7f": "\\u007F"}
# Digits are 0 to 9 only, as in XML Schema, and no more of them than Python turns into a number.
_DECIMAL = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,18}))?", re.ASCII)
_PLAIN_DECIMAL = re.compile(r"(?!-0$)-?(?:0|[1-9]\d*)(?:\.\d*[1-9])?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_DURATION = re.compile(
    r"([+-]?)P(?:(\d{1,18})W|(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:(T)?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?)",
    re.ASCII,
)
_BARE_WEEKS = re.compile(r"\d{1,18}W", re.ASCII)
_XSD_DURATION = re.compile(
    r"-?P(?=.)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?",
    re.ASCII,
)
_DATE_TIME = re.compile(
    r"-?\d{4,}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
    r"T(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?|24:00:00(?:\.0+)?)(?:Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)
#: Digits of the largest magnitude that a 32-bit float of the wire can hold, with room to spare.
_MAX_EXPONENT = 60


def string(text: str) -> str:
    r"""Write text as an N-Triples plain literal.

    >>> string('a "b"')
    '"a \\"b\\""'
    """
    if _SPECIAL.search(text):
        text = _SPECIAL.sub(lambda m: _ESCAPES[m.group()], text)
    return f'"{text}"'


def decimal(text: str) -> str:
    """Write a number of the wire (``xs:float`` or ``xs:decimal``) as an exact ``xsd:decimal``.

    Args:
        text: for example ``"3.14159E0"``; surrounding white space is not significant.

    Returns:
        The literal with the exponent expanded; a plain string for ``NaN``, ``INF``, what is no number, and
        what no float can hold, by its exponent or by its digits.

    >>> decimal("3.14159E1")
    '"31.4159"^^<http://www.w3.org/2001/XMLSchema#decimal>'
    >>> decimal("NaN")
    '"NaN"'
    """
    text = text.strip()
    if len(text) <= _MAX_EXPONENT and _PLAIN_DECIMAL.fullmatch(text):
        return f'"{text}"^^<{XSD}decimal>'
    match = _DECIMAL.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        return string(text)
    sign, whole, fraction, exponent = match[1], match[2], match[3] or "", int(match[4] or 0)
    if abs(exponent) > _MAX_EXPONENT:
        return string(text)
    digits, point = whole + fraction, len(whole) + exponent
    if point <= 0:
        digits, point = "0" * (1 - point) + digits, 1
    elif point > len(digits):
        digits += "0" * (point - len(digits))
    left, right = digits[:point].lstrip("0") or "0", digits[point:].rstrip("0")
    if len(left) > _MAX_EXPONENT + 1:
        return string(text)
    value = f"{left}.{right}" if right else left
    return f'"{"-" if sign == "-" and value != "0" else ""}{value}"^^<{XSD}decimal>'


def integer(text: str) -> str:
    """Write a whole number as a canonical ``xsd:integer``.

    >>> integer("007")
    '"7"^^<http://www.w3.org/2001/XMLSchema#integer>'
    """
    text = text.strip()
    if not _INTEGER.fullmatch(text) or len(text) > 400:
        return string(text)
    return f'"{int(text)}"^^<{XSD}integer>'


def boolean(text: str) -> str:
    """Write ``true``, ``1``, ``false`` or ``0`` as an ``xsd:boolean``.

    >>> boolean("1")
    '"true"^^<http://www.w3.org/2001/XMLSchema#boolean>'
    """
    text = text.strip()
    if text in ("true", "1"):
        return f'"true"^^<{XSD}boolean>'
    if text in ("false", "0"):
        return f'"false"^^<{XSD}boolean>'
    return string(text)


def date_time(text: str) -> str:
    """Write a date-time, with or without a zone, as an ``xsd:dateTime``; no zone is ever added.

    >>> date_time("2026-03-01T10:00:00Z")
    '"2026-03-01T10:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime>'
    """
    text = text.strip()
    if not _DATE_TIME.fullmatch(text):
        return string(text)
    return f'"{text}"^^<{XSD}dateTime>'


def any_uri(text: str) -> str:
    """Write a reference as an ``xsd:anyURI`` literal: the wire's text, which need not be a valid IRI."""
    return f"{string(text.strip())}^^<{XSD}anyURI>"


def normal_duration(text: str) -> str | None:
    """Give the ``xsd:duration`` that a duration of the wire means.

    OpenADR's pattern accepts texts that are no ``xsd:duration``: weeks, a plus sign, hours without ``T``.

    Args:
        text: for example ``"2W"``, ``"+PT5M"`` or ``"P1D2H"``.

    Returns:
        A lexical ``xsd:duration`` such as ``"P14D"``; None where the text states no length (``"P"``).

    Source:
        OpenADR 2.0b, oadr_xcal_20b.xsd, DurationValueType.

    >>> normal_duration("2W"), normal_duration("P1D2H"), normal_duration("PT")
    ('P14D', 'P1DT2H', None)
    """
    text = text.strip()
    if _XSD_DURATION.fullmatch(text):
        return text
    if _BARE_WEEKS.fullmatch(text):
        return f"P{int(text[:-1]) * 7}D"
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    sign = "-" if match[1] == "-" else ""
    if match[2]:
        return f"{sign}P{int(match[2]) * 7}D"
    years, months, days, _, hours, minutes, seconds = match.groups()[2:]
    date = "".join(f"{n}{u}" for n, u in ((years, "Y"), (months, "M"), (days, "D")) if n)
    time = "".join(f"{n}{u}" for n, u in ((hours, "H"), (minutes, "M"), (seconds, "S")) if n)
    if not date and not time:
        return None
    return f"{sign}P{date}T{time}" if time else f"{sign}P{date}"


def duration(text: str) -> str:
    """Write a duration of the wire as an ``xsd:duration``, or as a plain string where it states no length."""
    normal = normal_duration(text)
    return string(text) if normal is None else f'"{normal}"^^<{XSD}duration>'


def segment(text: str) -> str:
    """Percent-encode text for one segment of an IRI, as RML templates do.

    >>> segment("Direct Read")
    'Direct%20Read'
    """
    return text if _UNRESERVED.fullmatch(text) else quote(text, safe="-_.~!*'()")


CONVERTERS: dict[str, Convert] = {
    XSD + "string": string,
    XSD + "decimal": decimal,
    XSD + "integer": integer,
    XSD + "boolean": boolean,
    XSD + "dateTime": date_time,
    XSD + "duration": duration,
    XSD + "anyURI": any_uri,
}
