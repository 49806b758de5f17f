"""The source of a mould's function: the walk over an element, done once, by the rules of `kg.walk.Walk`.

In the source, ``W`` is the walk, ``G`` the texts of the leaves, ``p`` and ``i`` parent and position, ``O``
what is outside of the element, ``h`` what is said of a subject.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kg.literals import string
from kg.mould_terms import Refused, Terms
from kg.namespaces import FLEX
from kg.plan import CONCEPT, DURATION, PLAIN, START, Node, Open, Plan
from kg.references import listed, numbered, ordinal
from kg.times import Noted, seconds, shown_seconds

_DURATION = f"<{FLEX}duration>"
_EACH = f"<{FLEX}intervalDuration>"
_SECONDS = f"<{FLEX}seconds>"
_EMPTY = f"<{FLEX}emptyElement>"
#: Texts that are remembered for one converter.
_LIMIT = 4096

#: Say what an element says: the walk, its texts, the parent's IRI, the position, what is outside; gives the
#: subject, empty where the message holds one of the subjects already.
Cast = Callable[[Any, tuple[str, ...], str, int, tuple[str, ...]], str]
#: Give the subject, and all subjects of the element that are named by what it says, from the same.
Name = Callable[[Any, tuple[str, ...], str, int, tuple[str, ...]], tuple[str, tuple[str, ...]]]


class _Noted(dict[str, Noted]):
    """What a converter makes of a text, with what else is known of it; bounded."""

    def __init__(self, convert: Callable[[str], str]) -> None:
        self._convert = convert

    def __missing__(self, text: str) -> Noted:
        if len(self) >= _LIMIT:
            self.clear()
        value, length = self._convert(text), seconds(text)
        lost = not value.startswith(f'"{text}"') and "^^" in value
        told = None if length is None else [shown_seconds(length)]
        made = self[text] = [value], [string(text)] if lost else None, length, told
        return made


@lru_cache(maxsize=256)
def _noted(convert: Callable[[str], str]) -> Callable[[str], Noted]:
    return _Noted(convert).__getitem__


@dataclass(slots=True)
class _Frame:
    """A subject under way."""

    subject: str
    iri: str
    parent: str
    element: Any
    #: predicate -> expressions: of a value, and of a list that holds it alone, where there is one
    held: dict[str, list[tuple[str, str]]]
    counters: list[int]
    #: statements that come once what is said of the subject is at hand as ``h``
    late: list[str]
    #: subjects of its items, where it is a sequence
    items: list[str]


class Writer(Terms):
    """Writes the function for the elements that have the form of one.

    Args:
        top: the element.
        groups: the group of each leaf.
        ignored: names of elements that say nothing.
        hollow: those that say nothing because they are empty.
    """

    def __init__(
        self, top: Any, groups: dict[Any, int], ignored: frozenset[str], hollow: frozenset[str]
    ) -> None:
        super().__init__(top, groups, hollow)
        self.ignored = ignored
        self.frames: list[_Frame] = []
        #: statements that make subjects; variables of those with names of their own; places of the others
        self.subjects: list[str] = []
        self.named: list[str] = []
        self.paths: set[str] = set()
        self.lines: list[str] = []
        self.values = 0
        #: whether the element says when it starts
        self.stated = False

    def functions(self, plan: Plan) -> tuple[Cast, Name]:
        """Write the functions, and make them.

        Args:
            plan: the plan that walks the element.

        Raises:
            Refused: the element says what its form does not tell.
        """
        self._frame(plan, self.top, "p", None)
        texts = [f"({', '.join(f'g{n}' for n in range(len(self.groups)))},) = G"] if self.groups else []
        lines = ["def cast(W, G, p, i, O):", "    F = W.facts; T = W.clock; K = W.concepts.add"]
        lines += [f"    {line}" for line in [*texts, *self.subjects]]
        known = [f"{frame.subject} in F" for frame in self.frames]
        known += [f"{one} == {other}" for n, one in enumerate(self.named) for other in self.named[:n]]
        lines.append(f"    if {' or '.join(known)}: return ''")
        lines += [f"    {line}" for line in self.lines]
        for frame in self.frames:
            held = ", ".join(f"{self.name(p)}: {self._several(values)}" for p, values in frame.held.items())
            lines.append(f"    F[{frame.subject}] = {'h = ' if frame.late else ''}{{{held}}}")
            lines += [f"    {line}" for line in frame.late]
            if frame.items:
                lines.append(f"    T.items[{frame.subject}] = [{', '.join(frame.items)}]")
        lines.append(f"    return {self.frames[0].subject}")
        lines += ["def subjects(W, G, p, i, O):", *(f"    {line}" for line in [*texts, *self.subjects])]
        lines.append(f"    return {self.frames[0].subject}, ({''.join(f'{name}, ' for name in self.named)})")
        text = "\n".join(lines)
        exec(compile(text, "<mould>", "exec"), self.space)  # noqa: S102 # written here, of names of ours
        return self.space["cast"], self.space["subjects"]

    @staticmethod
    def _several(values: list[tuple[str, str]]) -> str:
        if len(values) == 1:
            return values[0][1]
        if all(one[0] == "s" for one, _ in values):  # subjects, which are not the same
            return f"[{', '.join(one for one, _ in values)}]"
        return f"list(dict.fromkeys(({', '.join(one for one, _ in values)})))"

    def _variable(self, expression: str) -> str:
        self.values += 1
        self.lines.append(f"v{self.values} = {expression}")
        return f"v{self.values}"

    def _constant(self, value: str) -> tuple[str, str]:
        return self.name(value), self.name([value])

    def _frame(self, plan: Plan, element: Any, parent: str, position: int | None) -> str:
        """Open a subject and walk its element; gives the variable of the subject."""
        if plan.grouped or len(self.frames) > 99:
            raise Refused
        number = len(self.frames)
        frame = _Frame(f"s{number}", f"q{number}", parent, element, {}, [0] * plan.counters, [], [])
        self.frames.append(frame)
        self._subject(plan, frame, position)
        for predicate, value in plan.constants:
            frame.held.setdefault(predicate, []).append(self._constant(value))
        for opened in plan.tagged.get(element.tag, plan.opens) if plan.tagged else plan.opens:
            self._opened(plan, opened, frame, position)
        for start in plan.same:
            self._child(frame, start, element)
        if plan.table:
            self._down(plan.table, element, frame)
        elif not plan.neighbour:
            self._closed(element)
        return frame.subject

    def _subject(self, plan: Plan, frame: _Frame, position: int | None) -> None:
        term = plan.mapping.subject
        head, *tails = term.parts
        place = "i" if position is None else str(position)
        if [ref.external for ref in term.refs] == ["_parent", "_position"]:
            path = f"{head}|{frame.parent}|{tails[0]}|{place}|{tails[1]}"
            if path in self.paths:
                raise Refused
            self.paths.add(path)
        else:
            self.named.append(frame.subject)
        text = self.iri(term, frame.element, frame.parent, place, plan.numbers)
        self.subjects += [f'{frame.iri} = f"{text}"', f'{frame.subject} = f"<{{{frame.iri}}}>"']

    def _opened(self, plan: Plan, opened: Open, frame: _Frame, position: int | None) -> None:
        """State what is known on reaching an element."""
        predicate, make, kind = opened
        if make is numbered and kind == PLAIN:
            made = self.name(ordinal if position is None else ordinal(position))
            made = f"{made}(i)" if position is None else made
            frame.held.setdefault(predicate, []).append((f"{made}[0]", made))
            return
        term, convert = plan.reads.get(make, (None, None))
        if term is None or kind not in (PLAIN, CONCEPT):
            raise Refused
        if convert is None:
            place = "i" if position is None else str(position)
            value = self._variable(f'f"<{self.iri(term, frame.element, frame.parent, place)}>"')
            frame.held.setdefault(predicate, []).append((value, f"[{value}]"))
            return
        text = self.read(term.refs[0], frame.element)
        if text is None:
            return
        if text.startswith("O"):
            outer = list(self.outside)[int(text[2:-1])]
            if self.told.setdefault(outer, self.outside[outer](self.top) is not None) is False:
                return
        self._value(frame, predicate, convert, kind, text)

    def _value(
        self, frame: _Frame, predicate: str, convert: Callable[[str], str], kind: int, text: str
    ) -> None:
        """State what a converter makes of a text."""
        held = frame.held.setdefault(predicate, [])
        if text in self.space:  # it never changes
            if kind not in (PLAIN, CONCEPT):
                raise Refused
            made = convert(self.space[text])
            held.append(self._constant(made))
            if kind == CONCEPT:
                self.lines.append(f"K({self.name(made)})")
            return
        lists = listed(convert)
        if kind in (PLAIN, CONCEPT):
            if lists is None:
                value = self._variable(f"{self.name(convert)}({text})")
                held.append((value, f"[{value}]"))
                return
            value = self._variable(f"{self.name(lists)}({text})")
            held.append((f"{value}[0]", value))
            if kind == CONCEPT:
                self.lines.append(f"K({value}[0])")
            return
        if held or predicate == _EACH:
            raise Refused
        if kind == START:
            self.stated |= frame is self.frames[0]
            self.lines.append(f"T.starts[{frame.subject}] = {text}.strip()")
            value = self._variable(f"{self.name(convert)}({text})")
            held.append((value, f"[{value}]"))
            return
        spelt = f"{predicate[:-1]}Text>"
        if spelt in frame.held:
            raise Refused
        value = self._variable(f"{self.name(_noted(convert))}({text})")
        held.append((f"{value}[0][0]", f"{value}[0]"))
        if kind == DURATION and predicate == _DURATION:
            frame.late.append(f"T.timed[{frame.subject}] = {value}")
            frame.late.append(f"if {value}[3]: h[{self.name(_SECONDS)}] = {value}[3]")
        frame.late.append(f"if {value}[1]: h[{self.name(spelt)}] = {value}[1]")

    def _child(self, frame: _Frame, start: tuple[str, int, Plan, bool], element: Any) -> None:
        """Start another mapping below a subject and link it."""
        predicate, counter, plan, sequenced = start
        position = frame.counters[counter]
        frame.counters[counter] = position + 1
        links = frame.held.setdefault(predicate, [])
        made = self._frame(plan, element, frame.iri, position)
        links.append((made, f"[{made}]"))
        if sequenced:
            frame.items.append(made)

    def _down(self, table: dict[str, Node], element: Any, frame: _Frame) -> None:
        """Walk the children of an element."""
        last = None
        for child in element:
            node = table.get(child.tag)
            if node is None:
                self._unknown(child)
                continue
            if node is last and node.path and not node.starts:
                raise Refused
            last = node
            while node is not None and node.through and len(child) == 1:
                child = child[0]
                inside = node.table.get(child.tag)
                if inside is None:
                    self._unknown(child)
                node = inside
            if node is not None:
                self._node(node, child, frame)

    def _node(self, node: Node, element: Any, frame: _Frame) -> None:
        for predicate, convert, kind in node.emits:
            self._value(frame, predicate, convert, kind, self.text(element))
        if node.leaf:
            return
        for start in node.starts:
            self._child(frame, start, element)
        if node.table:
            if len(element):
                self._down(node.table, element, frame)
            elif node.path and not node.emits and not node.starts:
                frame.held.setdefault(_EMPTY, []).append(self._constant(string(node.path)))
        elif node.mixed and node.emits and not node.starts:
            self._closed(element)

    def _unknown(self, element: Any) -> None:
        """Refuse an element that no mapping names."""
        if element.tag not in self.ignored or (element.tag in self.hollow and len(element)):
            raise Refused

    def _closed(self, element: Any) -> None:
        """Refuse children of an element that is taken for a leaf."""
        if any(child.tag not in self.ignored for child in element):
            raise Refused
