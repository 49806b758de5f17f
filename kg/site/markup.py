"""HTML from Python calls: text is escaped, so a page cannot be broken by what a file says."""

from collections.abc import Iterable
from html import escape
from typing import Final

_VOID: Final = frozenset({"meta", "link", "input", "br", "hr", "img"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = Markup | str | None | Iterable["Child"]


def tag(name: str, /, *children: Child, **attributes: str | float | None) -> Markup:
    """Make an element.

    Args:
        name: of the element.
        children: text, which is escaped, other elements, or sequences of these; None is left out.
        attributes: values are escaped, None is left out; ``class_`` is ``class``, ``aria_label`` is
            ``aria-label``.

    Returns:
        The element as HTML that is well-formed XML too.

    >>> tag("a", "5 < 6", href="a.html?x=1&y=2", class_="term")
    '<a href="a.html?x=1&amp;y=2" class="term">5 &lt; 6</a>'
    """
    start = name + "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{start}/>")
    return Markup(f"<{start}>{join(*children)}</{name}>")


def join(*children: Child, by: Child = "") -> Markup:
    """Put pieces together.

    Args:
        children: as in ``tag``.
        by: what stands between the pieces.

    >>> join("a", Markup("<b>c</b>"), None, by=" & ")
    'a &amp; <b>c</b>'
    """
    parts = [text for text in (_text(child) for child in children) if text]
    return Markup((_text(by) if by else "").join(parts))


def _text(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return escape(child)
    return "".join(_text(one) for one in child)
