"""Reads a SPARQL query into a tree. The engine has said before that it is well-formed."""

from kg.errors import QueryError
from kg.namespaces import RDF
from kg.sparql.observations.expressions import bracketted, constraint, expression
from kg.sparql.observations.path_syntax import values, verb
from kg.sparql.observations.tokens import Tokens
from kg.sparql.observations.tree import (
    Bind,
    Block,
    Element,
    Expression,
    Filter,
    Group,
    Item,
    Part,
    Select,
    Triple,
    Union,
)

_FIRST, _REST, _NIL = f"<{RDF}first>", f"<{RDF}rest>", f"<{RDF}nil>"


def parse(text: str) -> tuple[Select, Tokens]:
    """Read a query.

    Args:
        text: SPARQL that the engine takes.

    Returns:
        The query, and where its variables come from.

    Raises:
        kg.errors.QueryError: it has something that is not read here, for example BASE.
    """
    tokens = Tokens(text)
    while tokens.word("PREFIX", "BASE"):
        if tokens.take().text.upper() == "BASE":
            raise QueryError(
                "BASE is not served with readings in columns",
                cure="write IRIs in full or with a PREFIX",
                code="readings-query",
            )
        name = tokens.take().text
        tokens.prefixes[name[:-1]] = tokens.take().text[1:-1]
    found = _Parser(tokens).select()
    if tokens.now.kind != "end":
        raise tokens.unread(f"{tokens.now.text} is not understood")
    return found, tokens


