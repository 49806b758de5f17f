"""Answers of VENs that differ from an earlier one by names alone: checked once, then known by their bytes."""

import contextlib
import re
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from kg.errors import UsageError
from kg.ingest import Ingest
from kg.known import told
from kg.openadr.accepting import Accepting
from kg.openadr.template import Template
from kg.openadr.told import Message, Said
from kg.openadr.ven import Ven
from kg.work import Work

#: A name in an element that holds nothing else: visible ASCII, without what XML writes otherwise.
_NAME: Final = re.compile(rb"((?:venID|eventID|requestID)>)([!-%'-;=?-~]{1,512})(?=</)")
_TAGS: Final = (b"venID>", b"eventID>", b"requestID>")
#: Bytes of a message that a form is made of at most.
_MOST: Final = 8192
#: Forms that are kept, and forms that were seen once.
_KEPT: Final = 256

_ANSWER: Final = b"oadrCreatedEvent"


class Key(NamedTuple):
    """What messages of a form have in common.

    Attributes:
        around: what stands around the names.
        tags: what each name is of.
        order: which of the names stands where.
    """

    around: tuple[bytes, ...]
    tags: tuple[bytes, ...]
    order: tuple[int, ...]

    def filled(self, names: Sequence[str]) -> bytes:
        """Give the message with these names."""
        inner = (
            tag + names[n].encode() + rest
            for tag, n, rest in zip(self.tags, self.order, self.around[1:], strict=True)
        )
        return self.around[0] + b"".join(inner)


class Form:
    """Messages that are alike but for their names, by one of them.

    Args:
        work: one with marks for the names, checked by itself.
        answer: what accepts it.
        marks: the marks.

    Raises:
        UsageError: there are findings on it, or what it says is not to be told by its names.
    """

    def __init__(self, work: Work, answer: Work, marks: Sequence[str]) -> None:
        self._work, self._answer = Template(work, marks), Template(answer, marks)
        assert work.lifted is not None
        m = Message(work.lifted)
        at = {mark: place for place, mark in enumerate(marks)}
        self._said = m.said
        names = [m.one("venID"), *(one.event_id for one in self._said)]
        nodes = (*m.nodes("response"), *m.nodes("eventResponse"))
        asked = [m.text(node, "answersRequestID") for node in nodes]
        if not self._said or not at.keys() >= {*names, *asked} or told(m.message_type, m.facts):
            raise UsageError("its names do not tell what it says", cure="take the long way")
        self._ven, *self._events = (at[name] for name in names)
        self._asked = {at[name] for name in asked}

    def ven(self, texts: Sequence[str]) -> str:
        """Give the venID of the sender, of the names in a message."""
        return texts[self._ven]

    def said(self, texts: Sequence[str]) -> list[Said]:
        """Give what is said of events."""
        return [replace(one, event_id=texts[at]) for at, one in zip(self._events, self._said, strict=True)]

    def agrees(self, ven: Ven, texts: Sequence[str], now: datetime) -> bool:
        """Whether the rules across messages find nothing: it answers what the VEN was told last, and in time.

        Args:
            ven: the sender, which is registered.
            texts: the names in the message.
            now: the time.
        """
        last = ven.distributed
        if last is None or any(texts[at] != last.request_id for at in self._asked):
            return False
        for one in self.said(texts):
            event = ven.events.get(one.event_id)
            if event is None or str(event.number) != one.number or event.ven != ven.ven_id:
                return False
            if one.opt_type != "optIn" and (event.cancelled or event.over(now)):
                return False
        return True

    def work(self, data: bytes, texts: Sequence[str]) -> Work:
        """Give a message of this form with its answer, checked and not yet recorded."""
        filled = self._work.fill(*texts)
        return replace(filled, data=data, answer=self._answer.fill(*texts), patient=True)


class Forms:
    """Knows forms of oadrCreatedEvent by the messages that came.

    Args:
        ingest: checks messages.
        accepting: makes what accepts them.
    """

    def __init__(self, ingest: Ingest, accepting: Accepting) -> None:
        self._ingest, self._accepting = ingest, accepting
        self._known: OrderedDict[Key, Form | None] = OrderedDict()
        self._seen: OrderedDict[int, None] = OrderedDict()

    def find(self, data: bytes) -> tuple[Form, list[str]] | None:
        """Give the form of a message and the names in it; None where it is like none that is known."""
        parts = parts_of(data, _ANSWER)
        form = self._known.get(parts[0]) if parts is not None else None
        return (form, parts[1]) if parts is not None and form is not None else None

    def learn(self, data: bytes) -> None:
        """Take notice of an oadrCreatedEvent that was accepted; the second one of its kind makes its form."""
        parts = parts_of(data, _ANSWER)
        if parts is None or parts[0] in self._known:
            return
        key, names = parts
        if (seen := hash(key)) not in self._seen:  # most kinds come once
            self._seen[seen] = None
            if len(self._seen) > _KEPT:
                self._seen.popitem(last=False)
            return
        self._known[key] = self._made(key, len(names))
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)

    def _made(self, key: Key, names: int) -> Form | None:
        """Make the form of messages, with marks for their names; None where there is more to say of them."""
        marks = [f"{n:04}{uuid.uuid4().hex}" for n in range(names)]
        work = self._ingest.examine(key.filled(marks), "", "in")
        if work.report.message_type != "oadrCreatedEvent" or not work.report.conforms:
            return None
        answer = self._accepting(work)
        with contextlib.suppress(UsageError):  # findings on it would speak of the marks
            return Form(work, answer, marks) if answer is not None else None
        return None


def parts_of(data: bytes, kind: bytes) -> tuple[Key, list[str]] | None:
    """Part a message at its names.

    Args:
        data: the message.
        kind: what stands in messages of its type.

    Returns:
        What it has in common with others, and its names, each once; None where it is not of that type, or is
        long, has a comment or CDATA, or has names in another way.
    """
    if kind not in data or len(data) > _MOST or b"<!" in data:  # in a comment not every name is well-formed
        return None
    pieces = _NAME.split(data)
    texts = pieces[2::3]
    if not texts or sum(map(data.count, _TAGS)) != 2 * len(texts):
        return None
    names = list(dict.fromkeys(texts))
    key = Key(tuple(pieces[::3]), tuple(pieces[1::3]), tuple(map(names.index, texts)))
    return key, [name.decode() for name in names]
