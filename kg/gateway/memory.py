"""What a gateway knows again after a restart: events, what was written, and an emergency stop."""

import logging
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from kg.devices.commands import Past
from kg.devices.points import Point
from kg.devices.resources import Plan
from kg.directory import sync
from kg.gateway.limits import LIMIT, Limit, keep_limit, load_limit
from kg.gateway.points import points_of
from kg.ingest import Ingest
from kg.openadr.told import Message
from kg.rebuild import recorded
from kg.registry_entry import MESSAGE_TYPE, read_entry

_log = logging.getLogger("flexkg.gateway")
#: Name of the file whose presence says that an emergency stop is in force.
STOP: Final = "emergency-stop"
_WRITES: Final = ("command", "deviation", "limit")
_TOLD: Final = ("oadrDistributeEvent", "oadrCreatedEvent", "oadrCreateOpt")


class Memory:
    """What was told and done.

    Attributes:
        past: device and point -> what was written before.
        held: device and point -> the event that set it, where it is not at its safe value.
        messages: the messages that told of events, in their order.
        opts: what was answered: eventID and modificationNumber -> optType.
        stopped: whether an emergency stop is in force.
        limit: the limit that a grid operator set; None for none.
    """

    def __init__(self, ingest: Ingest | None = None, plan: Plan | None = None) -> None:
        """Begin with nothing, or with what the journal of a gateway's own store has.

        Args:
            ingest: the gateway's store; None: nothing outlives the process.
            plan: the plan of the resource, for the points that were written.
        """
        self.past: dict[tuple[str, str], Past] = {}
        self.held: dict[tuple[str, str], str] = {}
        self.messages: list[Message] = []
        self.opts: dict[tuple[str, str], str] = {}
        self._file: Path | None = None
        self.stopped = False
        self.limit: Limit | None = None
        if ingest is not None:
            self._file = ingest.journal.directory.path / STOP
            self.stopped = self._file.exists()
            self.limit = load_limit(self._file.parent)
            self._restore(ingest, points_of(plan) if plan is not None else {})

    def _restore(self, ingest: Ingest, points: dict[tuple[str, str], Point]) -> None:
        for row in ingest.journal.rows(without=("oadrPoll", "oadrUpdateReport", "oadrUpdatedReport")):
            if row.message_type == MESSAGE_TYPE:
                payload = ingest.journal.payload(row.seq)
                entry = read_entry(payload) if payload is not None else None
                point = points.get((entry.device, entry.point)) if entry is not None else None
                if entry is not None and point is not None and entry.value and entry.step in _WRITES:
                    at = datetime.fromisoformat(entry.at).timestamp()
                    self.wrote(point, Decimal(entry.value), at, entry.event or LIMIT)
            elif row.message_type in _TOLD and row.verdict == "conforms":
                record = recorded(ingest.journal, row)
                if record is not None and record.lifted is not None:
                    message = Message(record.lifted)
                    self.opts |= message.opts
                    if message.message_type == "oadrDistributeEvent":
                        self.messages.append(message)

    def wrote(self, point: Point, value: Decimal, at: float, event: str) -> None:
        """Note a write that an event asked for, or that brought a point back."""
        self.past[point.key] = self.past.get(point.key, Past()).after(value, at, point.span)
        if value == point.safe:
            self.held.pop(point.key, None)
        else:
            self.held[point.key] = event

    def stop(self, on: bool) -> None:
        """Note an emergency stop, or its end; on disk on return.

        A disk that cannot be written is told in the log and holds nothing up.
        """
        self.stopped = on
        if self._file is None:
            return
        try:
            if on:
                self._file.touch()
            else:
                self._file.unlink(missing_ok=True)
            sync(self._file.parent)
        except OSError as error:
            _log.error(
                "whether an emergency stop is in force is not on disk (%s): after a restart it is as before",
                error.strerror,
            )

    def set_limit(self, limit: Limit | None) -> None:
        """Note a limit, or its end; what is not on disk is told in the log and holds nothing up."""
        self.limit = limit
        if self._file is not None:
            try:
                keep_limit(self._file.parent, limit)
            except OSError as error:
                _log.error("the limit is not on disk (%s): after a restart it is gone", error.strerror)
