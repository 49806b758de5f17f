"""A SPARQL query cut into tokens, for a parser that reads a query which the engine has found well-formed."""

import re
from dataclasses import dataclass

from kg.errors import QueryError
from kg.namespaces import RDF
from kg.sparql.gate import place

_TOKENS = re.compile(
    r"""(?P<skip>\#[^\n\r]*|\s+)
    |(?P<string>\"\"\"(?:[^"\\]|\\.|"(?!""))*\"\"\"|'''(?:[^'\\]|\\.|'(?!''))*'''
        |"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*')
    |(?P<iri><[^<>"{}|^`\\\x00-\x20]*>)
    |(?P<var>[?$]\w+)
    |(?P<blank>_:\w(?:[\w.-]*[\w-])?)
    |(?P<name>(?:[^\W\d](?:[\w.-]*[\w-])?)?:(?:(?:[\w:]|%[0-9A-Fa-f]{2}|\\.)(?:(?:[\w.:-]|%[0-9A-Fa-f]{2}|\\.)*(?:[\w:-]|%[0-9A-Fa-f]{2}|\\.))?)?)
    |(?P<number>(?:\d+\.\d*[eE][+-]?\d+|\.?\d+[eE][+-]?\d+|\d*\.\d+|\d+))
    |(?P<lang>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
    |(?P<word>[^\W\d]\w*)
    |(?P<op>\^\^|&&|\|\||!=|<=|>=|.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)")
#: What changes where a string gets double quotes: a double quote that is not escaped yet.
_QUOTE = re.compile(r"""(\\.)|\"""")


@dataclass(slots=True)
class Token:
    """One token: what kind, its text, and where it starts."""

    kind: str
    text: str
    at: int


class Tokens:
    """A position in the tokens of a query.

    Args:
        text: the query.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.prefixes: dict[str, str] = {}
        self._list = [
            Token(match.lastgroup or "", match.group(), match.start())
            for match in _TOKENS.finditer(text)
            if match.lastgroup != "skip"
        ]
        self._at = 0
        self._fresh = 0

    @property
    def now(self) -> Token:
        """The token that comes next; an empty one at the end."""
        return self._list[self._at] if self._at < len(self._list) else Token("end", "", len(self.text))

    def ahead(self, by: int) -> Token:
        """Give a token further on."""
        at = self._at + by
        return self._list[at] if at < len(self._list) else Token("end", "", len(self.text))

    def take(self) -> Token:
        """Go on by one token and give it."""
        token = self.now
        self._at += 1
        return token

    def word(self, *words: str) -> bool:
        """Whether the next token is one of these words."""
        return self.now.kind == "word" and self.now.text.upper() in words

    def accept(self, text: str) -> bool:
        """Go past a token if it is this one; words in any case."""
        if self.now.text.upper() == text and self.now.kind in ("word", "op"):
            self._at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        """Go past this token.

        Raises:
            QueryError: it is another one.
        """
        if not self.accept(text):
            raise self.unread(f"expected {text}")

    def unread(self, why: str) -> QueryError:
        """Make the error for a query that cannot be read here."""
        return QueryError(
            f"the query cannot be read for what it asks of readings: {why}",
            where=place(self.text, self.now.at),
            cure="write it in another way",
            code="readings-query",
        )

    def fresh(self, stem: str) -> str:
        """Make a variable that the query does not have."""
        self._fresh += 1
        return f"?__{stem}{self._fresh}"

    def iri(self, token: Token) -> str:
        """Give an IRI in angle brackets, in full."""
        if token.kind == "iri":
            return token.text
        prefix, _, local = token.text.partition(":")
        if prefix not in self.prefixes:
            raise self.unread(f"the prefix {prefix}: is not declared")
        return f"<{self.prefixes[prefix]}{_ESCAPED.sub(lambda match: match[1], local)}>"

    def term(self) -> str | None:
        """Read a term if one comes next: a variable, IRI, literal or blank node."""
        token = self.now
        if token.kind == "var":
            self._at += 1
            if token.text[1:3] == "__":
                raise self.unread("names that begin with __ are the service's own")
            return "?" + token.text[1:]
        if token.kind in ("iri", "name"):
            return self.iri(self.take())
        if token.kind == "blank":
            return "?__blank_" + re.sub(r"\W", lambda m: f"_{ord(m.group()):x}_", self.take().text[2:])
        if token.kind == "string":
            text = self.take().text
            if text[0] == "'" and text[:3] != "'''":
                text = f'"{_QUOTE.sub(lambda match: match[1] or chr(92) + chr(34), text[1:-1])}"'
            if self.now.kind == "lang":
                return text + self.take().text
            if self.accept("^^"):
                return f"{text}^^{self.iri(self.take())}"
            return text
        if token.kind == "number":
            return self.take().text
        if token.text in ("+", "-") and self.ahead(1).kind == "number":
            return self.take().text + self.take().text
        if token.kind == "word" and token.text in ("true", "false"):
            return self.take().text
        return None

    def verb(self) -> str | None:
        """Read ``a`` if it comes next."""
        if self.now.kind == "word" and self.now.text == "a":
            self._at += 1
            return f"<{RDF}type>"
        return None
