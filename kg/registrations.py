"""Registrations as the messages about them leave them: who is registered with whom, under which ID.

A registration outlives the messages that made it, so it is a node of its own, one for each pair of VEN and
VTN: registering again replaces it, a cancellation marks it.
"""

from dataclasses import dataclass, field

from kg.graphs import Change, Facts, GraphStore, lexical
from kg.literals import segment, string
from kg.namespaces import FLEX, ID, RDF

_TYPE = f"<{RDF}type>"
_HOLDS = f"<{FLEX}holdsRegistration>"
_CANCELLED = f"{FLEX}cancelledBy"
_ID = f"<{FLEX}registrationID>"
_CODE = f"<{FLEX}responseCode>"
_CANCELLATIONS = frozenset(
    f"<{FLEX}{name}>" for name in ("CancelPartyRegistration", "CanceledPartyRegistration")
)


@dataclass(slots=True)
class Registrations:
    """Works out what messages change of the registrations, several of them before any is written.

    Args:
        graphs: where the registrations stand.
    """

    graphs: GraphStore
    _held: dict[str, dict[str, str]] = field(default_factory=dict)

    def clear(self) -> None:
        """Forget what was worked out: everything is written now, or never will be."""
        self._held.clear()

    def note(self, facts: Facts, message: str, change: Change) -> None:
        """Add to a change what its message means for registrations.

        Args:
            facts: the message's graph.
            message: its IRI in angle brackets.
            change: what the message changes.
        """
        node = facts.get(message, {})
        kinds = node.get(_TYPE, ())
        ven, name = _text(node, "venID"), _text(node, "registrationID")
        if f"<{FLEX}CreatedPartyRegistration>" in kinds:
            vtn = _text(node, "vtnID")
            if ven and vtn and name and _granted(facts, node):
                self._register(ven, vtn, name, change)
        elif not _CANCELLATIONS.isdisjoint(kinds) and ven and name and _granted(facts, node):
            for registration, held in self._of(f"<{ID}party/{segment(ven)}>").items():
                if held == name:
                    change.unset.append((registration[1:-1], _CANCELLED))
                    change.lines.append(f"{registration} <{_CANCELLED}> {message} .")

    def _register(self, ven: str, vtn: str, name: str, change: Change) -> None:
        party = f"<{ID}party/{segment(ven)}>"
        registration = f"<{ID}registration/{segment(ven)}/{segment(vtn)}>"
        change.roots.append(registration[1:-1])
        change.lines.extend(
            [
                f"{party} {_HOLDS} {registration} .",
                f"{registration} {_TYPE} <{FLEX}Registration> .",
                f"{registration} <{FLEX}ven> {party} .",
                f"{registration} <{FLEX}vtn> <{ID}party/{segment(vtn)}> .",
                f"{registration} {_ID} {string(name)} .",
            ]
        )
        self._of(party)[registration] = name

    def _of(self, party: str) -> dict[str, str]:
        """Give the registrations that a party holds, and the ID of each."""
        if party not in self._held:
            self._held[party] = {
                held.object: lexical(name.object)
                for held in self.graphs.match(party, _HOLDS, None)
                for name in self.graphs.match(held.object, _ID, None)
            }
        return self._held[party]


def _granted(facts: Facts, node: dict[str, list[str]]) -> bool:
    """Whether the answer is no refusal; a request has none and counts."""
    codes = [
        code for status in node.get(f"<{FLEX}response>", ()) for code in facts.get(status, {}).get(_CODE, ())
    ]
    return all(code.rpartition("/")[2].startswith("2") for code in codes)


def _text(node: dict[str, list[str]], name: str) -> str:
    return next((lexical(value) for value in node.get(f"<{FLEX}{name}>", ())), "")
