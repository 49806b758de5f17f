"""Lines of Turtle as people write it: where the block of a term begins, and where an IRI is named."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urljoin

_PREFIX: Final = re.compile(r"@?prefix\s+([\w.-]*):\s*<([^>]*)>", re.IGNORECASE)
_BASE: Final = re.compile(r"@?base\s+<([^>]*)>", re.IGNORECASE)
_BLOCK: Final = re.compile(r"<([^>]*)>|([\w.-]*):([\w.-]*)")


def blocks(text: str) -> Iterator[tuple[str, int]]:
    r"""List IRIs that stand at the start of a line, each once, with the number of that line.

    >>> list(blocks("@prefix a: <http://a.example/> .\na:b a a:c ."))
    [('http://a.example/b', 2)]
    """
    prefixes = prefixes_of(text)
    base = match[1] if (match := _BASE.search(text)) else ""
    seen: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _BLOCK.match(line):
            full, prefix, name = match.groups()
            iri = prefixes.get(prefix, "") + name if full is None else urljoin(base, full)
            if iri not in seen:
                seen.add(iri)
                yield iri, number


def prefixes_of(text: str) -> dict[str, str]:
    """Read the prefixes that a text declares."""
    return dict(_PREFIX.findall(text))


def line_of(text: str, iri: str) -> int:
    """Find the first line that names an IRI, in full or with a prefix; 0 where none does."""
    forms = [re.escape(f"<{iri}>"), re.escape(f'"{iri}"')]
    forms += [
        rf"(?<![\w.-]){re.escape(name)}:{re.escape(iri.removeprefix(space))}(?![\w-])"
        for name, space in prefixes_of(text).items()
        if space and iri.startswith(space)
    ]
    found = re.search("|".join(forms), text)
    return text.count("\n", 0, found.start()) + 1 if found else 0


def line_naming(text: str, word: str) -> int:
    """Find the first line that has a word; 0 where none does."""
    found = re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", text)
    return text.count("\n", 0, found.start()) + 1 if found else 0
