"""Lays out a directed graph in columns, from left to right, with room for the labels of its edges.

Each edge gets a vertex of its own in every column that it passes, as wide and high as its label, so that no
label lies on a box or on another label. Columns are ordered by the median of the neighbours, and heights are
found by least squares under that order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

Size = tuple[float, float]
Point = tuple[float, float]
Vertex = str | tuple[int, int]

#: Space between boxes above each other, between columns, and the height of an edge without label.
GAP_Y: Final = 14.0
GAP_X: Final = 30.0
BARE: Final = (0.0, 4.0)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are.

    Attributes:
        boxes: name -> centre.
        routes: for each edge, in the order given: its points from source to target.
        labels: for each edge: the centre of its label.
        size: width and height of all.
    """

    boxes: dict[str, Point]
    routes: list[list[Point]]
    labels: list[Point]
    size: Size


def layout(boxes: Mapping[str, Size], edges: Sequence[tuple[str, str, Size]]) -> Layout:
    """Lay out boxes and edges.

    Args:
        boxes: name -> width and height.
        edges: source, target and the size of the label; source and target differ.

    Returns:
        Places, with the upper left corner of all at 0, 0.
    """
    links = _forward(list(boxes), [(source, target) for source, target, _ in edges])
    ranks = _ranks(list(boxes), links)
    sizes: dict[Vertex, Size] = dict(boxes.items())
    column: dict[Vertex, int] = {name: 2 * rank for name, rank in ranks.items()}
    chains: list[list[Vertex]] = []
    for number, (source, target) in enumerate(links):
        chain: list[Vertex] = [source]
        for place in range(column[source] + 1, column[target]):
            vertex: Vertex = (number, place)
            column[vertex] = place
            sizes[vertex] = edges[number][2] if place == column[source] + 1 else BARE
            chain.append(vertex)
        chains.append([*chain, target])
    columns = _ordered(column, chains)
    spans = _across(columns, sizes)
    y = _heights(columns, sizes, chains)
    top = min(y[v] - sizes[v][1] / 2 for v in y)
    height = max(y[v] + sizes[v][1] / 2 for v in y) - top
    ports = _ports(chains, [size[1] > BARE[1] for _, _, size in edges], sizes, y)
    routes, labels = [], []
    for number, chain in enumerate(chains):
        first, last, leaves, enters = chain[0], chain[-1], *ports[number]
        points = [(spans[first][0] + sizes[first][0], leaves - top), (spans[first][1], leaves - top)]
        for stop in chain[1:-1]:
            points += [(side, y[stop] - top) for side in spans[stop]]
        points.append((spans[last][0], enters - top))
        routes.append(points if edges[number][0] == first else points[::-1])
        labels.append((sum(spans[chain[1]]) / 2, y[chain[1]] - top))
    width = max(right for _, right in spans.values())
    centres = {name: (spans[name][0] + boxes[name][0] / 2, y[name] - top) for name in boxes}
    return Layout(centres, routes, labels, (width, height))


