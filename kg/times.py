"""Works out when things start and end, from what a message says about starts and durations.

Written as triples: ``flex:startsAt`` where an item only follows the one before it, ``flex:endsAt`` where
start and length are known, ``flex:seconds`` for each length in days and smaller, ``flex:totalSeconds`` for
the sum of a sequence's items. A length of zero means an open end, a length in months or years has no seconds:
neither gives an end, and what follows them in a sequence gets no start.

So that a start which was worked out is told from one that the message states, ``flex:intervalStartsStated``
on a sequence says that each of its items came with a start, ``flex:startStated`` the same of one item.
Where a stated start is not the end of what comes before it, ``flex:gapSeconds`` says how far off it is.

Where a node says how long each of its items lasts (``flex:intervalDuration``), items without a length of
their own get that one; ``flex:durationStated`` marks those that have their own. A node in ``whole`` without a
length gets that of its sequences, where they all last as long.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

from kg.errors import UsageError
from kg.literals import duration, normal_duration
from kg.namespaces import FLEX, XSD

_LENGTH = re.compile(
    r"(-?)P(?:(\d{1,18})D)?(?:T(?:(\d{1,18})H)?(?:(\d{1,18})M)?(?:(\d{1,18})(?:\.\d+)?S)?)?", re.ASCII
)
_END = f"<{FLEX}endsAt>"
_START = f"<{FLEX}startsAt>"
_SECONDS = f"<{FLEX}seconds>"
_DURATION = f"<{FLEX}duration>"
_TOTAL = f"<{FLEX}totalSeconds>"
_GAP = f"<{FLEX}gapSeconds>"
_DECIMAL = f'"^^<{XSD}decimal>'
_STATED = f"<{FLEX}startStated>"
_OWN_LENGTH = f"<{FLEX}durationStated>"
_ALL_STATED = f"<{FLEX}intervalStartsStated>"
_TRUE = f'"true"^^<{XSD}boolean>'
_DATE_TIME = f'"^^<{XSD}dateTime>'
_INTEGER = f'"^^<{XSD}integer>'

#: A length as lift remembers it: the object, alone in a list; the text, where the object loses it; whole
#: seconds; the same as an object, alone in a list.
Noted = tuple[list[str], list[str] | None, int | None, list[str] | None]
#: Take a fact: subject, predicate and object as N-Triples.
Add = Callable[[str, str, str], None]


@lru_cache(maxsize=4096)
def seconds(text: str) -> int | None:
    """Length of a duration of the wire in seconds.

    Args:
        text: for example ``"PT15M"``; also the forms that ``kg.literals.normal_duration`` reads.

    Returns:
        Whole seconds, negative for a negative duration; None for no length, or one in months or years.

    >>> seconds("PT1H30M"), seconds("2W"), seconds("P1M")
    (5400, 1209600, None)
    """
    normal = normal_duration(text)
    match = _LENGTH.fullmatch(normal) if normal else None
    if match is None:
        return None
    days, hours, minutes, rest = (int(n or 0) for n in match.groups()[1:])
    total = days * 86400 + hours * 3600 + minutes * 60 + rest
    return -total if match[1] else total


def shown_seconds(length: int) -> str:
    """Write seconds as the object of a triple.

    >>> shown_seconds(900)
    '"900"^^<http://www.w3.org/2001/XMLSchema#integer>'
    """
    return f'"{length}{_INTEGER}'


def moment(text: str) -> datetime | None:
    """Read a date-time; 24:00:00 is the next day's start.

    Args:
        text: an ``xsd:dateTime`` with or without a zone.

    Returns:
        The time, without a zone where the text has none; None where it is no time of the years 1 to 9999, or
        the first day of them, by which OpenADR 3 means now.

    >>> moment("2026-12-31T24:00:00Z").isoformat()
    '2027-01-01T00:00:00+00:00'
    """
    if text.startswith("0001-01-01") or text[10:11] != "T":
        return None
    try:
        if text[10:13] == "T24":
            return datetime.fromisoformat(f"{text[:11]}00{text[13:]}") + timedelta(days=1)
        return datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None


def _text(value: datetime) -> str:
    text = value.isoformat()
    if value.tzinfo is UTC and not value.microsecond:
        return text[:-6] + "Z"
    if "." in text:
        head, _, tail = text.partition(".")
        digits, zone = tail[:6], tail[6:]
        text = f"{head}.{digits.rstrip('0')}{zone}" if digits.strip("0") else head + zone
    return text.replace("+00:00", "Z")


def _gap(end: datetime | None, start: datetime | None) -> str:
    """Seconds from an end to a start, negative for an overlap; empty where the two do not compare."""
    if end is None or start is None or (end.tzinfo is None) is not (start.tzinfo is None):
        return ""
    gap = start - end
    whole, rest = divmod(abs(gap), timedelta(seconds=1))
    sign = "-" if gap < timedelta() else ""
    return f"{sign}{whole}.{rest.microseconds:06}".rstrip("0").rstrip(".")


def _period(total: int) -> str:
    """Write seconds as a duration in its shortest form.

    >>> _period(93784)
    'P1DT2H3M4S'
    """
    days, rest = divmod(total, 86400)
    time = "".join(f"{n}{u}" for n, u in ((rest // 3600, "H"), (rest // 60 % 60, "M"), (rest % 60, "S")) if n)
    return "P" + (f"{days}D" if days else "") + (f"T{time}" if time else "")


class Kept(Protocol):
    """Items of a sequence that are lifted when they are reached, and let go afterwards."""

    #: how many of them say when they start
    stated: int

    def reach(self, subject: str) -> None:
        """Lift an item, where it is not."""

    def finish(self) -> None:
        """Let go what is lifted."""


class Clock:
    """Collects the times of one payload during the walk, then writes what follows from them."""

    __slots__ = ("each", "items", "kept", "lengths", "starts", "timed", "whole")

    def __init__(self) -> None:
        #: subject -> text of its start
        self.starts: dict[str, str] = {}
        #: subject -> text of its duration
        self.lengths: dict[str, str] = {}
        #: subject -> its length, where its seconds are stated already
        self.timed: dict[str, Noted] = {}
        #: subject of a sequence -> those of its items that are lifted a portion at a time
        self.kept: Mapping[str, Kept] = {}
        #: subject of a sequence or of a node with sequences -> its items, in order
        self.items: dict[str, list[str]] = {}
        #: subject -> text of the length that each of its items has
        self.each: dict[str, str] = {}
        #: subjects whose length is that of their sequences where they state none
        self.whole: set[str] = set()

    def complete(self, add: Add) -> None:
        """State everything that can be worked out."""
        starts, lengths = self.starts, self.lengths
        inner = {item for items in self.items.values() for item in items}
        for subject, text in self.each.items():
            self._spread(add, subject, text)
        for subject in self.whole:
            if subject in lengths:
                add(subject, _OWN_LENGTH, _TRUE)
                continue
            total = self._length(subject)
            if total:
                lengths[subject] = _period(total)
                add(subject, _DURATION, f'"{lengths[subject]}"^^<{XSD}duration>')
        for subject, text in lengths.items():
            length = seconds(text)
            if length is not None:
                add(subject, _SECONDS, shown_seconds(length))
            if subject not in inner and subject in starts:
                self._end(add, subject, moment(starts[subject]), length)
        for subject, noted in self.timed.items():
            if subject not in inner and subject in starts:
                self._end(add, subject, moment(starts[subject]), noted[2])
        for subject, items in self.items.items():
            if subject not in inner:
                begin = moment(starts[subject]) if subject in starts else None
                self._sequence(add, subject, items, begin)

    def _spread(self, add: Add, subject: str, text: str) -> None:
        """Give the items of a node, however deep, the length that each of them has."""
        for item in dict.fromkeys(self.items.get(subject, ())):
            if item in self.items:
                self._spread(add, item, text)
            elif item in self.lengths:
                add(item, _OWN_LENGTH, _TRUE)
            else:
                self.lengths[item] = text
                add(item, _DURATION, duration(text))

    def _length(self, subject: str) -> int | None:
        """Seconds that the items of a node take; None where its sequences differ or are not known."""
        items = list(dict.fromkeys(self.items.get(subject, ())))
        if any(item in self.items for item in items):
            found = {self._length(item) for item in items}
            return found.pop() if len(found) == 1 else None
        total = 0
        for item in items:
            length = None if item in self.starts else seconds(self.lengths.get(item, ""))
            if length is None or length < 0:
                return None
            total += length
        return total

    @staticmethod
    def _end(
        add: Add, subject: str, start: datetime | None, length: int | None
    ) -> tuple[datetime | None, str]:
        """State the end of a node; gives it, and as the object that it was stated with."""
        if start is None or not length or length < 0:
            return None, ""
        try:
            end = start + timedelta(seconds=length)
        except OverflowError:
            return None, ""
        shown = f'"{_text(end)}{_DATE_TIME}'
        add(subject, _END, shown)
        return end, shown

    def _sequence(self, add: Add, subject: str, items: list[str], begin: datetime | None) -> None:
        items = list(dict.fromkeys(items))  # a node met twice is one node
        cursor, total, known, shown = begin, 0, True, ""
        kept = self.kept.get(subject)
        stated = sum(item in self.starts for item in items) + (kept.stated if kept is not None else 0)
        whole = stated == len(items)
        if stated and whole:
            add(subject, _ALL_STATED, _TRUE)
        for item in items:
            if kept is not None:
                kept.reach(item)
            if not whole and item in self.starts:
                add(item, _STATED, _TRUE)
            if item in self.items:
                self._sequence(add, item, self.items[item], begin)
                known = False
                continue
            own = self.starts.get(item)
            start = moment(own) if own is not None else cursor
            if own is None and start is not None:
                add(item, _START, shown or f'"{_text(start)}{_DATE_TIME}')
            elif start != cursor and (gap := _gap(cursor, start)):
                add(item, _GAP, f'"{gap}{_DECIMAL}')
            noted = self.timed.get(item)
            if noted is not None:
                length = noted[2]
            else:
                text = self.lengths.get(item)
                length = None if text is None else seconds(text)
            cursor, shown = self._end(add, item, start, length)
            if length is None:
                known = False
            else:
                total += length
        if kept is not None:
            kept.finish()
        if known and items:
            add(subject, _TOTAL, f'"{total}{_INTEGER}')


def asked_time(text: str, where: str) -> datetime | None:
    """Read the time that a user wants messages compared with.

    Args:
        text: a date-time with a zone, ``"now"``, or empty for none.
        where: the option, for the message.

    Raises:
        UsageError: it is no time, or has no zone.
    """
    if text in ("", "now"):
        return datetime.now(UTC) if text else None
    time = moment(text)
    if time is None or time.tzinfo is None:
        raise UsageError(
            f"{text!r} is no time with a zone", where=where, cure="write it like 2026-11-23T17:00:00Z"
        )
    return time
