"""The graph of one payload, with its ties to the tree that it was made from."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from kg import vocabulary
from kg.facts import Facts, facts_of, lines_of
from kg.namespaces import SKOS
from kg.plan import Plan
from kg.xpath import Siblings

_IN_SCHEME = f"<{SKOS}inScheme>"


class Lifted:
    """The graph of one payload.

    Args:
        message: IRI of the message.
        message_type: root element, for example ``"oadrDistributeEvent"``.
        profile: for example ``"2.0b"``.
        lines: the graph, where it is at hand as lines of N-Triples.

    Attributes:
        concepts: concept IRIs in angle brackets that the payload uses.
        unmapped: elements that no mapping names.
        repeated: elements that come again at once where the mapping knows one.
    """

    __slots__ = (
        "_facts",
        "_fill",
        "_lines",
        "_nodes",
        "concepts",
        "firsts",
        "message",
        "message_type",
        "profile",
        "repeated",
        "siblings",
        "unmapped",
        "walked",
    )

    def __init__(self, message: str, message_type: str, profile: str, lines: list[str] | None = None) -> None:
        self.message, self.message_type, self.profile = message, message_type, profile
        self._lines = lines
        self._fill: Callable[[], list[str]] | None = None
        self._facts: Facts | None = {} if lines is None else None
        self._nodes: dict[str, tuple[Any, Plan]] = {}
        #: walks the payload to find all nodes, where those in it are few of them
        self.walked: Callable[[], dict[str, tuple[Any, Plan]]] | None = None
        self.concepts: set[str] = set()
        self.unmapped: list[Any] = []
        #: what is remembered of elements with many siblings, to tell where they are
        self.siblings: Siblings = {}
        #: mapping and name -> element of that name -> the first below it that the mapping made a node of
        self.firsts: dict[tuple[str, str], dict[Any, Any]] = {}
        self.repeated: list[Any] = []

    @classmethod
    def filled(cls, message: str, message_type: str, profile: str, fill: Callable[[], list[str]]) -> "Lifted":
        """Give a graph whose lines are made when somebody wants them."""
        made = cls(message, message_type, profile, [])
        made._lines, made._fill = None, fill
        return made

    @property
    def nodes(self) -> dict[str, tuple[Any, Plan]]:
        """Subject IRI in angle brackets -> the element it was made from and the plan that made it."""
        if self.walked is not None:
            self._nodes, self.walked = self.walked(), None
        return self._nodes

    @property
    def top(self) -> Any:
        """The element that the message was made from; None where it is not at hand."""
        element, _ = next(iter(self._nodes.values()), (None, None))
        return element

    @property
    def facts(self) -> Facts:
        """The triples by subject and predicate; not to be changed once the payload is lifted."""
        if self._facts is None:
            self._facts = facts_of(self.lines)
        return self._facts

    @property
    def lines(self) -> list[str]:
        """The triples, each one line of N-Triples without its line feed; not to be changed in place."""
        if self._lines is None:
            self._lines = self._fill() if self._fill is not None else list(lines_of(self.facts))
        return self._lines

    @lines.setter
    def lines(self, lines: list[str]) -> None:
        self._lines, self._facts = lines, None

    @property
    def ntriples(self) -> str:
        """The payload's graph as N-Triples."""
        return "\n".join(self.lines) + "\n"

    def vocabulary(self) -> list[str]:
        """N-Triples lines that say, of each known concept in use, which scheme it belongs to."""
        return list(lines_of(self.schemes()))

    def schemes(self) -> Facts:
        """Say, of each known concept in use, which scheme it belongs to."""
        found = ((concept, scheme(concept)) for concept in self.concepts)
        return {concept: said for concept, said in found if said}


@lru_cache(maxsize=4096)
def scheme(concept: str) -> dict[str, list[str]]:
    """Say which scheme a concept belongs to; nothing where it is not known."""
    known = vocabulary.known(concept[1:-1])
    return {_IN_SCHEME: [f"<{known}>"]} if known else {}
