"""The children of an element that are of one kind, lifted by moulds of the forms that they have.

A mould is made once elements of one kind were walked so often that it pays; one that has a form of its own,
or says more than its form, is walked as ever.
"""

import re
import threading
from collections.abc import Iterator
from typing import Any

from kg.markup import Markup, form, item_end, start_tag, written_name
from kg.moulds import Mould, mould
from kg.plan import Node, Plan
from kg.portions import MANY, Portions, Run, Undivided

#: What a mould costs, counted in elements that are walked; moulds kept for one kind; children that are few.
_COST, _KEPT, FEW = 24, 24, 4
#: What it costs at most, where those made before fit few of the elements that come.
_DEAREST = 16_384
#: Moulds of what is to be kept that one message has at once.
_EARLY = 8
_LOCK = threading.Lock()


class Kind:
    """The elements with one name, as it is written, that one plan walks; shared by all messages."""

    __slots__ = ("met", "moulds", "name", "price", "tag", "walked")

    def __init__(self, name: str) -> None:
        self.name = name
        self.tag: re.Pattern[str] = start_tag(name)
        self.moulds: tuple[Mould, ...] = ()
        #: elements met, and walked, since a mould was made; so many are walked before the next is made
        self.met = self.walked = 0
        self.price = _COST


class Casting:
    """Lifts children by moulds, for one message.

    Args:
        walk: the walk over it.
        data: the message as received.
        portions: takes many children of one kind, where they are not to be lifted yet.
    """

    __slots__ = ("_early", "_markup", "_walk", "portions", "used")

    def __init__(self, walk: Any, data: bytes, portions: Portions | None = None) -> None:
        self._walk, self._markup, self.portions = walk, Markup(data), portions
        #: moulds that may be made before it is known that they pay
        self._early = _EARLY
        #: whether any child was lifted so
        self.used = False

    def over(
        self,
        table: dict[str, Node],
        element: Any,
        subject: str,
        held: dict[str, list[str]],
        counters: list[int],
    ) -> Iterator[Any]:
        """Lift the children that moulds fit; give those that are to be walked, and None for each other."""
        name, run = "", None
        seen: set[str] = set()
        for child in element:
            if child.tag != name:
                name, run = child.tag, None
                node = table.get(name)
                plain = node is not None and len(node.starts) == 1 and not node.emits and not node.table
                if (
                    plain and node is not None and name not in seen
                ):  # where others are between, they are walked
                    seen.add(name)
                    run = self._run(node.starts[0], element, child, subject, held, counters)
            if run is None or not run.take(child):
                yield child
            else:
                yield None

    def _run(
        self,
        start: tuple[str, int, Plan, bool],
        element: Any,
        child: Any,
        subject: str,
        held: dict[str, list[str]],
        counters: list[int],
    ) -> "_Run | None":
        plan = start[2]
        if plan.grouped:
            return None
        written = written_name(child)
        kind = plan.moulds.get(written)
        if kind is None:
            with _LOCK:
                if len(plan.moulds) >= _KEPT:
                    del plan.moulds[next(iter(plan.moulds))]
                kind = plan.moulds.setdefault(written, Kind(written))
        if not kind.moulds and kind.walked < _COST and len(element) < _COST:
            kind.walked += len(element)
            return None
        kind.met += len(element)
        text, begin = self._markup.begin(element, child, kind.tag)
        if begin < 0:
            return None
        run = _Run(self, self._walk, kind, start, text, begin, subject, held, counters)
        if self.portions is not None and len(element) >= MANY:
            known = self._markup.data if text is self._markup.whole else text
            run.kept = Run(self.portions, subject, start[0], plan, element, child.tag, known, start[3])
            self.portions.runs.append(run.kept)
        return run

    def made(self, kind: Kind, plan: Plan, text: str, element: Any, *, kept: bool) -> Mould | None:
        """Make a mould of the form of an element, where that pays; some at once for what is to be kept."""
        kind.walked += 1
        self._early -= kept
        if kind.walked < kind.price and not (kept and self._early >= 0):
            return None
        paying = kind.walked * 4 < kind.met  # else each has a form of its own, or nearly
        kind.price = _COST if paying else min(2 * kind.price, _DEAREST)
        kind.met = kind.walked = 0
        found = form(text, element, self._walk.hollow)
        if found is None:
            return None
        new = mould(plan, element, *found, self._walk.ignored, self._walk.hollow)
        if new is not None:
            with _LOCK:
                kind.moulds = (new, *kind.moulds[: _KEPT - 1])
        return new