def _forward(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Turn round the edges that close a cycle."""
    after: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        after[source].append(target)
    arriving = {target for _, target in edges}
    rank: dict[str, int] = {}

    def visit(name: str) -> None:
        rank[name] = -1
        for follower in after[name]:
            if follower not in rank:
                visit(follower)
        rank[name] = len([r for r in rank.values() if r >= 0])

    for name in sorted(names, key=lambda name: name in arriving):
        if name not in rank:
            visit(name)
    return [(a, b) if rank[a] > rank[b] else (b, a) for a, b in edges]


def _ranks(names: Sequence[str], links: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Column of each box: edges lead to the right; what nothing leads to stands next to what follows it."""
    ranks = dict.fromkeys(names, 0)
    for _ in names:
        for source, target in links:
            ranks[target] = max(ranks[target], ranks[source] + 1)
    entered = {target for _, target in links}
    for name in names:
        following = [ranks[target] for source, target in links if source == name]
        if following and name not in entered:
            ranks[name] = min(following) - 1
    return ranks


def _ordered(column: Mapping[Vertex, int], chains: Iterable[Sequence[Vertex]]) -> list[list[Vertex]]:
    columns: list[list[Vertex]] = [[] for _ in range(max(column.values()) + 1)]
    for vertex, place in column.items():
        columns[place].append(vertex)
    before: dict[Vertex, list[Vertex]] = {vertex: [] for vertex in column}
    behind: dict[Vertex, list[Vertex]] = {vertex: [] for vertex in column}
    for chain in chains:
        for left, right in pairwise(chain):
            behind[left].append(right)
            before[right].append(left)
    best, fewest = [list(one) for one in columns], _crossings(columns, behind)
    for sweep in range(12):
        near, order = (before, columns) if sweep % 2 == 0 else (behind, columns[::-1])
        where = {v: n / max(len(one), 1) for one in columns for n, v in enumerate(one)}
        for one in order:
            weight = {v: _middle([where[n] for n in near[v]], where[v]) for v in one}
            one.sort(key=weight.__getitem__)
            where |= {v: n / max(len(one), 1) for n, v in enumerate(one)}
        crossings = _crossings(columns, behind)
        if crossings < fewest:
            best, fewest = [list(one) for one in columns], crossings
    return best


def _middle(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _crossings(columns: Sequence[Sequence[Vertex]], behind: Mapping[Vertex, Sequence[Vertex]]) -> int:
    total = 0
    for one, following in pairwise(columns):
        place = {vertex: number for number, vertex in enumerate(following)}
        ends = [place[target] for vertex in one for target in sorted(behind[vertex], key=place.__getitem__)]
        total += sum(a > b for number, a in enumerate(ends) for b in ends[number + 1 :])
    return total


def _across(columns: Sequence[Sequence[Vertex]], sizes: Mapping[Vertex, Size]) -> dict[Vertex, Point]:
    """Left and right end of the column of each vertex; boxes stand at its left end."""
    spans: dict[Vertex, Point] = {}
    left = 0.0
    for one in columns:
        right = left + max((sizes[vertex][0] for vertex in one), default=0.0)
        spans |= dict.fromkeys(one, (left, right))
        left = right + GAP_X
    return spans


def _ports(
    chains: Sequence[Sequence[Vertex]],
    labelled: Sequence[bool],
    sizes: Mapping[Vertex, Size],
    y: Mapping[Vertex, float],
) -> list[tuple[float, float]]:
    """Where each edge leaves its source and enters its target: spread over the side, bare ones together."""
    sides: dict[tuple[Vertex, int], dict[int, list[tuple[float, int]]]] = {}
    for number, chain in enumerate(chains):
        group = number if labelled[number] else -1
        for end, box, near in ((0, chain[0], chain[1]), (1, chain[-1], chain[-2])):
            sides.setdefault((box, end), {}).setdefault(group, []).append((y[near], number))
    found = [[0.0, 0.0] for _ in chains]
    for (box, end), groups in sides.items():
        ordered = sorted(groups.values(), key=lambda edges: _middle([near for near, _ in edges], 0.0))
        step = sizes[box][1] / (len(ordered) + 1)
        for place, edges in enumerate(ordered, start=1):
            for _, number in edges:
                found[number][end] = y[box] - sizes[box][1] / 2 + place * step
    return [(leaves, enters) for leaves, enters in found]


def _heights(
    columns: Sequence[Sequence[Vertex]], sizes: Mapping[Vertex, Size], chains: Iterable[Sequence[Vertex]]
) -> dict[Vertex, float]:
    near: dict[Vertex, list[Vertex]] = {}
    for chain in chains:
        for left, right in pairwise(chain):
            near.setdefault(left, []).append(right)
            near.setdefault(right, []).append(left)
    y: dict[Vertex, float] = {vertex: 0.0 for one in columns for vertex in one}
    for sweep in range(16):
        for one in columns if sweep % 2 == 0 else columns[::-1]:
            wanted = [_middle([y[n] for n in near.get(v, ())], y[v]) for v in one]
            y |= dict(zip(one, _apart(wanted, [sizes[v][1] for v in one]), strict=True))
    return y


def _apart(wanted: Sequence[float], heights: Sequence[float]) -> list[float]:
    """Keep the order and the gaps, as near as can be to what is wanted (pool adjacent violators)."""
    offsets = [0.0]
    for above, below in pairwise(heights):
        offsets.append(offsets[-1] + (above + below) / 2 + GAP_Y)
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=False):
        mean, count = want - offset, 1
        while pools and pools[-1][0] > mean:
            other, size = pools.pop()
            mean, count = (mean * count + other * size) / (count + size), count + size
        pools.append((mean, count))
    placed = [mean for mean, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(placed, offsets, strict=False)]
