"""How figures grow with the number of readings, drawn as SVG: time and bytes, both axes in powers of ten."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 460, 300, 58, 34, 16, 40
_COLOURS = ("#0b6e7d", "#b35a1f", "#5b4bb0", "#3f7d3a", "#9b2d5c", "#8a6d00", "#1f5fb3", "#a03030")
_KINDS = (("sparql_ms", "", "SPARQL"), ("raw_sql_ms", "6 3", "raw SQL"), ("triples_ms", "1 4", "triples"))


def draw(rows: Sequence[Mapping[str, Any]], path: Path) -> bool:
    """Draw the figures of the case ``readings``; gives whether there were enough for that.

    Args:
        rows: what the case measured.
        path: the file to write.
    """
    sized = [row for row in rows if "sparql_ms" in row]
    sizes = sorted({row["readings"] for row in sized})
    if len(sizes) < 2:
        return False
    names = list(dict.fromkeys(row["query"] for row in sized))
    lines = []
    for name, colour in zip(names, _COLOURS, strict=False):
        mine = [row for row in sized if row["query"] == name]
        for kind, dash, _ in _KINDS:
            points = [(row["readings"], row[kind]) for row in mine if row.get(kind)]
            if points:
                lines.append((colour, dash, points))
    first = [row for row in sized if row["query"] == names[0]]
    disk = [("#444444", "", [(row["readings"], row["bytes_each"] * row["readings"]) for row in first])]
    goal = [("#444444", "6 3", [(size, 4.0 * size) for size in sizes])]
    legend = [(colour, "", name) for name, colour in zip(names, _COLOURS, strict=False)]
    legend += [("#444444", dash, text) for _, dash, text in _KINDS]
    height = _HEIGHT + 18 * len(legend) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * _WIDTH} {height}" role="img"'
        ' aria-label="Time of queries and bytes on disk, by number of readings"'
        ' font-family="system-ui, sans-serif" font-size="12">',
        f'<rect width="{2 * _WIDTH}" height="{height}" fill="#ffffff"/>',
        _plot(0, "milliseconds, by number of readings", lines),
        _plot(_WIDTH, "bytes on disk, by number of readings; dashed: 4 bytes each", disk + goal),
    ]
    for n, (colour, dash, text) in enumerate(legend):
        y = _HEIGHT + 18 * n + 6
        parts.append(
            f'<line x1="{_LEFT}" x2="{_LEFT + 30}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2"'
            f' stroke-dasharray="{dash}"/><text x="{_LEFT + 38}" y="{y + 4}">{escape(text)}</text>'
        )
    path.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")
    return True


def _plot(shift: int, title: str, lines: Sequence[tuple[str, str, Sequence[tuple[int, float]]]]) -> str:
    points = [point for _, _, line in lines for point in line]
    low_x, high_x = (math.log10(end(p[0] for p in points)) for end in (min, max))
    low_y = math.floor(math.log10(min(p[1] for p in points)))
    high_y = math.ceil(math.log10(max(p[1] for p in points)))

    def x(value: float) -> float:
        room = _WIDTH - _LEFT - _RIGHT
        return shift + _LEFT + room * (math.log10(value) - low_x) / (high_x - low_x)

    def y(value: float) -> float:
        room = _HEIGHT - _TOP - _BOTTOM
        return _TOP + room * (1 - (math.log10(value) - low_y) / (high_y - low_y))

    made = [f'<text x="{shift + _LEFT}" y="16" font-weight="bold">{escape(title)}</text>']
    for power in range(low_y, high_y + 1):
        at = y(10.0**power)
        made.append(
            f'<line x1="{shift + _LEFT}" x2="{shift + _WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"'
            f' stroke="#cccccc"/><text x="{shift + _LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">'
            f"{_power(power)}</text>"
        )
    for power in range(math.ceil(low_x), math.floor(high_x) + 1):
        at = x(10.0**power)
        made.append(
            f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}" stroke="#cccccc"/>'
            f'<text x="{at:.1f}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{_power(power)}</text>'
        )
    for colour, dash, line in lines:
        told = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in sorted(line))
        made.append(
            f'<polyline points="{told}" fill="none" stroke="{colour}" stroke-width="2"'
            f' stroke-dasharray="{dash}"/>'
        )
        made += [f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="2.5" fill="{colour}"/>' for a, b in line]
    return "\n".join(made)


def _power(power: int) -> str:
    return f'10<tspan dy="-4" font-size="9">{power}</tspan>'
