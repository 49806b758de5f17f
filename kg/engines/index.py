"""A graph of facts with what shapes look up in it besides: what points at a node, and its classes."""

from typing import Final

from kg.facts import Facts
from kg.namespaces import RDF, RDFS

TYPE: Final = f"<{RDF}type>"
SUBCLASS: Final = f"<{RDFS}subClassOf>"


class Index:
    """Looks up facts backwards and by class.

    Args:
        facts: the graph.
        flat: whether it is known to hold no hierarchy of classes.
    """

    __slots__ = ("_above", "_inverse", "facts", "flat")

    def __init__(self, facts: Facts, *, flat: bool = False) -> None:
        self.facts = facts
        self.flat = flat or not any(SUBCLASS in of_subject for of_subject in facts.values())
        self._inverse: dict[str, dict[str, list[str]]] = {}
        self._above: dict[str, tuple[str, ...]] = {}

    def inverse(self, predicate: str) -> dict[str, list[str]]:
        """Give, for each object of a property, its subjects."""
        found = self._inverse.get(predicate)
        if found is None:
            found = self._inverse[predicate] = {}
            for subject, of_subject in self.facts.items():
                for value in of_subject.get(predicate, ()):
                    if value in found:
                        found[value].append(subject)
                    else:
                        found[value] = [subject]
        return found

    def classes(self, types: list[str]) -> list[str]:
        """List classes with all that the graph says is above them."""
        if self.flat:
            return types
        return list(dict.fromkeys(name for kind in types for name in self._with_above(kind)))

    def isa(self, node: str, kind: str) -> bool:
        """Tell whether a node is an instance of a class."""
        types = self.facts.get(node, {}).get(TYPE)
        return types is not None and (kind in types or (not self.flat and kind in self.classes(types)))

    def instances(self, kind: str) -> list[str]:
        """List the instances of a class."""
        return [s for s, facts in self.facts.items() if TYPE in facts and kind in self.classes(facts[TYPE])]

    def _with_above(self, kind: str) -> tuple[str, ...]:
        if kind not in self._above:
            found, open_ = {kind: None}, [kind]
            while open_:
                for above in self.facts.get(open_.pop(), {}).get(SUBCLASS, ()):
                    if above not in found:
                        found[above] = None
                        open_.append(above)
            self._above[kind] = tuple(found)
        return self._above[kind]