class _Parser:
    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.block: list[Triple] = []

    def select(self) -> Select:
        """Read a query or sub-select from its form on."""
        tokens = self.tokens
        found = Select(tokens.take().text.upper(), Group())
        if found.form == "SELECT":
            self._projection(found)
        elif found.form == "DESCRIBE":
            self._described(found)
        elif found.form == "CONSTRUCT" and tokens.now.text == "{":
            found.template = self._template()
        elif found.form not in ("ASK", "CONSTRUCT"):
            raise tokens.unread(f"{found.form} is not understood")
        while tokens.accept("FROM"):
            tokens.accept("NAMED")
            found.dataset.append(tokens.iri(tokens.take()))
        if tokens.accept("WHERE") or tokens.now.text == "{":
            found.where = self.group()
        if found.form == "CONSTRUCT" and found.template is None:
            found.template = [
                triple
                for block in found.where.elements
                if isinstance(block, Block)
                for triple in block.triples
            ]
        self._modifiers(found)
        return found

    def group(self) -> Group:
        """Read a group in braces."""
        tokens = self.tokens
        tokens.expect("{")
        if tokens.word("SELECT"):
            made = Group(select=self.select())
            tokens.expect("}")
            return made
        outer, self.block = self.block, []
        elements: list[Element] = []
        while not tokens.accept("}"):
            self._element(elements)
        self._end(elements)
        self.block = outer
        return Group(elements)

    def _element(self, elements: list[Element]) -> None:
        tokens = self.tokens
        if tokens.accept("."):
            return
        if tokens.accept("FILTER"):
            elements.append(Filter(constraint(tokens, self.group)))
            return
        if not (
            tokens.word("OPTIONAL", "MINUS", "GRAPH", "BIND", "VALUES", "SERVICE") or tokens.now.text == "{"
        ):
            self._triples()
            return
        self._end(elements)
        if tokens.accept("OPTIONAL"):
            elements.append(Part("optional", self.group()))
        elif tokens.accept("MINUS"):
            elements.append(Part("minus", self.group()))
        elif tokens.accept("GRAPH"):
            graph = tokens.term()
            elements.append(Part("graph", self.group(), graph or ""))
        elif tokens.accept("BIND"):
            tokens.expect("(")
            value = expression(tokens, self.group)
            tokens.expect("AS")
            elements.append(Bind(value, tokens.term() or ""))
            tokens.expect(")")
        elif tokens.accept("VALUES"):
            elements.append(values(self.tokens))
        elif tokens.word("SERVICE"):
            raise tokens.unread("SERVICE is not served")
        else:
            groups = [self.group()]
            while tokens.accept("UNION"):
                groups.append(self.group())
            elements.append(Union(groups) if len(groups) > 1 else Part("group", groups[0]))

    def _end(self, elements: list[Element]) -> None:
        """Put the triples read so far into the group, before filters that stand among them."""
        if self.block:
            at = len(elements)
            while at and isinstance(elements[at - 1], Filter):
                at -= 1
            elements.insert(at, Block(self.block))
            self.block = []

    def _triples(self) -> None:
        subject = self._node()
        if self.tokens.now.text not in (".", "}") or not subject.startswith("?__node"):
            self._properties(subject)

    def _properties(self, subject: str) -> None:
        tokens = self.tokens
        while True:
            predicate = verb(self.tokens)
            while True:
                target = self._node()
                self.block.append(Triple(subject, predicate, target))
                if not tokens.accept(","):
                    break
            while tokens.accept(";"):
                pass
            if tokens.now.text in (".", "}", "]") or tokens.word(
                "FILTER", "OPTIONAL", "MINUS", "GRAPH", "BIND", "VALUES"
            ):
                return
            if tokens.now.text == "{":
                return

    def _node(self) -> str:
        tokens = self.tokens
        if tokens.accept("["):
            node = tokens.fresh("node")
            if not tokens.accept("]"):
                self._properties(node)
                tokens.expect("]")
            return node
        if tokens.accept("("):
            items: list[str] = []
            while not tokens.accept(")"):
                items.append(self._node())
            head = _NIL
            for item in reversed(items):
                cell = tokens.fresh("node")
                self.block += [Triple(cell, _FIRST, item), Triple(cell, _REST, head)]
                head = cell
            return head
        if tokens.now.text == "<<":
            raise tokens.unread("quoted triples are not served")
        term = tokens.term()
        if term is None:
            raise tokens.unread(f"{tokens.now.text!r} is not understood")
        return term

    def _projection(self, found: Select) -> None:
        tokens = self.tokens
        if tokens.word("DISTINCT", "REDUCED"):
            found.modifier = tokens.take().text.upper()
        if tokens.accept("*"):
            found.star = True
        while tokens.now.kind == "var" or tokens.now.text == "(":
            found.items.append(self._item())

    def _item(self) -> Item:
        tokens = self.tokens
        if tokens.now.text == "(":
            tokens.take()
            value = expression(tokens, self.group)
            name = tokens.term() or "" if tokens.accept("AS") else ""
            tokens.expect(")")
            return Item(value, name)
        if tokens.now.kind == "var":
            return Item(Expression("term", tokens.term() or ""))
        return Item(constraint(tokens, self.group))

    def _described(self, found: Select) -> None:
        tokens = self.tokens
        found.star = tokens.accept("*")
        while tokens.now.kind in ("var", "iri", "name"):
            found.items.append(Item(Expression("term", tokens.term() or "")))

    def _template(self) -> list[Triple]:
        tokens = self.tokens
        outer, self.block = self.block, []
        tokens.expect("{")
        while not tokens.accept("}"):
            if not tokens.accept("."):
                self._triples()
        made, self.block = self.block, outer
        return made

    def _modifiers(self, found: Select) -> None:
        tokens = self.tokens
        if tokens.accept("GROUP"):
            tokens.expect("BY")
            while tokens.now.text == "(" or tokens.now.kind in ("var", "iri", "name") or self._function():
                found.grouped.append(self._item())
        if tokens.accept("HAVING"):
            while tokens.now.text == "(" or self._function():
                found.having.append(constraint(tokens, self.group))
        if tokens.accept("ORDER"):
            tokens.expect("BY")
            while True:
                word = tokens.take().text.upper() if tokens.word("ASC", "DESC") else ""
                if word:
                    found.ordered.append(Item(bracketted(tokens, self.group), word=word))
                elif tokens.now.text == "(" or tokens.now.kind in ("var", "iri", "name") or self._function():
                    found.ordered.append(self._item())
                else:
                    break
        while tokens.word("LIMIT", "OFFSET"):
            word = tokens.take().text.upper()
            found.slices[word] = int(tokens.take().text)
        if tokens.accept("VALUES"):
            found.values = values(self.tokens)

    def _function(self) -> bool:
        """Whether a function comes next, and no clause."""
        clause = self.tokens.word("HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES", "GROUP")
        return not clause and self.tokens.now.kind == "word" and self.tokens.ahead(1).text == "("
