"""What a service answers for an address below ``/ontology``: a page, or the triples behind it."""

from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Final

from pyoxigraph import NamedNode

from kg.site import jsonld, turtle
from kg.site.catalogue import Catalogue, Entry
from kg.site.rules import Rule
from kg.site.terms import Module
from kg.site.vocabularies import Scheme
from kg.site.write import Site

#: Where the wheel carries the written site; a checkout has none and makes each page when it is asked for.
BUILT: Final = Path(__file__).resolve().parent.parent / "_data" / "site"


class Served:
    """Find pages and triples by key.

    Args:
        built: folder with the written site, where there is one.

    Raises:
        kg.errors.AssetError: a file of the ontology cannot be read.
    """

    def __init__(self, built: Path = BUILT) -> None:
        self.catalogue = Catalogue()
        self._site = Site(self.catalogue)
        self._written = {
            path.relative_to(built).as_posix(): path for path in built.rglob("*") if path.is_file()
        }

    def entry(self, key: str) -> Entry | None:
        """Find the thing that an address names.

        Args:
            key: what follows ``/ontology/``, decoded: ``Event``, ``vocab/optType/optIn``, ...
        """
        return self.catalogue.by_key.get(key)

    def file(self, path: str) -> bytes | None:
        """Give a file of the site.

        Args:
            path: as ``Site.files`` lists it; nothing else is looked up on disk.

        Returns:
            Its bytes; None where the site has no such file.
        """
        written = self._written.get(path)
        return written.read_bytes() if written else self._site.make(path)

    def turtle(self, entry: Entry | None) -> str:
        """Write what is stated of a thing as Turtle; of everything when None."""
        return self._whole[0] if entry is None else self._described(entry)[0]

    def jsonld(self, entry: Entry | None) -> str:
        """Write what is stated of a thing as JSON-LD; of everything when None."""
        return self._whole[1] if entry is None else self._described(entry)[1]

    def near(self, key: str) -> list[str]:
        """List keys that look like one that is unknown, the nearest first."""
        known: dict[str, list[str]] = {}
        for whole in self.catalogue.by_key:
            for name in {whole, whole.rpartition("/")[2]}:
                known.setdefault(name.casefold(), []).append(whole)
        found = get_close_matches(key.casefold()[:80], known, n=5, cutoff=0.7)
        nearest = [sorted(known[name], key=lambda whole: whole.count("/")) for name in found]
        return list(dict.fromkeys(whole for keys in nearest for whole in keys))[:5]

    @cached_property
    def _whole(self) -> tuple[str, str]:
        facts = self.catalogue.facts
        named = [node.value for node in facts.by_subject if isinstance(node, NamedNode)]
        return turtle.write(facts, named), jsonld.write(facts, named)

    def _described(self, entry: Entry) -> tuple[str, str]:
        record = entry.record
        facts = self.catalogue.shapes if isinstance(record, Rule) else self.catalogue.facts
        subjects = [record.iri]
        if isinstance(record, Module):
            subjects = next(names for names in facts.files.values() if record.iri in names)
            return record.text, jsonld.write(facts, subjects)
        if isinstance(record, Scheme):
            subjects += [concept.iri for concept in record.concepts]
        return turtle.write(facts, subjects), jsonld.write(facts, subjects)
