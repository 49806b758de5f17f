"""Draws the class diagram of a module as SVG, from what the files state."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from kg.namespaces import OWL, SKOS
from kg.site.catalogue import Catalogue
from kg.site.facts import short
from kg.site.layers import Layout, Point, layout
from kg.site.markup import Markup, join, tag
from kg.site.terms import Module, Term

#: Width of a character and height of a line, in pixels, of a monospaced font of 12 pixels.
CHARACTER: Final = 7.3
LINE: Final = 17.0
PADDING: Final = 8.0
#: Widest picture before boxes without edges go to the next row.
WIDTH: Final = 1080.0
_ROWS: Final = 9
_CHARACTERS: Final = 36


@dataclass(frozen=True, slots=True)
class _Box:
    iri: str
    name: str
    rows: tuple[str, ...]
    own: bool

    @property
    def size(self) -> tuple[float, float]:
        longest = max(len(text) for text in (self.name, *self.rows))
        rows = len(self.rows)
        return longest * CHARACTER + 2 * PADDING, LINE * (1 + rows) + (16 if rows else 10)


@dataclass(frozen=True, slots=True)
class _Edge:
    source: str
    target: str
    names: tuple[str, ...]

    @property
    def size(self) -> tuple[float, float]:
        if not self.names:
            return 14.0, 4.0
        return max(map(len, self.names)) * CHARACTER + 12, len(self.names) * (LINE - 2) + 6


def draw(catalogue: Catalogue, module: Module, href: Callable[[str], str | None]) -> Markup | None:
    """Draw the classes of a module, what is above them, and the properties between them.

    Args:
        catalogue: all terms.
        module: whose classes.
        href: IRI -> address of its page, None where it has none.

    Returns:
        An ``svg`` element with title and description; None for a module without classes.
    """
    edges = _edges(catalogue, module)
    drawn = {(name, edge.source) for edge in edges for name in edge.names}
    own = [term for term in module.terms if term.kind == "class"]
    named = dict.fromkeys([term.iri for term in own] + [e for x in edges for e in (x.source, x.target)])
    home = {term.iri for term in own}
    boxes = {iri: _box(catalogue, iri, iri in home, drawn) for iri in named}
    if not home:
        return None
    pieces: list[Markup] = []
    width = height = 0.0
    for group in _groups(boxes, edges):
        linked = [edge for edge in edges if edge.source in group]
        part = layout({iri: boxes[iri].size for iri in group}, [(e.source, e.target, e.size) for e in linked])
        pieces.append(_part(boxes, linked, part, height, href))
        width, height = max(width, part.size[0]), height + part.size[1] + 28
    alone = [boxes[iri] for iri in boxes if not any(iri in (e.source, e.target) for e in edges)]
    rows, across, down = _shelf(alone, max(width, 640.0), height, href)
    width, height = max(width, across), down
    return tag(
        "svg",
        tag("title", f"Classes of {module.title}", id="diagram-title"),
        tag("desc", _told(catalogue, edges, len(home)), id="diagram-desc"),
        _MARKERS,
        pieces,
        rows,
        class_="diagram",
        role="group",
        aria_labelledby="diagram-title diagram-desc",
        viewBox=f"-6 -6 {width + 12:.0f} {height + 12:.0f}",
        width=f"{width + 12:.0f}",
        height=f"{height + 12:.0f}",
        xmlns="http://www.w3.org/2000/svg",
    )


def _name(catalogue: Catalogue, iri: str) -> str:
    term = catalogue.by_iri.get(iri)
    return term.name if term else short(iri, catalogue.prefixes)


def _edges(catalogue: Catalogue, module: Module) -> list[_Edge]:
    found: dict[tuple[str, str, bool], list[str]] = {}
    for term in module.terms:
        if term.kind == "class":
            for parent in term.above:
                found.setdefault((parent, term.iri, True), [])
        elif term.kind == "object property":
            for source in term.domains:
                for target in term.ranges:
                    if source != target and target not in (SKOS + "Concept", OWL + "Thing"):
                        found.setdefault((source, target, False), []).append(term.name)
    return [_Edge(source, target, tuple(names)) for (source, target, _), names in found.items()]


def _box(catalogue: Catalogue, iri: str, own: bool, drawn: set[tuple[str, str]]) -> _Box:
    leaving = catalogue.leaving.get(iri, ()) if own else ()
    rows = [_row(catalogue, term) for term in leaving if (term.name, iri) not in drawn]
    if len(rows) > _ROWS + 1:
        rows = [*rows[:_ROWS], f"and {len(rows) - _ROWS} more"]
    return _Box(iri, _name(catalogue, iri), tuple(rows), own)


def _row(catalogue: Catalogue, term: Term) -> str:
    kinds = " | ".join(
        _name(catalogue, name).removeprefix("xsd:").removeprefix("skos:") for name in term.ranges
    )
    text = f"{term.name}: {kinds}" if kinds else term.name
    return text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…"


def _groups(boxes: Iterable[str], edges: Iterable[_Edge]) -> list[list[str]]:
    """Boxes that hang together, largest group first; those without edges are in none."""
    home = {iri: iri for iri in boxes}

    def root(iri: str) -> str:
        while home[iri] != iri:
            iri = home[iri]
        return iri

    for edge in edges:
        home[root(edge.source)] = root(edge.target)
    groups: dict[str, list[str]] = {}
    for iri in home:
        groups.setdefault(root(iri), []).append(iri)
    return sorted((group for group in groups.values() if len(group) > 1), key=lambda g: -len(g))


def _part(
    boxes: dict[str, _Box], edges: list[_Edge], part: Layout, top: float, href: Callable[[str], str | None]
) -> Markup:
    lines = [
        _line(edge, route, middle)
        for edge, route, middle in zip(edges, part.routes, part.labels, strict=True)
    ]
    drawn = [_rectangle(boxes[iri], centre, href) for iri, centre in part.boxes.items()]
    return tag("g", lines, drawn, transform=f"translate(0 {top:.1f})")


def _shelf(
    boxes: list[_Box], width: float, top: float, href: Callable[[str], str | None]
) -> tuple[list[Markup], float, float]:
    """Put boxes in rows, from ``top`` on; gives them, their width and where they end."""
    found: list[Markup] = []
    x, tallest, widest = 0.0, 0.0, 0.0
    for box in boxes:
        across, down = box.size
        if x and x + across > min(width, WIDTH):
            x, top, tallest = 0.0, top + tallest + 14, 0.0
        found.append(_rectangle(box, (x + across / 2, top + down / 2), href))
        x, tallest, widest = x + across + 14, max(tallest, down), max(widest, x + across)
    return found, widest, top + tallest


def _rectangle(box: _Box, centre: Point, href: Callable[[str], str | None]) -> Markup:
    width, height = box.size
    left, top = centre[0] - width / 2, centre[1] - height / 2
    head = tag("text", box.name, x=f"{left + PADDING:.1f}", y=f"{top + LINE:.1f}", class_="name")
    address = href(box.iri)
    rows = [
        tag("text", row, x=f"{left + PADDING:.1f}", y=f"{top + 7 + LINE * number:.1f}", class_="row")
        for number, row in enumerate(box.rows, start=2)
    ]
    rule = f"M{left:.1f} {top + LINE + 8:.1f}h{width:.1f}"
    frame = tag("rect", x=f"{left:.1f}", y=f"{top:.1f}", width=f"{width:.1f}", height=f"{height:.1f}", rx="4")
    return tag(
        "g",
        frame,
        tag("path", d=rule, class_="rule") if rows else None,
        tag("a", head, href=address) if address else head,
        rows,
        class_="box" if box.own else "box foreign",
    )


def _line(edge: _Edge, route: list[Point], middle: Point) -> Markup:
    if not edge.names:
        return tag("path", d=_path(_from_triangle(route)), class_="below", marker_start="url(#above)")
    path = _path(route)
    first = middle[1] - (len(edge.names) - 1) * (LINE - 2) / 2 + 4
    width, height = edge.size
    label = [
        tag("text", name, x=f"{middle[0]:.1f}", y=f"{first + number * (LINE - 2):.1f}", class_="edge")
        for number, name in enumerate(edge.names)
    ]
    ground = tag(
        "rect",
        x=f"{middle[0] - width / 2:.1f}",
        y=f"{middle[1] - height / 2:.1f}",
        width=f"{width:.1f}",
        height=f"{height:.1f}",
        class_="ground",
    )
    return join(tag("path", d=path, class_="link", marker_end="url(#to)"), ground, label)


def _path(route: list[Point]) -> str:
    path = f"M{route[0][0]:.1f} {route[0][1]:.1f}"
    for (x1, y1), (x2, y2) in pairwise(route):
        if abs(x2 - x1) + abs(y2 - y1) < 0.1:
            continue  # a piece without length has no direction, and the head at its end would point anywhere
        bend = (x1 + x2) / 2
        path += f"C{bend:.1f} {y1:.1f} {bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    return path


def _from_triangle(route: list[Point]) -> list[Point]:
    """Run straight for the length of the triangle, so that edges that share it do not cover it."""
    (x, y), *rest = route
    step = 13 if rest[-1][0] > x else -13
    return [(x, y), (x + step, y), *(point for point in rest if (point[0] - x) / step > 1)]


def _told(catalogue: Catalogue, edges: list[_Edge], count: int) -> str:
    said = [
        f"{_name(catalogue, e.source)} to {_name(catalogue, e.target)} by {', '.join(e.names)}"
        if e.names
        else f"{_name(catalogue, e.target)} is a {_name(catalogue, e.source)}"
        for e in edges
    ]
    return f"{count} classes. " + "; ".join(said) + ("." if said else "")


def _marker(name: str, kind: str, path: str, point: tuple[int, int], size: tuple[int, int]) -> Markup:
    """Make an arrow head: outline, the point that ends the line, side of the box and size shown."""
    (x, y), (box, shown) = point, size
    return tag(
        "marker",
        tag("path", d=path, class_=kind),
        id=name,
        viewBox=f"0 0 {box} {box}",
        refX=str(x),
        refY=str(y),
        markerWidth=str(shown),
        markerHeight=str(shown),
        markerUnits="userSpaceOnUse",
        orient="auto",
    )


_MARKERS: Final = tag(
    "defs",
    _marker("to", "head", "M1 1L11 6L1 11z", (11, 6), (12, 9)),
    _marker("above", "hollow", "M1 7L13 1L13 13z", (1, 7), (14, 13)),
)
