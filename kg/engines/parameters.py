"""The constraints of SHACL Core that speak of values, from the parameters that a shape states."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from kg.engines.index import Index
from kg.engines.parts import Each, Uncovered, Whole, Writer, called
from kg.engines.values import of_datatype, order, spelling, value
from kg.namespaces import SH, XSD

#: What a memory of patterns holds before it starts again.
_LIMIT: Final = 4096
_FLAGS: Final = {"i": re.IGNORECASE, "s": re.DOTALL, "m": re.MULTILINE, "x": re.VERBOSE}
#: What regular expressions of XPath and of Python read differently.
_UNLIKE: Final = re.compile(r"\\[picCPIZAbBzG1-9]|\(\?|\[[^\]]*(?:-\[|\[|&&|\|\||--|~~)|[*+?}]\+")
_KINDS: Final = {
    "IRI": "<",
    "BlankNode": "_",
    "Literal": '"',
    "BlankNodeOrIRI": "<_",
    "BlankNodeOrLiteral": '_"',
    "IRIOrLiteral": '<"',
}
_RANGES: Final[dict[str, Callable[[int], bool]]] = {
    "minInclusive": lambda sign: sign >= 0,
    "minExclusive": lambda sign: sign > 0,
    "maxInclusive": lambda sign: sign <= 0,
    "maxExclusive": lambda sign: sign < 0,
}
_NOTHING: Final[dict[str, list[str]]] = {}


def number(term: str) -> int:
    """Read a whole number of a shape.

    Raises:
        Uncovered: it is none.
    """
    text = term.removesuffix(f'"^^<{XSD}integer>').removeprefix('"')
    if not re.fullmatch(r"\+?\d{1,18}", text, re.ASCII):
        raise Uncovered(f"{term} is no count")
    return int(text)


def flag(term: str) -> bool:
    """Read a truth value of a shape.

    Raises:
        Uncovered: it is none.
    """
    if term not in (f'"true"^^<{XSD}boolean>', f'"false"^^<{XSD}boolean>'):
        raise Uncovered(f"{term} is neither true nor false")
    return term.startswith('"true"')


def datatype(term: str) -> Each:
    """Judge the datatype of values, and whether their text is one of it."""
    test = of_datatype(term[1:-1])
    if test is None or term[0] != "<":
        raise Uncovered(f"the texts of {term} are not known")
    if term == f"<{XSD}string>":
        return Each(
            "Datatype",
            lambda _, one: f"{one}[-1] == '\"'",
            lambda writer, values: f"all(map({writer.const(test)}, {values}))",
            lambda writer, values: f"not any(map({writer.const(test)}, {values}))",
        )
    return called("Datatype", test)


def node_kind(term: str) -> Each:
    """Judge whether values are IRIs, blank nodes or literals."""
    marks = _KINDS.get(term[1:-1].removeprefix(SH))
    if marks is None:
        raise Uncovered(f"{term} is no kind of node")
    known = frozenset(marks)
    return Each("NodeKind", lambda writer, one: f"{one}[0] in {writer.const(known)}")


def bound(name: str, term: str) -> Each:
    """Judge values by a least or a greatest one."""
    if not value(term)[0]:
        raise Uncovered(f"nothing compares with {term}")
    within = _RANGES[name]

    def test(one: str) -> bool:
        sign = order(one, term)
        return sign is not None and within(sign)

    return called(name[0].upper() + name[1:], _Told(test).__getitem__)


def length(name: str, term: str) -> Each:
    """Judge how many characters values have."""
    limit, least = number(term), name == "minLength"

    def test(one: str) -> bool:
        text = spelling(one)
        return text is not None and (len(text) >= limit if least else len(text) <= limit)

    return called(name[0].upper() + name[1:], test)


class _Told(dict[str, bool]):
    """What a test says of terms, remembered; bounded."""

    def __init__(self, test: Callable[[str], bool]) -> None:
        self._test = test

    def __missing__(self, term: str) -> bool:
        if len(self) >= _LIMIT:
            self.clear()
        found = self[term] = self._test(term)
        return found


def _matching(pattern: str, options: re.RegexFlag) -> Callable[[str], bool]:
    """Make the test whether a pattern is found in the text of a term.

    Within a term, the text ends where the search does; it begins there for what is matched, not searched.
    """
    search = re.compile(pattern, options).search
    inside: Callable[..., object] | None = None
    if "^" not in pattern:
        inside = search
    elif not options and re.fullmatch(r"\^[^\\^|()\[\]]*(?:\[[^\\^\[\]]+\][^\\^|()\[\]]*)*", pattern):
        inside = re.compile(pattern[1:]).match

    def test(term: str) -> bool:
        if inside is not None and term[0] == '"' and "\\" not in term:
            return inside(term, 1, term.rindex('"')) is not None
        text = spelling(term)
        return text is not None and search(text) is not None

    return test


def pattern(term: str, flags: str) -> Each:
    """Judge values by a regular expression, as XPath reads it."""
    text, marks = spelling(term) or "", spelling(flags) or "" if flags else ""
    if term[0] != '"' or _UNLIKE.search(text) or not set(marks) <= set(_FLAGS):
        raise Uncovered(f"the regular expression {term} is not one for Python")
    try:
        options = re.RegexFlag(0)
        for mark in marks:
            options |= _FLAGS[mark]
        test = _matching(text if "m" in marks else _to_the_end(text), options)
    except re.error as error:
        raise Uncovered(f"the regular expression {term} is none") from error
    return called("Pattern", _Told(test).__getitem__)


def _to_the_end(text: str) -> str:
    """Write the end of the text as Python does: its ``$`` stands before a last line feed too."""
    out, within, place = "", False, 0
    while place < len(text):
        here = text[place]
        if here == "\\":
            out += text[place : place + 2]
            place += 2
            continue
        within = here == "[" or (within and here != "]")
        out += r"\Z" if here == "$" and not within else here
        place += 1
    return out


def language_in(terms: list[str]) -> Each:
    """Judge values by the languages that they may be in."""
    known = tuple((spelling(term) or "").lower() for term in terms)

    def test(one: str) -> bool:
        tag = one.rpartition('"@')[2].lower() if one[0] == '"' and one[-1] not in '">' else ""
        return bool(tag) and any(tag == name or tag.startswith(f"{name}-") for name in known)

    return called("LanguageIn", test)


def unique_language() -> Whole:
    """Judge that no two values are in one language."""

    def offending(_: str, values: Sequence[str], __: Index) -> list[tuple[str | None, str | None]]:
        tags = Counter(v.rpartition('"@')[2] for v in values if v[0] == '"' and v[-1] not in '">')
        return [(None, None) for times in tags.values() if times > 1]

    return Whole(
        "UniqueLang",
        lambda writer, _, values: f"(len({values}) < 2 or not {writer.const(offending)}('', {values}, X))",
        offending,
    )


def count(name: str, term: str) -> Whole:
    """Judge how many values there are."""
    limit, least = number(term), name == "minCount"

    def every(_: Writer, __: str, values: str) -> str:
        if least:
            return values if limit == 1 else f"len({values}) >= {limit}"
        return f"len({values}) <= {limit}" if limit else f"not {values}"

    bounds = (limit, 2**63) if least else (0, limit)
    return Whole(name[0].upper() + name[1:], every, lambda *_: [(None, None)], bounds)


def has_value(term: str) -> Whole:
    """Judge that a term is among the values."""
    return Whole(
        "HasValue",
        lambda writer, _, values: f"{writer.const(term)} in {values}",
        lambda *_: [(None, None)],
    )


def equals(predicate: str) -> Whole:
    """Judge that another property has the same values."""

    def offending(focus: str, values: Sequence[str], index: Index) -> list[tuple[str | None, str | None]]:
        others = index.facts.get(focus, _NOTHING).get(predicate, [])
        return [(v, None) for v in (*values, *others) if v not in values or v not in others]

    return Whole(
        "Equals",
        lambda writer, focus, values: f"set({values}) == set({writer.other(focus, predicate)})",
        offending,
    )


def disjoint(predicate: str) -> Whole:
    """Judge that another property has none of the values."""

    def offending(focus: str, values: Sequence[str], index: Index) -> list[tuple[str | None, str | None]]:
        others = index.facts.get(focus, _NOTHING).get(predicate, ())
        return [(v, None) for v in values if v in others]

    return Whole(
        "Disjoint",
        lambda writer, focus, values: (
            f"(not {values} or set({values}).isdisjoint({writer.other(focus, predicate)}))"
        ),
        offending,
    )


def less(name: str, predicate: str) -> Whole:
    """Judge that each value is below, or not above, those of another property."""
    most = 0 if name == "lessThanOrEquals" else -1

    def offending(focus: str, values: Sequence[str], index: Index) -> list[tuple[str | None, str | None]]:
        others = index.facts.get(focus, _NOTHING).get(predicate, ())
        signs = [(v, order(v, other)) for v in values for other in others]
        return [(v, None) for v, sign in signs if sign is None or sign > most]

    def every(writer: Writer, focus: str, values: str) -> str:
        other = writer.other(focus, predicate)
        return f"(not {values} or not {other} or not {writer.const(offending)}({focus}, {values}, X))"

    return Whole(name[0].upper() + name[1:], every, offending)
