"""Python source for shapes, and the functions made of it.

One function judges a focus node by all shapes that its classes call for: values of a path are looked up once,
and as long as a constraint is satisfied nothing is done but evaluating one expression. In the source, ``s``
is the focus, ``n`` what is said of it, ``N`` the facts by node, ``X`` the index, ``D`` and ``E`` stand for
nothing said and for no values.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from kg.engines.index import Index
from kg.engines.parts import Each, Shape, Whole
from kg.engines.paths import Path, forward, walk
from kg.engines.reach import Reach
from kg.engines.result import Result, bare

#: Judge a focus node: its name, what is said of it, the index, where results go.
Judge = Callable[[str, dict[str, list[str]], Index, list[Result]], None]

_NONE: Final[dict[str, list[str]]] = {}


class Source:
    """Writes functions over facts; constants are shared by all functions of one engine."""

    def __init__(self) -> None:
        self._space: dict[str, Any] = {"D": _NONE, "E": ()}
        self._names: dict[Any, str] = {}
        self._variables = 0
        self._walks: dict[Path, Any] = {}
        self._judges: dict[int, str] = {}
        #: what each function reads
        self.reaches: dict[Any, Reach] = {}
        self._reach = Reach()
        self._inner: dict[int, Reach] = {}
        self._lines: list[str] = []
        #: variables of the function under way that hold the values of a path of its focus
        self._held: dict[Path, str] = {}
        self._kept: list[object] = []

    def judge(self, shapes: Sequence[Shape]) -> Judge:
        """Make the function that judges a focus node by some shapes."""
        outer = self._lines, self._held, self._reach
        self._lines, self._held = ["def judge(s, n, X, out):", "    N = X.facts", "    f = (s,)"], {}
        reach = self._reach = Reach()
        try:
            for shape in shapes:
                self._judged(shape)
            text = "\n".join([*self._lines, ""])
        finally:
            self._lines, self._held, self._reach = outer
        judge: Judge = self._made(text, "judge")
        self.reaches[judge] = reach
        return judge

    def _made(self, text: str, name: str) -> Any:
        local: dict[str, Any] = {}
        exec(compile(text, "<shapes>", "exec"), self._space, local)  # noqa: S102 # written here, of names of ours
        return local[name]

    def _judged(self, shape: Shape) -> None:
        """Write the statements that judge the focus by a shape and by its property shapes."""
        if not shape.active:
            return
        values = "f" if shape.path is None else self._values(shape.path)
        told = {id(c): self.const(_Told(self, shape, c)) for c in shape.constraints}
        each = [c for c in shape.constraints if isinstance(c, Each)]
        if shape.path is not None and each:
            self._branched(shape, values, each, told)
        else:
            for constraint in shape.constraints:
                test = self._every(constraint, "s", values, shape)
                self._lines.append(f"    if not ({test}): {told[id(constraint)]}(s, {values}, X, out)")
        for child in shape.properties:
            if shape.path is None:
                self._judged(child)
                continue
            if id(child) not in self._judges:
                judge = self.judge([child])
                self._judges[id(child)], self._inner[id(child)] = self.const(judge), self.reaches[judge]
            self._reach.take(self._inner[id(child)])
            one = self.variable()
            self._lines.append(f"    for {one} in {values}:")
            self._lines.append(f"        {self._judges[id(child)]}({one}, N.get({one}, D), X, out)")

    def _branched(self, shape: Shape, values: str, each: list[Each], told: dict[int, str]) -> None:
        """Write the tests of a property that mostly has one value: then it is no sequence."""
        one = self.variable()
        single: list[tuple[Each | Whole, str]] = [(c, c.one(self, one)) for c in each]
        some: list[tuple[Each | Whole, str]] = []
        none: list[tuple[Each | Whole, str]] = []
        for constraint in shape.constraints:
            if isinstance(constraint, Each):
                some.append((constraint, self._every(constraint, "s", values, shape)))
                continue
            test = constraint.every(self, "s", values)
            if not constraint.count:
                single.append((constraint, test))
            elif constraint.count[0] > 1 or constraint.count[1] < 1:
                single.append((constraint, "False"))
            some.append((constraint, test))
            none.append((constraint, test))
        self._lines += [f"    if len({values}) == 1:", f"        {one} = {values}[0]"]
        for branch, tests in (("", single), (f"    elif {values}:", some), ("    else:", none)):
            if branch and tests:
                self._lines.append(branch)
            for constraint, test in tests:
                found = f"{told[id(constraint)]}(s, {values}, X, out)"
                self._lines.append(f"        if not ({test}): {found}")

    def _every(self, constraint: Each | Whole, focus: str, values: str, shape: Shape) -> str:
        if isinstance(constraint, Whole):
            return constraint.every(self, focus, values)
        if shape.path is None:
            return constraint.one(self, focus)
        if constraint.every is not None:
            return constraint.every(self, values)
        each = self.variable()
        return f"all([{constraint.one(self, each)} for {each} in {values}])"

    def fits(self, shape: Shape, node: str) -> str:
        """Write the expression that tells whether the node of a variable conforms to a shape."""
        if not shape.active:
            return "True"
        parts = []
        values = f"({node},)"
        if shape.path is not None:
            if node == "s":
                values = self._values(shape.path)
            else:
                values = self.variable()
                parts.append(f"[{values} := {self._walked(shape.path, node)}]")
        parts += [f"({self._every(c, node, values, shape)})" for c in shape.constraints]
        for child in shape.properties:
            if shape.path is None:
                parts.append(f"({self.fits(child, node)})")
            else:
                each = self.variable()
                parts.append(f"all([{self.fits(child, each)} for {each} in {values}])")
        return " and ".join(parts) if parts else "True"

    def other(self, node: str, predicate: str) -> str:
        """Write the expression for the values of another property of the node of a variable."""
        path = ("p", predicate)
        return self._values(path) if node == "s" and self._held is not None else self._walked(path, node)

    def _values(self, path: Path) -> str:
        """Give the variable that holds the values of a path of the focus."""
        path = forward(path)
        if path not in self._held:
            self._reach.follow(path, near=True)
            name = self._held[path] = self.variable()
            self._lines.append(f"    {name} = {self._from_focus(path)}")
        return self._held[path]

    def _from_focus(self, path: Path) -> str:
        mark, *parts = path
        if mark == "p":
            return f"n.get({self.const(parts[0])}, E)"
        if mark == "/":
            before = self._values(("/", *parts[:-1]) if len(parts) > 2 else parts[0])
            one, each, end = self._walked(parts[-1], f"{before}[0]"), self.variable(), self.variable()
            several = f"[{end} for {each} in {before} for {end} in {self._walked(parts[-1], each)}]"
            more = f"list(dict.fromkeys({several}))"
            return f"{one} if len({before}) == 1 else {more} if {before} else E"
        if mark == "|" and len(parts) == 2:
            one, other = self._values(parts[0]), self._values(parts[1])
            return f"{one} if {one} == {other} or not {other} else list(dict.fromkeys([*{one}, *{other}]))"
        return self._walked(path, "s")

    def _walked(self, path: Path, node: str) -> str:
        path = forward(path)
        self._reach.follow(path, near=False)
        if path[0] == "p":
            return f"N.get({node}, D).get({self.const(path[1])}, E)"
        if path[0] == "^":
            return f"X.inverse({self.const(path[1][1])}).get({node}, E)"
        return f"{self.const(self._walk(path))}({node}, X)"

    def reads(self, predicate: str) -> None:
        """Note that a property of other nodes than the focus is read; empty: all of them."""
        self._reach.far.add(predicate)

    def _walk(self, path: Path) -> Any:
        if path not in self._walks:
            self._walks[path] = walk(path)
        return self._walks[path]

    def variable(self) -> str:
        """Give a name that no variable has yet."""
        self._variables += 1
        return f"v{self._variables}"

    def const(self, value: object) -> str:
        """Give the name of a constant."""
        try:
            known = self._names.get(value)
        except TypeError:
            value, known = value, None
        if known is None:
            known = f"c{len(self._space)}"
            self._space[known] = value
            try:
                self._names[value] = known
            except TypeError:
                self._kept.append(value)
        return known

    def tells(self, constraint: Each) -> Callable[[str, str, Index], bool]:
        """Make the function that tells whether one value satisfies a constraint."""
        outer = self._lines, self._held
        self._lines, self._held = [], {}
        try:
            text = f"def tells(v, X):\n    N = X.facts\n    return {constraint.one(self, 'v')}\n"
        finally:
            self._lines, self._held = outer
        return self._made(text, "tells")  # type: ignore[no-any-return]


class _Told:
    """Makes the results of one failed constraint; the function for that is compiled when it first fails."""

    def __init__(self, source: Source, shape: Shape, constraint: Each | Whole) -> None:
        self._source, self._shape, self._constraint = source, shape, constraint
        self._tells: Any = None

    def __call__(self, focus: str, values: Sequence[str], index: Index, out: list[Result]) -> None:
        if isinstance(self._constraint, Whole):
            found = self._constraint.offending(focus, values, index)
        else:
            if self._tells is None:
                self._tells = self._source.tells(self._constraint)
            found = [(value, None) for value in values if not self._tells(value, index)]
        shape = self._shape
        for value, path in found:
            out.append(
                Result(
                    shape=shape.named,
                    focus=bare(focus),
                    path=path or shape.shown,
                    value="_:b" if value is not None and value[0] == "_" else value,
                    component=f"{self._constraint.component}ConstraintComponent",
                    severity=shape.severity,
                    message=shape.message,
                )
            )
