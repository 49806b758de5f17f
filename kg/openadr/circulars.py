"""What many VENs are told alike: made and checked once, then written out for each of them."""

import contextlib
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final

from kg.errors import UsageError
from kg.ingest import Ingest
from kg.literals import segment, string
from kg.namespaces import FLEX, ID
from kg.openadr import distribution
from kg.openadr.graph import new_id
from kg.openadr.template import Pattern, Template, fits
from kg.openadr.told import Message
from kg.openadr.ven import Event
from kg.work import Work

#: What stands in lines of the graph for the venID, and for the eventID.
VEN: Final = "b1c7d5f0a3e94c628f17d2be60a9c4e1"
EVENT: Final = "e4f20c9b7a6d4d13a85b30c7f19e82d5"
_VEN_ID: Final = f"<{FLEX}venID>"
_EVENT_ID: Final = f"<{FLEX}eventID>"
#: What a payload's graph says beside what was stated.
_FOLLOWS: Final = {f"<{FLEX}{name}>" for name in ("startsAt", "endsAt", "seconds", "totalSeconds")}
#: Templates that are kept: what was told last, and before.
_KEPT: Final = 64
#: Events in one message that are written by a template; more take the long way.
_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Circular:
    """A message that tells a VEN of events, checked and not yet recorded.

    Attributes:
        work: the message.
        request_id: its requestID.
        events: what it tells, as the roster is to have it; empty where that is to be read from it.
        told: likewise event by event, with statuses and current values; see ``kg.openadr.ven.Ven.told``.
    """

    work: Work
    request_id: str
    events: tuple[Event, ...] = ()
    told: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class _Mould:
    """A template with what it tells, events without their names."""

    template: Template
    events: tuple[Event, ...]
    told: tuple[tuple[str, ...], ...]

    def fill(self, texts: Sequence[str], count: int) -> Circular:
        """Give the message with names in it: requestID, venID, so many eventIDs, and what it answers."""
        ven, names = texts[1], texts[2 : count + 2]
        events = (copy_of(one, ven, name) for one, name in zip(self.events, names, strict=True))
        told = ((name, *rest) for (_, *rest), name in zip(self.told, names, strict=True))
        return Circular(self.template.fill(*texts), texts[0], tuple(events), tuple(told))


_Key = tuple[bool, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]]


class Circulars:
    """Makes oadrDistributeEvents; those that differ only by venID, eventIDs and requestID are checked once.

    Args:
        ingest: checks them.
        vtn_id: who sends them.
    """

    def __init__(self, ingest: Ingest, vtn_id: str) -> None:
        self._ingest, self._vtn_id = ingest, vtn_id
        self._made: OrderedDict[_Key, _Mould | None] = OrderedDict()

    def work(self, ven: str, events: Sequence[Event], now: datetime, answers: str | None = None) -> Circular:
        """Make the message that tells a VEN of events, checked and not yet recorded.

        Args:
            ven: its venID.
            events: every event that it is to know.
            now: the time that statuses and current values are told of.
            answers: requestID of the oadrRequestEvent that it answers.
        """
        known = sorted(events, key=lambda one: (one.starts_at, one.event_id))
        texts = [new_id("req"), ven, *(event.event_id for event in known)]
        texts += [] if answers is None else [answers]
        if 0 < len(known) <= _MOST and fits(*texts):
            mould = self._mould(known, now, answers is not None)
            if mould is not None:
                return mould.fill(texts, len(known))
        known = [replace(event, lines=lines_of(event)) for event in known]
        data = distribution.distribute(self._vtn_id, known, now, answers, texts[0])
        return Circular(self._ingest.examine(data, self._vtn_id), texts[0])

    def _mould(self, events: Sequence[Event], now: datetime, answers: bool) -> _Mould | None:
        """Give the template of such a message; None where there are findings on it, which name names."""
        key = (
            answers,
            tuple(
                (unnamed(event, self._vtn_id), (event.status(now), *event.current(now))) for event in events
            ),
        )
        if key in self._made:
            self._made.move_to_end(key)
            return self._made[key]
        # marks in the order of the events, since the message has them in the order of their eventIDs
        marks = [f"{n:04}{uuid.uuid4().hex}" for n in range(len(events) + 2 + answers)]
        request, ven, *names = marks[: len(events) + 2]
        marked = [
            replace(event, ven=ven, event_id=name, lines=Pattern(lines, (VEN, EVENT)).fill(ven, name))
            for event, name, (lines, _) in zip(events, names, key[1], strict=True)
        ]
        data = distribution.distribute(self._vtn_id, marked, now, marks[-1] if answers else None, request)
        made = None
        with contextlib.suppress(UsageError):  # there are findings, which say something about the marks
            work = self._ingest.examine(data, self._vtn_id)
            made = _Mould(Template(work, marks), *self._read(work))
        self._made[key] = made
        if len(self._made) > _KEPT:
            self._made.popitem(last=False)
        return made

    def _read(self, work: Work) -> tuple[tuple[Event, ...], tuple[tuple[str, ...], ...]]:
        """Read the events of a message, as the roster reads them, to be filled with names."""
        assert work.lifted is not None
        versions = Message(work.lifted).versions()
        for event, _ in versions:
            unnamed(event, self._vtn_id)
            event.lines = []
        return tuple(event for event, _ in versions), tuple(told for _, told in versions)


