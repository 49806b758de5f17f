"""How SQL writes what columns hold: each form gives the text of a literal, and the term in SPARQL."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from kg.namespaces import XSD

#: Datatypes that are none: an IRI, a plain string, and a whole term.
IRI, STRING, TERM = "iri", "", "term"
INTEGER, DECIMAL = XSD + "integer", XSD + "decimal"


@dataclass(frozen=True, slots=True)
class Form:
    """A form of terms.

    Args:
        lexical: from a value in SQL to SQL of the text, spelt as the engine does; NULL where there is none.
        datatype: IRI of the datatype, or one of ``IRI`` and ``STRING``.
        bare: likewise to SQL of a number as SPARQL reads it without quotes; None where that is not possible.
        digits: after the point in what ``bare`` gives; 0 where that is the text of the literal.
    """

    lexical: Callable[[str], str]
    datatype: str
    bare: Callable[[str], str] | None = None
    digits: int = 0

    def column(self, value: str) -> str:
        """Write the cells of a column as one text in SQL, a line each, empty where there is none."""
        text = self.bare if self.bare is not None and self.digits else self.lexical
        return f"string_agg(coalesce({text(value)}, ''), chr(10))"

    def cells(self, text: str | None) -> "list[str | None]":
        r"""Read the cells of a column that came as one text; to hand over each takes longer.

        >>> MILLI.cells("100.000\n-1.250\n")
        ['100', '-1.25', None]
        """
        if text is None:
            return []
        if self.digits:
            text += "\n"
            for _ in range(self.digits):
                text = text.replace("0\n", "\n")
            text = text.replace(".\n", "\n")[:-1]
        cells: list[str | None] = [*text.split("\n")]
        return [cell or None for cell in cells] if "" in cells else cells

    def term(self, value: str) -> str:
        """Write a value in SQL as a term for VALUES."""
        if self.bare is not None:
            return f"coalesce({self.bare(value)}, 'UNDEF')"
        if self.datatype == IRI:
            return f"coalesce('<' || {self.lexical(value)} || '>', 'UNDEF')"
        end = f'"^^<{self.datatype}>' if self.datatype else '"'
        return f"coalesce('\"' || {self.lexical(value)} || '{end}', 'UNDEF')"


def decimal(digits: int) -> Form:
    """Give the form of whole numbers of thousandths, millionths, ... as decimals."""
    scale = f"{Decimal(1).scaleb(-digits):f}"

    def bare(number: str) -> str:
        return f"({number}::DECIMAL(32, 0) * {scale})::VARCHAR"

    def lexical(number: str) -> str:
        return f"rtrim(rtrim({bare(number)}, '0'), '.')"

    return Form(lexical, DECIMAL, bare, digits)


def cut(form: str) -> Form:
    """Give the form of times of which the beginning of their text is asked, as ``strftime`` has it."""
    return Form(lambda time: f"strftime({time}, '{form}')", STRING)


def texts(form: Form, value: str, separator: str, *, distinct: bool) -> str:
    """Write in SQL what puts the texts of values together, in the order of time where each stands there."""
    order = "" if distinct else " ORDER BY r.starts"
    return f"string_agg({'DISTINCT ' * distinct}{form.lexical(value)}, '{separator}'{order})"


def _moment(time: str) -> str:
    part = f"CASE WHEN epoch_us({time}) % 1000000 = 0 THEN '' ELSE rtrim(strftime({time}, '.%f'), '0') END"
    return f"strftime({time}, '%Y-%m-%dT%H:%M:%S') || {part} || 'Z'"


def _length(micros: str) -> str:
    day, second = 86_400_000_000, 1_000_000
    units = ((day, day * 10**6, "D"), (3_600 * second, day, "H"), (60 * second, 3_600 * second, "M"))
    days, hours, minutes = (
        f"CASE WHEN {micros} % {above} >= {unit} THEN ({micros} % {above}) // {unit} || '{name}' ELSE '' END"
        for unit, above, name in units
    )
    rest = f"{micros} % {60 * second}"
    seconds = (
        f"CASE WHEN {rest} = 0 THEN '' WHEN {rest} % {second} = 0 THEN {rest} // {second} || 'S'"
        f" ELSE rtrim(format('{{}}.{{:06d}}', {rest} // {second}, {rest} % {second}), '0') || 'S' END"
    )
    clock = f"CASE WHEN {micros} % {day} = 0 THEN '' ELSE 'T' || {hours} || {minutes} || {seconds} END"
    text = f"CASE WHEN {micros} = 0 THEN 'PT0S' ELSE 'P' || {days} || {clock} END"
    return f"CASE WHEN {micros} IS NULL THEN NULL ELSE {text} END"


def _whole(number: str) -> str:
    return f"{number}::VARCHAR"


def _quality(number: str) -> str:
    return f"(SELECT q.iri FROM qualities q WHERE q.id = {number})"


#: A text that is written already, a timestamp, a whole number, the number of a quality, microseconds.
TEXT = Form(lambda text: text, STRING)
MOMENT = Form(_moment, XSD + "dateTime")
NUMBER = Form(_whole, INTEGER, _whole)
QUALITY = Form(_quality, IRI)
LENGTH = Form(_length, XSD + "dayTimeDuration")
MILLI, MICRO = map(decimal, (3, 6))
