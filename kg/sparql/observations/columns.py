"""What columns hold, as the terms that SPARQL shows."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from kg.literals import segment
from kg.namespaces import ID, XSD
from kg.readings import View

_SERIES = ID + "series/"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Cells:
    """Writes what columns hold as the terms that SPARQL shows.

    Args:
        view: the columns.
    """

    def __init__(self, view: View) -> None:
        self.view = view
        self._names: dict[int, tuple[str, str | None, str | None, str | None]] | None = None
        self._qualities: dict[int, str] | None = None
        self._times: dict[int, str] = {}

    @property
    def names(self) -> dict[int, tuple[str, str | None, str | None, str | None]]:
        """Series IRI, resource, property and unit by the number of the series."""
        if self._names is None:
            rows = self.view.rows("SELECT id, iri, resource, property, unit FROM names")
            self._names = {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}
        return self._names

    def series(self, number: int, column: str) -> str:
        """Write what is constant of a series; UNDEF where it is not known."""
        found = self.names[number][("series", "resource", "property", "unit").index(column)]
        return f"<{found}>" if found else "UNDEF"

    def quality(self, number: int) -> str:
        """Write a quality."""
        if self._qualities is None:
            self._qualities = dict(self.view.rows("SELECT id, iri FROM qualities"))
        return f"<{self._qualities[number]}>"

    def time(self, microseconds: int) -> str:
        """Write a time."""
        found = self._times.get(microseconds)
        if found is None:
            text = _text(microseconds)
            found = self._times[microseconds] = f'"{text}"^^<{XSD}dateTime>'
        return found

    def node(self, column: str, series: int, starts: int, length: int | None) -> str:
        """Write the IRI of an observation, its result or its span."""
        start = compact(starts)
        if column == "span":
            return f"<{ID}span/{start}/{compact(starts + (length or 0))}>"
        iri = self.names[series][0]
        rest = iri.removeprefix(_SERIES)
        rest = segment(rest) if rest == iri else rest
        return f"<{ID}observation/{rest}/{start}{'/result' if column == 'result' else ''}>"


def _text(microseconds: int) -> str:
    return (_EPOCH + timedelta(microseconds=microseconds)).isoformat().replace("+00:00", "Z")


def compact(microseconds: int) -> str:
    """Write a time as it stands in the IRI of an observation."""
    return _text(microseconds).replace("-", "").replace(":", "")


def number(value: Decimal) -> str:
    """Write a decimal so that it is one, and no integer.

    >>> number(Decimal("5")), number(Decimal("-0.50"))
    ('5.0', '-0.50')
    """
    text = format(value, "f")
    return text if "." in text else text + ".0"


def fraction(value: int, digits: int) -> str:
    """Write a whole number of thousandths, millionths, ... as a decimal.

    >>> fraction(1500, 3), fraction(-1, 6)
    ('1.500', '-0.000001')
    """
    sign, text = ("-" if value < 0 else ""), str(abs(value)).zfill(digits + 1)
    return f"{sign}{text[:-digits]}.{text[-digits:]}"
