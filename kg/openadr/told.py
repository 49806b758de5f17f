"""A message as those read it who act on it: the texts of its properties, and the events that it tells of."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import unquote

from kg.errors import UsageError
from kg.graphs import below, lexical
from kg.lift import Lifted
from kg.namespaces import FLEX
from kg.openadr.ven import Event
from kg.times import moment, seconds

#: What may differ between two messages that tell the same version of an event.
_PASSING: Final = tuple(f" <{FLEX}{name}> " for name in ("eventStatus", "currentValue"))


@dataclass(frozen=True, slots=True)
class Said:
    """What a VEN says of an event.

    Attributes:
        event_id: its eventID.
        number: its modificationNumber, as text.
        opt_type: optIn or optOut.
        code: the responseCode.
    """

    event_id: str
    number: str
    opt_type: str
    code: str


class Message:
    """A message that was lifted.

    Args:
        lifted: its graph.
        direction: received (``"in"``) or sent (``"out"``).
        seq: its row in the journal, 0 for none.
    """

    def __init__(self, lifted: Lifted, direction: str = "in", seq: int = 0) -> None:
        self.lifted, self.direction, self.seq = lifted, direction, seq
        self.message_type = lifted.message_type
        self.facts = lifted.facts
        self.message = f"<{lifted.message}>"

    def values(self, node: str, term: str) -> list[str]:
        """List the objects of a property of a node, N-Triples text."""
        return self.facts.get(node, {}).get(f"<{FLEX}{term}>", [])

    def nodes(self, term: str, node: str = "") -> list[str]:
        """List what a property of a node, or of the message, leads to."""
        return self.values(node or self.message, term)

    def text(self, node: str, term: str) -> str:
        """Give the text of a property; of a concept its notation."""
        found = next(iter(self.values(node, term)), "")
        return lexical(found) if found.startswith('"') else unquote(found[1:-1].rpartition("/")[2])

    def one(self, term: str) -> str:
        """Give the text of a property of the message, empty where it has none."""
        return self.text(self.message, term)

    @property
    def answers(self) -> str:
        """The requestID that the message answers."""
        return next((self.text(node, "answersRequestID") for node in self.nodes("response")), "")

    @property
    def code(self) -> str:
        """The responseCode of the message; 200 where it has none."""
        return next((self.text(node, "responseCode") for node in self.nodes("response")), "200")

    @property
    def said(self) -> list[Said]:
        """What an oadrCreatedEvent says of each event."""
        terms = ("eventID", "modificationNumber", "optType", "responseCode")
        return [Said(*(self.text(node, term) for term in terms)) for node in self.nodes("eventResponse")]

    @property
    def opts(self) -> dict[tuple[str, str], str]:
        """What the message says of events: eventID and modificationNumber -> optType."""
        said = {node: self.text(node, "optType") for node in self.facts}
        return {
            (name, self.text(node, "modificationNumber")): opt
            for node, opt in said.items()
            if opt and (name := self.text(node, "eventID"))
        }

    def now(self, version: str) -> list[str]:
        """Give the currentValue of each signal of a version."""
        return [self.text(signal, "currentValue") or "0" for signal in self.nodes("signal", version)]

    def versions(self) -> list[tuple[Event, tuple[str, ...]]]:
        """Read the events that an oadrDistributeEvent tells, each with what ``Ven.told`` has of it."""
        found = []
        for version in self.nodes("conveys"):
            event, status = self.event(version), self.text(version, "eventStatus")
            found.append((event, (event.event_id, str(event.number), status, *self.now(version))))
        return found

    def event(self, version: str) -> Event:
        """Read a version of an event."""
        known = {version, *self.nodes("versionOf", version)}
        lines = [
            line
            for line in self.lifted.lines
            if ((subject := line.split(" ", 1)[0]) in known or below(subject, version[1:-1]))
            and not any(term in line for term in _PASSING)
            and not line.startswith(f"{version} <{FLEX}position> ")
        ]
        start = moment(self.text(version, "startsAt"))
        if start is None:
            raise UsageError("the event has no start", where=version, cure="give one with a zone")
        end = self._end(version, start)
        steps = []
        for signal in self.nodes("signal", version):
            intervals = self.nodes("interval", signal)
            steps.append(self._steps(intervals, start))
        return Event(
            event_id=self.text(next(iter(self.nodes("versionOf", version)), ""), "eventID"),
            ven=next((name for t in self.nodes("target", version) if (name := self.text(t, "venID"))), ""),
            number=int(self.text(version, "modificationNumber")),
            lines=lines,
            starts_at=start,
            ends_at=end,
            ramp_up=timedelta(seconds=seconds(self.text(version, "rampUpDuration")) or 0),
            steps=steps,
            cancelled=self.text(version, "eventStatus") == "cancelled",
            required=self.text(version, "responseRequired") == "always",
            test=self.text(version, "testEvent") not in ("", "false"),
        )

    def _steps(self, intervals: list[str], start: datetime) -> list[tuple[datetime, datetime | None, str]]:
        """Give start, end and value of intervals that follow one another."""
        made = []
        at: datetime | None = start
        for one in intervals:
            begins = moment(self.text(one, "startsAt")) or at
            if begins is None:  # behind an interval with an open end
                break
            at = self._end(one, begins)
            made.append((begins, at, self.text(one, "value")))
        return made

    def _end(self, node: str, start: datetime) -> datetime | None:
        """Work out the end of a span; None for an open one."""
        length = seconds(self.text(node, "duration"))
        return start + timedelta(seconds=length) if length else None


def is_registering(lifted: Lifted | None) -> bool:
    """Whether a message asks for a registration, or about it."""
    return lifted is not None and lifted.message_type in (
        "oadrCreatePartyRegistration",
        "oadrQueryRegistration",
    )


def ven_of(lifted: Lifted) -> str:
    """Give the venID that a message states, empty where it states none."""
    return text_of(lifted, "venID")


def text_of(lifted: Lifted, term: str) -> str:
    """Give the text of a property of the message."""
    start = f"<{lifted.message}> <{FLEX}{term}> "
    return next((lexical(line[len(start) :]) for line in lifted.lines if line.startswith(start)), "")
