"""How far the functions of shapes reach: what they read of the focus node, and of other nodes."""

from dataclasses import dataclass, field

from kg.engines.paths import Path


@dataclass(slots=True)
class Reach:
    """What a function reads.

    Attributes:
        near: properties of the focus node.
        far: properties of other nodes; an empty one stands for all.
        back: properties that lead to a node.
    """

    near: set[str] = field(default_factory=set)
    far: set[str] = field(default_factory=set)
    back: set[str] = field(default_factory=set)

    def follow(self, path: Path, *, near: bool) -> None:
        """Note what a path reads, as `kg.engines.paths.forward` gives it.

        >>> reach = Reach()
        >>> reach.follow(("/", ("^", ("p", "<a:p>")), ("p", "<a:q>")), near=True)
        >>> reach.back, reach.near, reach.far
        ({'<a:p>'}, set(), {'<a:q>'})
        """
        mark, *parts = path
        if mark == "p":
            (self.near if near else self.far).add(parts[0])
        elif mark == "^":
            self.back.add(parts[0][1])
        elif mark == "/":
            for place, part in enumerate(parts):
                self.follow(part, near=near and not place)
        else:
            for part in parts:
                self.follow(part, near=near)
                if mark != "|":
                    self.follow(part, near=False)

    def take(self, inner: "Reach") -> None:
        """Note what a function reads that judges other nodes."""
        self.far |= inner.near | inner.far
        self.back |= inner.back
