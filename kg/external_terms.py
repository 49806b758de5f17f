"""Terms of other vocabularies: lists of what exists, so that a misspelt IRI is found without their files.

A list is ``mappings/alignments/terms/<name>.txt``: a first line with the namespace and the version in which
the terms were seen, then a term a line, without the namespace.
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Final

from kg import assets
from kg.errors import AssetError

_HEAD: Final = re.compile(r"# (https?://\S+[#/]) (\S.*)")
#: Members of RDF containers, of which there are as many as one likes.
_MEMBER: Final = re.compile(r"http://www\.w3\.org/1999/02/22-rdf-syntax-ns#_[1-9][0-9]*")


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one vocabulary.

    Attributes:
        namespace: what its IRIs begin with.
        version: the version that was read.
        names: what follows the namespace, for each term.
    """

    namespace: str
    version: str
    names: frozenset[str]

    def has(self, iri: str) -> bool:
        """Whether the vocabulary has a term; an attribute of CIM, ``Class.attribute``, counts as its class.

        Args:
            iri: begins with the namespace.
        """
        name = iri.removeprefix(self.namespace)
        return not name or name in self.names or name.partition(".")[0] in self.names

    def near(self, iri: str) -> tuple[str, ...]:
        """Give up to three terms that are spelt nearly alike, as IRIs."""
        name = iri.removeprefix(self.namespace)
        same = [other for other in self.names if other.lower() == name.lower()]
        found = [*same, *get_close_matches(name, sorted(self.names), 3, 0.75)]
        return tuple(self.namespace + other for other in dict.fromkeys(found))[:3]


@cache
def shipped_terms() -> tuple[Terms, ...]:
    """Read the lists that are shipped, the longest namespace first.

    >>> any(terms.has("https://saref.etsi.org/core/Device") for terms in shipped_terms())
    True
    """
    found = [read_terms(path) for path in assets.files("mappings", "alignments/terms/*.txt")]
    return tuple(sorted(found, key=lambda terms: -len(terms.namespace)))


def read_terms(path: Path) -> Terms:
    """Read one list.

    Raises:
        AssetError: the first line names no namespace and version.
    """
    head, *names = assets.text(path).splitlines()
    match = _HEAD.fullmatch(head)
    if match is None:
        raise AssetError(
            "the list names no vocabulary", where=f"{path}:1", cure="begin it with '# NAMESPACE VERSION'"
        )
    return Terms(match[1], match[2], frozenset(name for name in names if name))


def vocabulary_of(iri: str) -> Terms | None:
    """Find the list that an IRI has to be in; None where the vocabulary is in none, or has no such bound."""
    if _MEMBER.fullmatch(iri):
        return None
    return next((terms for terms in shipped_terms() if iri.startswith(terms.namespace)), None)
