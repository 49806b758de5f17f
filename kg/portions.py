"""Children of one kind that are kept as text, and lifted a portion at a time; what they say is then let go.

So a large message is checked in little more memory than its tree takes. Which child is where in the text is
known from the first look; only identifiers are kept that tell whether two children speak of one thing.
"""

from array import array
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from kg.moulds import Mould
from kg.plan import Plan
from kg.times import Clock

#: Children that are too few to be kept, and children in a portion.
MANY, _PORTION = 256, 256


class Undivided(Exception):
    """A message that has to be seen as a whole: parts of it speak of one thing."""


class Run:
    """Children of one kind below one parent.

    Args:
        portions: all that is kept of the message.
        parent: the subject of the parent, in angle brackets.
        predicate: what leads to the children.
        plan: how they are walked.
        element: the parent's element.
        tag: the name of the children.
        text: the text that they are in; bytes are ASCII.
        sequenced: whether they follow one another in time.
    """

    def __init__(
        self,
        portions: "Portions",
        parent: str,
        predicate: str,
        plan: Plan,
        element: Any,
        tag: str,
        text: str | bytes,
        sequenced: bool,
    ) -> None:
        self.portions, self.parent, self.predicate, self.plan = portions, parent, predicate, plan
        self._element, self._tag, self._text, self.sequenced = element, tag, text, sequenced
        self._moulds: list[tuple[Mould, tuple[str, ...]]] = []
        self._ranks: dict[int, int] = {}
        #: of each child that is kept: its mould, where it begins, its position, its place among the children
        self._which, self._begins = array("L"), array("q")
        self._positions, self._places = array("q"), array("q")
        self._walked: Iterator[Any] = iter(())
        self._passed = self._done = self._loaded = 0
        self._nodes: list[str] = []
        self._ends: list[int] = []
        #: how many of them say when they start
        self.stated = 0

    def __len__(self) -> int:
        return len(self._which)

    def keep(self, mould: Mould, outside: tuple[str, ...], begin: int, position: int, place: int) -> None:
        """Keep a child as text."""
        which = self._ranks.setdefault(id(mould), len(self._moulds))
        if which == len(self._moulds):
            self._moulds.append((mould, outside))
        self._which.append(which)
        self._begins.append(begin)
        self._positions.append(position)
        self._places.append(place)
        self.stated += mould.stated

    def reach(self, subject: str) -> None:
        """Lift the portion that begins with a child, where that is not lifted."""
        if subject not in self.portions.walk.facts:
            self.finish()
            self.load()

    def load(self) -> bool:
        """Lift the next portion; gives whether there was one."""
        walk = self.portions.walk
        facts, parent = walk.facts, self.parent[1:-1]
        before = len(facts)
        self._ends = []
        last = min(self._done + _PORTION, len(self))
        text, begin = self._text, 0
        if isinstance(text, bytes):
            begin = self._begins[self._done] if last > self._done else 0
            text = text[begin : self._begins[last] if last < len(self) else None].decode("ascii")
        for k in range(self._done, last):
            mould, outside = self._moulds[self._which[k]]
            fits = mould.match(text, self._begins[k] - begin)
            if fits is None or not mould.cast(walk, fits.groups(), parent, self._positions[k], outside):
                raise Undivided
            self._ends.append(len(facts) - before)
        self._nodes = list(islice(reversed(facts), len(facts) - before))[::-1]
        self._loaded = self._done + len(self._ends)
        return bool(self._ends)

    def finish(self) -> None:
        """Have what is lifted judged, and let it go."""
        if self._nodes:
            self.portions.judge(self, self._nodes)
            clock = self.portions.walk.clock
            for node in self._nodes:
                clock.starts.pop(node, None)
                clock.timed.pop(node, None)
        self._nodes, self._done = [], self._loaded

    def nodes_of(self, focus: set[str]) -> Iterator[tuple[int, Any]]:
        """Find the children of the portion that say something of some nodes, each with its position."""
        begin = 0
        for k, end in enumerate(self._ends, self._done):
            if not focus.isdisjoint(self._nodes[begin:end]):
                yield self._positions[k], self._child(self._places[k])
            begin = end

    def first(self) -> tuple[int, Any] | None:
        """Give the first child with its position, if it is kept."""
        if not len(self) or self._places[0]:
            return None
        return self._positions[0], next(self._element.iterchildren(self._tag))

    def links(self) -> list[str]:
        """List the children of the portion."""
        starts = [0, *self._ends[:-1]]
        return [self._nodes[start] for start in starts]

    def _child(self, place: int) -> Any:
        if not self._passed:
            self._walked = self._element.iterchildren(self._tag)
        found = next(islice(self._walked, place - self._passed, None))
        self._passed = place + 1
        return found


class Portions:
    """What is kept of one message.

    Args:
        judged: what judges the nodes of a portion: the run, the nodes; it takes them from the facts.
    """

    def __init__(self, judged: Callable[[Run, list[str]], None]) -> None:
        self.walk: Any = None
        self.runs: list[Run] = []
        #: subjects that are named by what the message says
        self.named: set[str] = set()
        self.judge = judged

    def run(self, walk: Any, clock: Clock) -> None:
        """Lift and have judged all that is kept, and work out the times of the message.

        Args:
            walk: the walk over the message.
            clock: its times.

        Raises:
            Undivided: the message has to be seen as a whole.
        """
        self.walk = walk
        self.runs = [run for run in self.runs if len(run)]
        if not self.named.isdisjoint(walk.facts) or any(run.parent in walk.twice for run in self.runs):
            raise Undivided
        clock.kept = {run.parent: run for run in self.runs if run.sequenced}
        if len(clock.kept) < sum(run.sequenced for run in self.runs):
            raise Undivided
        clock.complete(walk.add)
        for run in self.runs:
            while not run.sequenced:
                walk.clock = Clock()
                if not run.load():
                    break
                walk.clock.complete(walk.add)
                run.finish()
        walk.clock = clock