def copy_of(event: Event, ven: str, event_id: str) -> Event:
    """Give an event for another VEN, under another ID, by its form."""
    made = copy(event)
    made.ven, made.event_id = ven, event_id
    return made


def called_off(event: Event, form: tuple[str, ...]) -> Event:
    """Give the version of an event that calls it off, by its form."""
    made = copy_of(event, event.ven, event.event_id)
    made.number, made.cancelled, made.answer = event.number + 1, True, ""
    made.lines, made.form = [], form
    return made


def unnamed(event: Event, vtn_id: str) -> tuple[str, ...]:
    """Give what the graph says of a version of an event, with marks for its eventID and its VEN's venID.

    Args:
        event: the event.
        vtn_id: who issued it.
    """
    if event.form:
        return event.form
    base = f"<{ID}event/{segment(vtn_id)}/{segment(event.event_id)}"
    marked = f"<{ID}event/{segment(vtn_id)}/{EVENT}"
    party, own = f"<{ID}party/{segment(event.ven)}>", f"<{ID}party/{VEN}>"
    ids = {_VEN_ID: (string(event.ven), f'"{VEN}"'), _EVENT_ID: (string(event.event_id), f'"{EVENT}"')}

    def iri(term: str) -> str:
        if term == party:
            return own
        if term.startswith(base) and term[len(base)] in "/>":
            return marked + term[len(base) :]
        return term

    lines = []
    for line in event.lines:
        subject, predicate, value = line.removesuffix(" .").split(" ", 2)
        if predicate in ids and value == ids[predicate][0]:
            value = ids[predicate][1]
        elif value[0] == "<":
            value = iri(value)
        lines.append(f"{iri(subject)} {predicate} {value} .")
    event.form = tuple(lines)
    return event.form


def lines_of(event: Event) -> list[str]:
    """Give what the graph says of a version of an event; where its form is all there is, with its names."""
    return event.lines or _pattern(event.form).fill(event.ven, event.event_id)


@lru_cache(maxsize=64)
def _pattern(form: tuple[str, ...]) -> Pattern:
    return Pattern(form, (VEN, EVENT))


def same(known: Event, asked: Event) -> bool:
    """Whether what was issued is what is asked for; the graph of it has times beside, which follow."""
    wanted, issued = _essence(lines_of(asked)), _essence(lines_of(known))
    more = (line.split(" ", 2)[1] for line in issued - wanted)
    return wanted <= issued and _FOLLOWS.issuperset(more)


def _essence(lines: list[str]) -> set[str]:
    return {line for line in lines if "#createdAt>" not in line and "#modifiedAt>" not in line}