class _Run:
    """Children of one kind that follow one another."""

    def __init__(
        self,
        casting: Casting,
        walk: Any,
        kind: Kind,
        start: tuple[str, int, Plan, bool],
        text: str,
        place: int,
        subject: str,
        held: dict[str, list[str]],
        counters: list[int],
    ) -> None:
        self._casting, self._walk, self._kind, self._start = casting, walk, kind, start
        self._text, self._place, self._counters = text, place, counters
        self._parent, self._held = subject[1:-1], held
        #: the mould that fitted last, and what is outside of all these children that it reads
        self._last: Mould | None = None
        self._outside: tuple[str, ...] | None = None
        #: what takes the children, where they are not to be lifted yet; children that were met
        self.kept: Run | None = None
        self._met = -1
        self._items = walk.clock.items.setdefault(subject, []) if start[3] else None

    def take(self, child: Any) -> bool:
        """Lift one child, if a mould fits; False: it is to be walked."""
        place, self._met = self._place, self._met + 1
        if place < 0:
            return False
        text, moulds = self._text, self._kind.moulds
        for rank, one in enumerate(moulds):
            fits = one.match(text, place)
            if fits is not None:
                if rank:
                    self._kind.moulds = (one, *moulds[:rank], *moulds[rank + 1 :])
                break
        else:
            made = self._unfit(child)
            found = made.match(text, place) if made is not None else None
            if made is None or found is None:
                return False
            one, fits = made, found
        self._place = fits.end()
        if one is not self._last:
            self._last, self._outside = one, one.read(child)
        outside = self._outside
        if outside is None:
            return False
        predicate, counter, *_ = self._start
        position = self._counters[counter]
        if self.kept is not None and not (one.sequences and self.kept.sequenced):
            subject = self._keep(self.kept, one, fits.groups(), place, position, outside)
        else:
            subject = one.cast(self._walk, fits.groups(), self._parent, position, outside)
        if not subject:
            return False
        self._counters[counter] = position + 1
        self._casting.used = True
        if predicate in self._held:
            self._held[predicate].append(subject)
        else:
            self._held[predicate] = [subject]
        if self._items is not None:
            self._items.append(subject)
        return True

    def _keep(
        self,
        kept: Run,
        mould: Mould,
        texts: tuple[str, ...],
        begin: int,
        position: int,
        outside: tuple[str, ...],
    ) -> str:
        """Keep a child as text; gives its subject, empty where the message holds one of its subjects."""
        walk, named = self._walk, kept.portions.named
        made, names = mould.subjects(walk, texts, self._parent, position, outside)
        if made in walk.facts or any(name in walk.facts for name in names):
            return ""
        if not named.isdisjoint(names) or len(set(names)) < len(names):
            raise Undivided
        named.update(names)
        kept.keep(mould, outside, begin, position, self._met)
        return made

    def _unfit(self, child: Any) -> Mould | None:
        """Go on behind a child that no mould fits; gives a new one, where one is made of it."""
        kind, text = self._kind, self._text
        first = kind.tag.search(text, self._place)
        begin = -1 if first is None else first.start()
        if begin < 0 or text[self._place : begin].strip():
            self._place = -1
            return None
        end = self._place = item_end(text, begin, kind.name, kind.tag)
        if end < 0:
            return None
        return self._casting.made(kind, self._start[2], text[begin:end], child, kept=self.kept is not None)
