"""The walk of one mapping written out as a Python function, so that each element costs what it needs.

What `kg.walk.Walk.start` does by tables, the function does by statements: the subject, what is known of it on
reaching its element, and a loop over the children with a branch for each name. What comes seldom (a subject
met twice, grouped mappings, deep nesting) is left to the walk. In the source, ``W`` is the walk, ``e`` the
element, ``p`` and ``i`` parent and position, ``s`` the subject, ``h`` what is said of it and ``C`` the
counters of positions.
"""

from collections.abc import Callable
from typing import Any

from kg.casting import FEW
from kg.plan import CONCEPT, PLAIN, Emit, Node, Plan, Start
from kg.references import listed, numbered, ordinal

#: Start a mapping: the walk, the element, the parent's IRI, the position; gives the subject.
Stride = Callable[[Any, Any, str, int], str]
#: Loops within one another, beyond which a table is left to the walk.
_DEEP = 12


def ready(plan: Plan) -> None:
    """Let a plan be walked by a function of its own, which is written when it is first needed."""

    def first(walk: Any, element: Any, parent: str, position: int) -> str:
        plan.run = plan.plainly if plan.grouped else _Writer(plan).function()
        return plan.run(walk, element, parent, position)

    plan.run = first


class _Writer:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.space: dict[str, Any] = {"plan": plan}
        self.lines: list[str] = []
        self.loops = 0

    def function(self) -> Stride:
        plan = self.plan
        self.put(0, "def stride(W, e, p, i):")
        self.put(1, f"s = {self.subject()}")
        self.put(1, "F = W.facts")
        self.put(1, "if s in F: return W.start(plan, e, p, i)")
        constants: dict[str, list[str]] = {}
        for predicate, value in plan.constants:
            constants.setdefault(predicate, []).append(value)
        self.put(1, f"h = F[s] = {self.name(constants)}.copy()")  # the lists are shared, and never changed
        self.put(1, "W.nodes[s] = (e, plan)")
        self.opens(constants)
        if plan.counters:
            self.put(1, f"C = [0] * {plan.counters}")
        else:
            self.put(1, "C = ()")
        if plan.same or plan.table:
            self.put(1, "q = s[1:-1]")
        for start in plan.same:
            self.start(1, start, "e")
        if plan.table:
            self.loop(1, plan.table, "e")
        elif not plan.neighbour:
            self.put(1, "if len(e): W.foreign(e)")
        self.put(1, "return s")
        exec(compile("\n".join(self.lines), "<walk>", "exec"), self.space)  # noqa: S102 # of names of ours
        made: Stride = self.space["stride"]
        return made

    def put(self, depth: int, line: str) -> None:
        self.lines.append("    " * depth + line)

    def name(self, value: object) -> str:
        found = f"c{len(self.space)}"
        self.space[found] = value
        return found

    def subject(self) -> str:
        term = self.plan.mapping.subject
        if [ref.external for ref in term.refs] == ["_parent", "_position"]:
            head, between, tail = (self.name(part) for part in term.parts)
            return f'f"<{{{head}}}{{p}}{{{between}}}{{i}}{{{tail}}}>"'
        return f'f"<{{{self.name(self.plan.subject)}(e, p, i, W.digest)}}>"'

    def opens(self, constants: dict[str, list[str]]) -> None:
        plan = self.plan
        if plan.tagged:
            tagged, opens = self.name(plan.tagged), self.name(plan.opens)
            self.put(1, f"for P, make, kind in {tagged}.get(e.tag, {opens}):")
            self.put(2, "v = make(e, p, i, W.digest)")
            self.put(2, "if v is not None: W.opened(kind, s, h, P, v)")
            return
        for predicate, make, kind in plan.opens:
            if make is numbered and kind == PLAIN and predicate not in constants:
                self.put(1, f"h[{self.name(predicate)}] = {self.name(ordinal)}(i)")
                continue
            self.put(1, f"v = {self.name(make)}(e, p, i, W.digest)")
            self.put(1, "if v is not None:")
            self.value(2, self.name(predicate), kind, "v[1 : v.rindex('\"')]", "W.alone(v)")

    def value(self, depth: int, predicate: str, kind: int, text: str, alone: str = "[v]") -> None:
        """State ``v``, and keep what later steps need of it."""
        self.put(depth, f"if {predicate} in h: W.put(h, {predicate}, v)")
        self.put(depth, f"else: h[{predicate}] = {alone}")
        self.kept(depth, predicate, kind, text, "v")

    def kept(self, depth: int, predicate: str, kind: int, text: str, value: str) -> None:
        """Keep what later steps need of a value."""
        if kind == CONCEPT:
            self.put(depth, f"W.concepts.add({value})")
        elif kind:
            self.put(depth, f"W.note({kind}, s, h, {predicate}, {value}, {text})")

    def emit(self, depth: int, emit: Emit, child: str) -> None:
        predicate, convert, kind = emit
        self.put(depth, f"x = {child}.text or ''")
        lists = listed(convert)
        if lists is not None:
            name = self.name(predicate)
            self.put(depth, f"L = {self.name(lists)}(x)")
            self.put(depth, f"if {name} in h: W.put(h, {name}, L[0])")
            self.put(depth, f"else: h[{name}] = L")
            self.kept(depth, name, kind, "x", "L[0]")
            return
        self.put(depth, f"v = {self.name(convert)}(x)")
        self.value(depth, self.name(predicate), kind, "x")

    def start(self, depth: int, start: Start, child: str) -> None:
        predicate, counter, plan, sequenced = start
        if plan.grouped:
            self.put(depth, f"W.child(s, h, C, {self.name(start)}, {child})")
            return
        name = self.name(predicate)
        self.put(depth, f"j = C[{counter}]")
        self.put(depth, f"C[{counter}] = j + 1")
        self.put(depth, f"if {name} not in h: h[{name}] = []")
        self.put(depth, f"m = {self.name(plan)}.run(W, {child}, q, j)")
        self.put(depth, f"h[{name}].append(m)")
        self.put(depth, f"if m in W.twice: W.again[id(h[{name}])] = (h, {name})")
        if sequenced:
            self.put(depth, "W.clock.items.setdefault(s, []).append(m)")

    def loop(self, depth: int, table: dict[str, Node], element: str) -> None:
        """Write the loop over the children of an element, with a branch for each name."""
        self.loops += 1
        number = self.loops
        child, last = f"e{number}", f"l{number}"
        numbers = self.name({tag: place for place, tag in enumerate(table)})
        repeats = any(node.path and not node.starts for node in table.values())
        if repeats:
            self.put(depth, f"{last} = -1")
        children = element
        if any(len(node.starts) == 1 and not node.emits and not node.table for node in table.values()):
            many = f"W.casting is not None and len({element}) > {FEW}"
            children = f"W.casting.over({self.name(table)}, {element}, s, h, C) if {many} else {element}"
        self.put(depth, f"for {child} in {children}:")
        if children != element:
            self.put(depth + 1, f"if {child} is None:{f' {last} = -1;' if repeats else ''} continue")
        self.put(depth + 1, f"k = {numbers}.get({child}.tag, -1)")
        self.put(depth + 1, f"if k < 0: W.unknown({child}); continue")
        if repeats:
            checked = frozenset(
                place for place, node in enumerate(table.values()) if node.path and not node.starts
            )
            again = "" if len(checked) == len(table) else f" and k in {self.name(checked)}"
            self.put(depth + 1, f"if k == {last}{again}: W.repeated.append({child})")
            self.put(depth + 1, f"{last} = k")
        mark = "if"
        for place, node in enumerate(table.values()):
            if not (node.emits or node.starts or node.table or node.mixed):
                continue
            self.put(depth + 1, f"{mark} k == {place}:")
            self.node(depth + 2, node, child)
            mark = "elif"

    def node(self, depth: int, node: Node, child: str) -> None:
        """Write what happens at an element of a name."""
        only = next(iter(node.table.values())) if node.through and len(node.table) == 1 else None
        if only is not None and not only.starts:
            ((tag, inner),) = node.table.items()
            self.loops += 1
            below = f"e{self.loops}"
            self.put(depth, f"if len({child}) == 1 and ({below} := {child}[0]).tag == {self.name(tag)}:")
            before = len(self.lines)
            self.node(depth + 1, inner, below)
            if len(self.lines) == before:
                self.put(depth + 1, "pass")
            self.put(depth, f"else: W.within({self.name(node)}, {child}, s, h, C)")
            return
        for emit in node.emits:
            self.emit(depth, emit, child)
        for start in node.starts:
            self.start(depth, start, child)
        if node.table:
            plain = bool(node.path) and not node.emits and not node.starts
            if depth > 3 * _DEEP:
                self.put(depth, f"W.within({self.name(node)}, {child}, s, h, C)")
            elif plain:
                self.put(depth, f"if not len({child}): W.within({self.name(node)}, {child}, s, h, C)")
                self.loop(depth, node.table, child)
            else:
                self.loop(depth, node.table, child)
        elif node.mixed and node.emits and not node.starts:
            self.put(depth, f"if len({child}): W.foreign({child})")
        elif not node.emits and not node.starts:
            self.put(depth, "pass")
