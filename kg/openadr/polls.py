"""Polls that are known: by their bytes, or by the form of a poll that was checked, with another venID."""

from collections import OrderedDict
from typing import Final
from uuid import uuid4

from kg.ingest import Ingest
from kg.openadr import distribution
from kg.openadr.forms import Key, parts_of
from kg.openadr.roster import Roster
from kg.openadr.template import fits
from kg.openadr.ven import Ven

#: Polls that are known by their bytes, and forms of polls.
_POLLS: Final = 20_000
_FORMS: Final = 256
_POLL: Final = b"oadrPoll"


class Polls:
    """Knows polls, and what is answered where there is no news.

    Args:
        ingest: checks them.
        roster: the VENs.
    """

    def __init__(self, ingest: Ingest, roster: Roster) -> None:
        self._ingest, self._roster = ingest, roster
        self._polls: OrderedDict[bytes, tuple[str, bytes]] = OrderedDict()
        #: venID -> the answer when there is no news
        self._idle: dict[str, bytes] = {}
        #: form -> whether such a poll conforms; None: it was seen once
        self._forms: OrderedDict[Key, bool | None] = OrderedDict()
        self._mark = uuid4().hex
        self._around = distribution.response("", self._mark).split(self._mark.encode())

    def find(self, data: bytes) -> tuple[Ven, bytes] | None:
        """Give who polls, and the answer when there is no news; None where the poll has to be checked.

        Args:
            data: the poll as received; one of a VEN that is not registered is not known.
        """
        known = self._polls.get(data)
        if known is not None:
            ven = self._roster.ven(known[0])
            return (ven, known[1]) if ven is not None else None
        parts = parts_of(data, _POLL)
        if parts is None or not self._forms.get(parts[0]):
            return None
        ven = self._roster.ven(parts[1][0])
        return (ven, self.keep(data, ven.ven_id)) if ven is not None else None

    def keep(self, data: bytes, name: str) -> bytes:
        """Know a poll by its bytes from now on; gives the answer when there is no news.

        Args:
            data: the poll, which conforms.
            name: venID of the VEN, which is registered.
        """
        idle = self.idle(name)
        self._polls[data] = (name, idle)
        if len(self._polls) > _POLLS:
            self._polls.popitem(last=False)
        return idle

    def learn(self, data: bytes) -> None:
        """Take notice of a poll that conforms; the second of its kind is checked with a mark as venID."""
        parts = parts_of(data, _POLL)
        if parts is None or self._forms.get(parts[0]) is not None:
            return
        key, _ = parts
        if key not in self._forms:
            self._forms[key] = None
        else:
            marked = key.filled([self._mark])
            report = self._ingest.examine(marked, "", "in").report
            self._forms[key] = report.conforms and not report.violations and len(key.tags) == 1
        if len(self._forms) > _FORMS:
            self._forms.popitem(last=False)

    def forget(self, name: str) -> None:
        """Know nothing of the polls of a VEN any more."""
        self._idle.pop(name, None)
        for data in [data for data, (ven, _) in list(self._polls.items()) if ven == name]:
            self._polls.pop(data, None)

    def idle(self, name: str) -> bytes:
        """Give the answer to a poll when there is no news."""
        made = self._idle.get(name)
        if made is None:
            plain = fits(name) and not set("&<>") & set(name)
            made = name.encode().join(self._around) if plain else distribution.response("", name)
            self._idle[name] = made
        return made
