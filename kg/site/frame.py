"""What every page has around its content, and the links from one page to another."""

import posixpath
import re
from collections.abc import Iterable
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode
from pyoxigraph import Triple as QuotedTriple

from kg.namespaces import OWL, VERSION
from kg.site import turtle
from kg.site.alignments import Alignment
from kg.site.catalogue import Catalogue
from kg.site.facts import Facts, Value, short
from kg.site.markup import Child, Markup, join, tag
from kg.site.rules import Rule
from kg.sssom import NO_TERM

#: Lists: file and name, as the head of each page has them.
LISTS: Final = (
    ("index.html", "Modules"),
    ("terms.html", "Terms"),
    ("vocabularies.html", "Vocabularies"),
    ("rules.html", "Rules"),
    ("alignments.html", "Alignments"),
    ("questions.html", "Questions"),
)
_JOINED: Final = {OWL + "unionOf": "or", OWL + "intersectionOf": "and"}
_LIMITS: Final = {
    OWL + "someValuesFrom": "some",
    OWL + "allValuesFrom": "only",
    OWL + "hasValue": "value",
    OWL + "minCardinality": "at least",
    OWL + "maxCardinality": "at most",
    OWL + "cardinality": "exactly",
    OWL + "minQualifiedCardinality": "at least",
    OWL + "maxQualifiedCardinality": "at most",
    OWL + "qualifiedCardinality": "exactly",
}


class Frame:
    """Make one page.

    Args:
        catalogue: all that has a page.
        file: path of this page in the site.
    """

    def __init__(self, catalogue: Catalogue, file: str) -> None:
        self.catalogue = catalogue
        self.file = file

    def url(self, file: str) -> str:
        """Give the address of a file of the site, relative to this page."""
        return posixpath.relpath(file, posixpath.dirname(self.file) or ".")

    def href(self, iri: str) -> str | None:
        """Give the address of the page of an IRI, None where it has none."""
        entry = self.catalogue.entries.get(iri)
        return self.url(entry.file) if entry else None

    def short(self, iri: str) -> str:
        """Write an IRI with a prefix that a file declares, where one fits."""
        return short(iri, self.catalogue.prefixes)

    def link(self, iri: str, text: Child = None) -> Markup:
        """Link an IRI: to its page, else to where it is defined.

        Args:
            iri: of a term, concept, rule or module, ours or another's.
            text: what is shown; the IRI with a prefix when None.
        """
        shown = text if text is not None else tag("code", self.short(iri))
        inside = self.href(iri)
        if inside:
            return tag("a", shown, href=inside)
        if iri.startswith(("http://", "https://")):
            return tag("a", shown, href=iri, rel="external noreferrer", class_="external")
        return tag("span", shown)

    def links(self, iris: tuple[str, ...] | list[str]) -> Markup:
        """Link several IRIs, with commas."""
        return join(*(self.link(iri) for iri in iris), by=", ")

    def aligned(self, row: Alignment) -> tuple[Child, Child]:
        """Show the relation and the other term of an alignment."""
        if row.object == NO_TERM and row.object_label:
            return tag("code", self.short(row.predicate)), f"{row.object_label} (not verified)"
        if row.object == NO_TERM:
            return "none", "no such term"
        label = f" {row.object_label}" if row.object_label else None
        return tag("code", self.short(row.predicate)), join(self.link(row.object), label)

    def value(self, facts: Facts, value: Value) -> Markup:
        """Show the object of a statement: a link, text, or a class expression."""
        if isinstance(value, NamedNode):
            return self.link(value.value)
        if isinstance(value, Literal):
            return join(value.value)
        if isinstance(value, QuotedTriple):
            return tag("code", str(value))
        return self._expression(facts, value)

    def others(self, facts: Facts, pairs: Iterable[tuple[str, Value]]) -> list[tuple[Child, Child]]:
        """Name and values of what else is stated of a thing, a predicate a pair."""
        found: dict[str, list[Markup]] = {}
        for predicate, value in pairs:
            found.setdefault(predicate, []).append(self.value(facts, value))
        return [(self.link(predicate), join(*values, by=", ")) for predicate, values in found.items()]

    def _expression(self, facts: Facts, node: BlankNode) -> Markup:
        stated = dict(facts.by_subject.get(node, ()))
        for predicate, word in _JOINED.items():
            if predicate in stated:
                members = [self.value(facts, item) for item in facts.items(stated[predicate])]
                return join(*members, by=f" {word} ")
        if OWL + "complementOf" in stated:
            return join("not ", self.value(facts, stated[OWL + "complementOf"]))
        if OWL + "oneOf" in stated:
            members = [self.value(facts, item) for item in facts.items(stated[OWL + "oneOf"])]
            return join("one of ", join(*members, by=", "))
        if OWL + "inverseOf" in stated:
            return join("inverse of ", self.value(facts, stated[OWL + "inverseOf"]))
        limit = next((predicate for predicate in _LIMITS if predicate in stated), None)
        if limit is not None and OWL + "onProperty" in stated:
            class_ = stated.get(OWL + "onClass")
            parts = [self.value(facts, stated[OWL + "onProperty"]), _LIMITS[limit]]
            parts.append(self.value(facts, stated[limit]))
            return join(*parts, self.value(facts, class_) if class_ else None, by=" ")
        return tag("code", " ".join(turtle.value(facts, node).split()))

    def page(
        self, title: str, *main: Child, description: str = "", crumbs: tuple[tuple[str, str], ...] = ()
    ) -> bytes:
        """Put a page together.

        Args:
            title: what it is called.
            main: its content; the first heading is in it.
            description: one sentence for search engines.
            crumbs: file and name of the pages above it.
        """
        head = tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("title", f"{title} - FlexKG ontology" if title != "FlexKG ontology" else title),
            tag("meta", name="description", content=description) if description else None,
            tag("link", rel="icon", href=self.url("icon.svg"), type="image/svg+xml"),
            tag("link", rel="stylesheet", href=self.url("site.css")),
            tag("script", src=self.url("search.js"), defer="defer"),
        )
        body = tag(
            "body",
            tag("a", "Skip to content", href="#main", class_="skip"),
            self._banner(),
            self._crumbs(crumbs, title) if crumbs else None,
            tag("main", *main, id="main", tabindex="-1"),
            tag("footer", tag("p", f"FlexKG ontology, version {VERSION}. Made from its files.")),
        )
        return ("<!DOCTYPE html>\n" + tag("html", head, body, lang="en") + "\n").encode()

    def _banner(self) -> Markup:
        shown = [
            tag("a", name, href=self.url(file), aria_current="page" if file == self.file else None)
            for file, name in LISTS
            if (file != "questions.html" or self.catalogue.questions.rows)
            and (file != "alignments.html" or self.catalogue.alignments)
        ]
        return tag(
            "header",
            tag("a", "FlexKG", tag("span", " ontology"), href=self.url("index.html"), class_="brand"),
            tag("nav", tag("ul", [tag("li", one) for one in shown]), aria_label="Lists"),
            tag(
                "form",
                tag("label", "Search terms, concepts and rules", for_="search", class_="unseen"),
                tag(
                    "input",
                    type="search",
                    id="search",
                    name="q",
                    placeholder="Search ( / )",
                    autocomplete="off",
                    spellcheck="false",
                    aria_controls="found",
                    data_index=self.url("search.json"),
                ),
                tag("p", id="told", role="status", class_="unseen"),
                tag("ul", id="found", hidden="hidden"),
                action=self.url("terms.html"),
                role="search",
            ),
        )

    def _crumbs(self, crumbs: tuple[tuple[str, str], ...], title: str) -> Markup:
        above = [tag("li", tag("a", name, href=self.url(file))) for file, name in crumbs]
        here = tag("li", title, aria_current="page")
        return tag("nav", tag("ol", above, here), aria_label="Breadcrumb", class_="crumbs")


