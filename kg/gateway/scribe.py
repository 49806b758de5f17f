"""Writes down what a gateway does: entries of the activation registry, to every place where it keeps them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from kg.gateway.duty import Duty
from kg.gateway.records import Record
from kg.registry_entry import RegistryEntry, Step


class Scribe:
    """Makes entries.

    Args:
        ven: venID of the gateway.
        on_behalf_of: party in whose name it acts.
        records: where entries go.
        resource: whose entries they are, where the VEN has several; empty: all that is behind it.
    """

    def __init__(self, ven: str, on_behalf_of: str, records: Sequence[Record], resource: str = "") -> None:
        self._ven, self._behalf, self._records = ven, on_behalf_of, records
        self._resource = resource

    def note(self, duty: Duty, step: Step, **more: str) -> None:
        """Note a step of an event."""
        event = {"vtn": duty.vtn, "event": duty.event.event_id, "number": duty.event.number}
        self._keep(step, on_behalf_of=self._behalf, resource=self._resource, **event, **more)

    def intervene(self, step: Step, by: str, **more: str) -> None:
        """Note what is of no event: an emergency, or a limit; ``by`` whom it was asked."""
        self._keep(step, on_behalf_of=by, **more)

    def _keep(self, step: Step, **stated: object) -> None:
        at = datetime.now(UTC).isoformat()
        entry = RegistryEntry.made(step=step, ven=self._ven, agent=self._ven, at=at, **stated)
        for record in self._records:
            record.keep(entry)
