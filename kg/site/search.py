"""The index that the search field of each page reads."""

import json

from kg.site.catalogue import Catalogue, Entry
from kg.site.rules import Rule
from kg.site.terms import Module, Term
from kg.site.vocabularies import Concept, Scheme


def index(catalogue: Catalogue) -> bytes:
    """Make the search index.

    Args:
        catalogue: all that has a page.

    Returns:
        A JSON array; each item is an array of name, kind, file and text to search in.
    """
    rows = [row for row in map(_row, catalogue.entries.values()) if row]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()


def _row(entry: Entry) -> tuple[str, str, str, str] | None:
    record = entry.record
    match record:
        case Module():
            return record.name, "module", entry.file, record.title
        case Term():
            return record.name, record.kind, entry.file, record.label
        case Scheme():
            return record.name, "vocabulary", entry.file, record.title
        case Concept():
            return record.notation, f"concept of {entry.key.split('/')[1]}", entry.file, record.label
        case Rule():
            text = record.title or record.message
            return (record.id, "rule", entry.file, text) if record.id else None
