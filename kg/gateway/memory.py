"""What a gateway knows again after a restart: events, what was written, and an emergency stop."""

import logging
from dataclasses import replace
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
from kg.literals import segment
from kg.openadr.told import Message
from kg.rebuild import recorded
from kg.registry_entry import MESSAGE_TYPE, RegistryEntry, read_entry

_log = logging.getLogger("flexkg.gateway")
#: Name of the file whose presence says that an emergency stop is in force.
STOP: Final = "emergency-stop"
#: What a driver says of a write that a device took.
CONFIRMED: Final = "confirmed"
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

    def __init__(self, ingest: Ingest | None = None, plan: Plan | None = None, name: str = "") -> None:
        """Begin with nothing, or with what the journal of a gateway's own store has.

        Args:
            ingest: the gateway's store; None: nothing outlives the process.
            plan: the plan of the resource, for the points that were written.
            name: name of the resource, where there are several in one store.
        name: name of the resource, where there are several in one store.
        """
        self.past: dict[tuple[str, str], Past] = {}
        self.held: dict[tuple[str, str], str] = {}
        self.messages: list[Message] = []
        self.opts: dict[tuple[str, str], str] = {}
        #: device and point -> value and event of what was sent and not confirmed
        self._sent: dict[tuple[str, str], tuple[Decimal, str]] = {}
        self._file: Path | None = None
        self._limit_file: Path | None = None
        self.stopped = False
        self.limit: Limit | None = None
        if ingest is not None:
            folder, of = ingest.journal.directory.path, f"-{segment(name)}" if name else ""
            self._file, self._limit_file = folder / f"{STOP}{of}", folder / f"limit{of}.json"
            self.stopped = any(folder.glob(f"{STOP}*"))  # of whatever was behind it when it was stopped
            self.limit = load_limit(self._limit_file)
            self._restore(ingest, points_of(plan) if plan is not None else {})

    def _restore(self, ingest: Ingest, points: dict[tuple[str, str], Point]) -> None:
        for row in ingest.journal.rows(without=("oadrPoll", "oadrUpdateReport", "oadrUpdatedReport")):
            if row.message_type == MESSAGE_TYPE:
                payload = ingest.journal.payload(row.seq)
                entry = read_entry(payload) if payload is not None else None
                point = points.get((entry.device, entry.point)) if entry is not None else None
                if entry is not None and point is not None:
                    self._recall(entry, point)
            elif row.message_type in _TOLD and row.verdict == "conforms":
                record = recorded(ingest.journal, row)
                if record is not None and record.lifted is not None:
                    message = Message(record.lifted)
                    self.opts |= message.opts
                    if message.message_type == "oadrDistributeEvent":
                        self.messages.append(message)

    def _recall(self, entry: RegistryEntry, point: Point) -> None:
        """Follow an entry: what was sent counts as written from the confirmation on.

        Where none is recorded nobody knows what the point holds: it is written again, and the attempt counts
        in rates and numbers of writes.
        """
        at = datetime.fromisoformat(entry.at).timestamp()
        confirmed = entry.answer.endswith(CONFIRMED)
        if entry.step == "answer" and confirmed and point.key in self._sent:
            value, event = self._sent.pop(point.key)
            self.wrote(point, value, at, event, counts=False)
        elif entry.step in _WRITES and entry.value:
            event = entry.event or LIMIT
            if confirmed:  # a limit, or what was brought back after an opt-out: one entry says both
                self.wrote(point, Decimal(entry.value), at, event)
                return
            self._sent[point.key] = (Decimal(entry.value), event)
            past = self.past.get(point.key, Past()).after(Decimal(entry.value), at, point.span)
            self.past[point.key] = replace(past, value=None)
            self.held[point.key] = event

    def wrote(self, point: Point, value: Decimal, at: float, event: str, *, counts: bool = True) -> None:
        """Note a write that an event asked for, or that brought a point back.

        Where it does not count, it was counted when it was sent.
        """
        past = self.past.get(point.key, Past())
        self.past[point.key] = past.after(value, at, point.span) if counts else replace(past, value=value)
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
                if self._file.name == STOP:
                    self.clear_stops()
            sync(self._file.parent)
        except OSError as error:
            _log.error(
                "whether an emergency stop is in force is not on disk (%s): after a restart it is as before",
                error.strerror,
            )

    def clear_stops(self) -> None:
        """Forget the stops of all resources of the store, also of those that are there no more.

        Raises:
            OSError: the disk does not let it.
        """
        for file in self._file.parent.glob(f"{STOP}*") if self._file is not None else ():
            file.unlink(missing_ok=True)

    def set_limit(self, limit: Limit | None) -> None:
        """Note a limit, or its end; what is not on disk is told in the log and holds nothing up."""
        self.limit = limit
        if self._limit_file is not None:
            try:
                keep_limit(self._limit_file, limit)
            except OSError as error:
                _log.error("the limit is not on disk (%s): after a restart it is gone", error.strerror)
