"""Everything that the site has a page for, with the links between: which rule speaks of which term, ..."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count
from typing import Final, TypeVar
from urllib.parse import unquote

from kg import assets
from kg.namespaces import MODULE, SKOS, VOCAB
from kg.site import alignments, questions, rules, terms, vocabularies
from kg.site.alignments import Alignment
from kg.site.facts import Facts
from kg.site.rules import Rule
from kg.site.terms import Module, Term
from kg.site.vocabularies import Concept, Scheme

Record = Module | Term | Scheme | Concept | Rule
#: Pages that are lists; no term gets such a file name.
LISTS: Final = ("index", "terms", "vocabularies", "rules", "questions", "alignments")
_T = TypeVar("_T")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """A thing with a page.

    Attributes:
        key: what follows ``/ontology/`` in its address, decoded: ``Event``, ``vocab/optType/optIn``,
            ``shape/Event-eventID`` or ``modules/event``.
        file: path of its page in the site, in the folder that the key names.
        record: what is known of it.
    """

    key: str
    file: str
    record: Record


class Catalogue:
    """Read the ontology, its vocabularies, shapes, alignments and questions.

    Raises:
        kg.errors.AssetError: a file cannot be read; names file and line.
    """

    def __init__(self) -> None:
        self.facts = Facts(path for path in assets.files("ontology", "**/*.ttl") if path.stem != "prefixes")
        self.shapes = Facts(assets.files("shapes", "**/*.ttl"))
        self.modules = terms.read(self.facts)
        self.schemes = vocabularies.read(self.facts)
        self.rules = rules.read(self.shapes)
        self.alignments, prefixes = alignments.read(assets.files("mappings", "alignments/*.sssom.tsv"))
        known = prefixes | self.shapes.prefixes | self.facts.prefixes
        self.prefixes = {prefix: base for prefix, base in known.items() if base != MODULE}
        self.questions = questions.read(next(iter(assets.files("ontology", "requirements.csv")), None))
        self.terms = [term for module in self.modules for term in module.terms if term.own]
        self.entries = self._entries()

    def _entries(self) -> dict[str, Entry]:
        """Each IRI with a page -> its entry; a name gets one file, whatever case file systems keep."""
        taken = {name.casefold() for name in LISTS}
        found: dict[str, Entry] = {}
        for key, record in self._keyed():
            folder, slash, name = key.rpartition("/")
            if key.startswith("vocab/") and isinstance(record, Concept):
                folder, slash, name = f"vocab/{record.scheme.removeprefix(VOCAB)}", "/", key.split("/", 2)[2]
            base = folder + slash + (_UNSAFE.sub("-", name).strip(".") or "x")
            suffix = "-property" if isinstance(record, Term) else ""
            stems = chain((base, base + suffix), (f"{base}{suffix}-{number}" for number in count(2)))
            stem = next(stem for stem in stems if stem.casefold() not in taken)
            taken.add(stem.casefold())
            found.setdefault(record.iri, Entry(key, stem + ".html", record))
        return found

    def _keyed(self) -> Iterable[tuple[str, Record]]:
        for module in self.modules:
            yield f"modules/{module.name}", module
        for term in sorted(self.terms, key=lambda term: (term.kind != "class", term.name)):
            yield term.name, term
        for scheme in self.schemes:
            yield f"vocab/{scheme.name}", scheme
            for concept in (one for one in scheme.concepts if one.iri.startswith(VOCAB)):
                yield "vocab/" + unquote(concept.iri.removeprefix(VOCAB)), concept
        for rule in self.rules:
            yield f"shape/{rule.name}", rule

    @cached_property
    def by_key(self) -> dict[str, Entry]:
        """Entries by key."""
        return {entry.key: entry for entry in self.entries.values()}

    @cached_property
    def by_iri(self) -> dict[str, Term]:
        """Terms by IRI, borrowed ones included."""
        return {term.iri: term for module in self.modules for term in module.terms}

    @cached_property
    def children(self) -> dict[str, list[Term]]:
        """IRI of a class or property -> own terms right below it."""
        return _grouped((parent, term) for term in self.terms for parent in term.above)

    @cached_property
    def leaving(self) -> dict[str, list[Term]]:
        """IRI of a class -> properties that have it as domain."""
        return _grouped((name, term) for term in self.terms for name in term.domains)

    @cached_property
    def arriving(self) -> dict[str, list[Term]]:
        """IRI of a class -> properties that have it as range."""
        return _grouped((name, term) for term in self.terms for name in term.ranges)

    @cached_property
    def rules_of(self) -> dict[str, list[Rule]]:
        """IRI of a term or concept -> rules with an id that speak of it."""
        return _grouped((name, rule) for rule in self.rules if rule.id for name in rule.mentions)

    @cached_property
    def rules_answering(self) -> dict[str, list[Rule]]:
        """IRI of a response code -> rules that answer with it."""
        return _grouped((rule.response_code, rule) for rule in self.rules if rule.id and rule.response_code)

    @cached_property
    def alignments_of(self) -> dict[str, list[Alignment]]:
        """IRI of an own term or concept -> rows about it."""
        return _grouped((row.subject, row) for row in self.alignments)

    @cached_property
    def schemes_of(self) -> dict[str, list[Scheme]]:
        """IRI of a module -> schemes that it defines."""
        return _grouped((scheme.module, scheme) for scheme in self.schemes)

    @cached_property
    def scheme_users(self) -> dict[str, list[Term]]:
        """IRI of a scheme -> properties with its name, whose values are its concepts."""
        found = ((VOCAB + term.name, term) for term in self.terms if SKOS + "Concept" in term.ranges)
        return _grouped(found)

    def ancestors(self, iri: str) -> list[str]:
        """List the IRIs above a term, nearest first, without the term."""
        found: list[str] = []
        queue = [iri]
        while queue:
            term = self.by_iri.get(queue.pop(0))
            for parent in term.above if term else ():
                if parent != iri and parent not in found:
                    found.append(parent)
                    queue.append(parent)
        return found


def _grouped(pairs: Iterable[tuple[str, _T]]) -> dict[str, list[_T]]:
    found: dict[str, list[_T]] = {}
    for key, value in pairs:
        known = found.setdefault(key, [])
        if value not in known:
            known.append(value)
    return found