def facts_list(*pairs: tuple[Child, Child]) -> Markup:
    """Make a list of names and values; empty values are left out."""
    shown = [(name, join(value)) for name, value in pairs]
    return tag("dl", [tag("div", tag("dt", name), tag("dd", value)) for name, value in shown if value])


def table(caption: str, columns: tuple[str, ...], rows: list[tuple[Child, ...]]) -> Markup | None:
    """Make a table that becomes a list of cards on a narrow screen; None without rows."""
    if not rows:
        return None
    head = tag("tr", [tag("th", name, scope="col") for name in columns])
    lines = [
        tag("tr", [tag("td", cell, data_name=name) for name, cell in zip(columns, row, strict=True)])
        for row in rows
    ]
    return tag("table", tag("caption", caption), tag("thead", head), tag("tbody", lines))


def section(title: str, *content: Child, id_: str | None = None) -> Markup | None:
    """Make a part of a page with a heading; None where it has no content."""
    inside = join(*content)
    return tag("section", tag("h2", title), inside, id=id_) if inside else None


def contents(titles: Iterable[str]) -> Markup:
    """Make a list of the parts of a long page, each a link to its heading; see `anchor`."""
    links = [tag("li", tag("a", title, href=f"#{anchor(title)}")) for title in titles]
    return tag("nav", tag("ul", links), aria_label="On this page", class_="contents")


def anchor(title: str) -> str:
    """Give the id of a part of a page.

    >>> anchor("FlexKG to SAREF core")
    'flexkg-to-saref-core'
    """
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "part"


def severity(rule: Rule) -> Markup:
    """Show the severity of a rule, and that of other levels of strictness where it differs."""
    shown = [tag("span", rule.severity, class_=f"badge {rule.severity.lower()}")]
    shown += [
        tag("span", f"{level}: {other}", class_=f"badge {other.lower()}") for level, other in rule.levels
    ]
    return join(*shown, by=" ")


def source_text(text: str) -> Markup:
    """Show Turtle, folded away until it is asked for."""
    code = tag("pre", tag("code", text), tabindex="0")
    return tag("details", tag("summary", "Turtle"), code)
