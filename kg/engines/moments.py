"""Order of moments and of lengths of time, as XML Schema defines it: some of them do not compare."""

import re
from datetime import datetime
from fractions import Fraction
from typing import Final

#: Seconds before or after, by which a moment without a zone may differ from what its text says.
_ZONES: Final = 14 * 3600
_MOMENT: Final = re.compile(
    r"(-?\d{4,})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(\.\d+)?)?(Z|([+-])(\d\d):(\d\d))?", re.ASCII
)
_TIME: Final = re.compile(r"(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|([+-])(\d\d):(\d\d))?", re.ASCII)
_LENGTH: Final = re.compile(
    r"(-?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII
)
#: The first days from which two lengths are counted, where months are to be compared with days.
_FROM: Final = ((1696, 9), (1697, 2), (1903, 3), (1903, 7))

#: Seconds from the year 0, and whether that is exact: whether the text has a zone.
Moment = tuple[int | Fraction, bool]
#: Months and seconds.
Length = tuple[int, int | Fraction]


def moment(text: str) -> Moment | None:
    """Read an ``xsd:dateTime`` or an ``xsd:date``; None for what is neither.

    >>> moment("2026-01-01T00:00:00Z") == moment("2026-01-01T01:00:00+01:00")
    True
    """
    if len(text) == 20 and text[4] == text[7] == "-" and text[10::9] == "TZ":  # as most are written
        try:
            here = datetime.fromisoformat(text[:-1])
        except ValueError:
            pass
        else:
            seconds = here.hour * 3600 + here.minute * 60 + here.second
            return (here.toordinal() + _ORDINAL) * 86400 + seconds, True
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(n or 0) for n in match.groups()[:6])
    total = _days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
    return _zoned(total, *match.groups()[6:])


def time(text: str) -> Moment | None:
    """Read an ``xsd:time`` as a moment of one day; None for what is none."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hour, minute, second = (int(n) for n in match.groups()[:3])
    return _zoned(hour * 3600 + minute * 60 + second, *match.groups()[3:])


def _zoned(
    total: int, part: str | None, zone: str | None, sign: str | None, hours: str | None, minutes: str | None
) -> Moment:
    exact = total + Fraction(part) if part else total
    if sign:
        off = int(hours or 0) * 3600 + int(minutes or 0) * 60
        exact = exact - off if sign == "+" else exact + off
    return exact, zone is not None


def length(text: str) -> Length | None:
    """Read an ``xsd:duration``; None for what is none.

    >>> length("P1Y2MT1M")
    (14, 60)
    """
    match = _LENGTH.fullmatch(text)
    if match is None:
        return None
    sign = -1 if match[1] else 1
    years, months, days, hours, minutes = (int(n or 0) for n in match.groups()[1:6])
    seconds = Fraction(match[7]) if match[7] and "." in match[7] else int(match[7] or 0)
    return sign * (years * 12 + months), sign * (days * 86400 + hours * 3600 + minutes * 60 + seconds)


def _days(year: int, month: int, day: int) -> int:
    """Count the days to a date of the Gregorian calendar, whatever its year."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year


def order(one: Moment, other: Moment) -> int | None:
    """Compare two moments.

    Returns:
        Below, at or above 0 for earlier, at once, later; None where a missing zone leaves it open.

    Source:
        XML Schema Part 2, section 3.2.7.4 (order relation on dateTime).

    >>> order(moment("2026-01-01T00:00:00Z"), moment("2026-01-01T09:00:00")) is None
    True
    """
    (here, zoned), (there, other_zoned) = one, other
    if zoned is other_zoned:
        return _sign(here - there)
    if zoned:
        return -1 if here < there - _ZONES else 1 if here > there + _ZONES else None
    return -1 if here + _ZONES < there else 1 if here - _ZONES > there else None


def order_of_lengths(one: Length, other: Length) -> int | None:
    """Compare two lengths of time; see ``order``.

    Source:
        XML Schema Part 2, section 3.2.6.2 (order relation on duration).

    >>> order_of_lengths(length("P1M"), length("P30D")) is None
    True
    """
    if one[0] == other[0]:
        return _sign(one[1] - other[1])
    signs = {_sign(_after(start, one) - _after(start, other)) for start in _FROM}
    return signs.pop() if len(signs) == 1 else None


def _after(start: tuple[int, int], length: Length) -> int | Fraction:
    years, month = divmod(start[1] - 1 + length[0], 12)
    return _days(start[0] + years, month + 1, 1) * 86400 + length[1]


#: Days to a date, beyond its number in Python's calendar.
_ORDINAL: Final = _days(1970, 1, 1) - datetime(1970, 1, 1).toordinal()


def _sign(number: int | Fraction) -> int:
    return (number > 0) - (number < 0)
