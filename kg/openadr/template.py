"""A message of ours that is sent many times: made and checked once, then filled with what differs."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Final
from xml.sax.saxutils import escape

from kg.errors import UsageError
from kg.known import told
from kg.lift import Lifted
from kg.literals import segment, string
from kg.work import Work

_TERM: Final = re.compile(r'(<[^>]*>|"(?:[^"\\]|\\.)*")')
#: Texts that mean the same wherever they stand in a message; others take the long way.
_PLAIN: Final = re.compile(r"[!-~]{1,512}")


def fits(*texts: str) -> bool:
    """Say whether texts can be filled in: visible ASCII without spaces."""
    return all(map(_PLAIN.fullmatch, texts))


class Pattern:
    """N-Triples lines with marks where texts differ.

    Args:
        lines: the lines.
        marks: strings that stand for the texts, and occur nowhere else.
    """

    def __init__(self, lines: Sequence[str], marks: Sequence[str]) -> None:
        #: what stands before a text, which text it is, and whether in an IRI
        self._parts: list[tuple[str, int, bool]] = []
        before = ""
        for term in _TERM.split("\n".join(lines)):
            for static, mark in _parted(term, marks):
                before += static
                if mark >= 0:
                    self._parts.append((before, mark, term[0] == "<"))
                    before = ""
        self._end = before

    def fill(self, *texts: str) -> list[str]:
        """Give the lines with texts in the place of the marks, one for each."""
        in_iri, in_text = [*map(segment, texts)], [string(text)[1:-1] for text in texts]
        parts = [before + (in_iri[mark] if iri else in_text[mark]) for before, mark, iri in self._parts]
        return "".join([*parts, self._end]).split("\n")


class Template:
    """A message with marks where texts differ.

    Args:
        work: the message with the marks, checked.
        marks: strings that stand for the texts, and occur nowhere else.

    Raises:
        UsageError: there are findings on it, which would say something about the marks.
    """

    def __init__(self, work: Work, marks: Sequence[str]) -> None:
        if work.lifted is None or work.report.violations:
            raise UsageError("the message does not conform without a word", cure="check it by itself")
        self._work, self._lifted, self._marks = work, work.lifted, tuple(marks)
        self._bytes = [(before.encode(), mark) for before, mark in _parted(work.data.decode(), marks)]
        self._graph = Pattern(work.lifted.lines, (work.report.digest, *marks))
        keys = told(work.lifted.message_type, work.lifted.facts)
        self._keys = [(list(_parted(key, marks)), key[0] == "<") for key in keys]

    def fill(self, *texts: str) -> Work:
        """Give the message with texts in the place of the marks.

        Args:
            texts: one for each mark, which must fit.
        """
        escaped = [escape(text).encode() for text in texts]
        data = b"".join(before + (escaped[mark] if mark >= 0 else b"") for before, mark in self._bytes)
        digest = hashlib.sha256(data).hexdigest()
        work, old, like = self._work, self._work.report.digest, self._lifted
        message = like.message.replace(old, digest)
        fill = partial(self._graph.fill, digest, *texts)
        lifted = Lifted.filled(message, like.message_type, like.profile, fill)
        places = dict(zip(self._marks, texts, strict=True))
        return replace(
            work,
            data=data,
            report=replace(work.report, digest=digest),
            lifted=lifted,
            subjects=tuple(dict.fromkeys(places.get(name, name) for name in work.subjects)),
            sender=places.get(work.sender, work.sender),
            received=datetime.now(UTC),
            tells=self._tells(texts),
        )

    def _tells(self, texts: Sequence[str]) -> frozenset[str]:
        """Give the keys of which the message tells."""
        in_iri = [*map(segment, texts)] if any(iri for _, iri in self._keys) else texts
        return frozenset(
            "".join(
                before + ((in_iri if iri else texts)[mark] if mark >= 0 else "") for before, mark in parts
            )
            for parts, iri in self._keys
        )


def _parted(text: str, marks: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Part a text at marks: what stands before one, and which it is; -1 for the rest."""
    at = 0
    for found in re.finditer("|".join(map(re.escape, marks)), text):
        yield text[at : found.start()], marks.index(found[0])
        at = found.end()
    yield text[at:], -1
