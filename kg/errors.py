"""Every error that a user can meet.

::

    FlexKGError                      what is wrong, where, and what to do
    ├── UnreadablePayload            the bytes are no message that can be read
    ├── AssetError                   an ontology, shape, mapping or vocabulary file is broken
    ├── StoreError
    │   ├── StoreUnavailable         cannot be opened, read or written; held by another process
    │   ├── StoreVersion             made by a newer FlexKG
    │   └── JournalCorrupt           the hash chain or a row does not verify
    ├── QueryError                   a query does not parse, or asks for what is not served
    ├── UsageError                   a wrong argument, path or setting
    └── Forbidden                    the caller may not do this
        └── Unauthenticated          nobody knows who the caller is

``api/problems.py`` turns each class into one RFC 9457 problem, ``kg/cli.py`` into one line and an exit code.
"""


class FlexKGError(Exception):
    """Base of all errors that FlexKG raises on purpose.

    Args:
        what: one sentence: what is wrong.
        where: file, line, XPath, JSON pointer or argument, empty where there is no place.
        cure: what the reader can do about it.
        code: a stable slug for programs, for example ``"doctype"``.

    >>> str(FlexKGError("no such file", where="a.xml", cure="check the path"))
    'no such file (at a.xml); check the path'
    """

    code = "error"

    def __init__(self, what: str, *, where: str = "", cure: str = "", code: str = "") -> None:
        self.what = what
        self.where = where
        self.cure = cure
        if code:
            self.code = code
        super().__init__(what)

    def __str__(self) -> str:
        text = self.what
        if self.where:
            text += f" (at {self.where})"
        if self.cure:
            text += f"; {self.cure}"
        return text


class UnreadablePayload(FlexKGError):
    """The bytes are no OpenADR message that can be read: not XML, too large, a DOCTYPE, an unknown root."""

    code = "unreadable"


class AssetError(FlexKGError):
    """An ontology, shape, mapping or vocabulary file cannot be used; names file, line and cure."""

    code = "asset"


class StoreError(FlexKGError):
    """Base of what can be wrong with a store directory."""

    code = "store"


class StoreUnavailable(StoreError):
    """The store cannot be opened, read or written, or another process holds it."""

    code = "store-unavailable"


class StoreVersion(StoreError):
    """The store was written by a newer FlexKG."""

    code = "store-version"


class JournalCorrupt(StoreError):
    """A journal row does not verify, or the hash chain is broken."""

    code = "journal-corrupt"


class QueryError(FlexKGError):
    """A query does not parse, has no such name, or asks for what is not served."""

    code = "query"


class UsageError(FlexKGError):
    """A wrong argument, path or setting."""

    code = "usage"


class Forbidden(FlexKGError):
    """The caller may not do this.

    Args:
        what: one sentence that gives nothing away.
        reason: what is logged, for the operator alone.
    """

    code = "forbidden"

    def __init__(
        self, what: str, *, where: str = "", cure: str = "", code: str = "", reason: str = ""
    ) -> None:
        self.reason = reason or what
        super().__init__(what, where=where, cure=cure, code=code)


class Unauthenticated(Forbidden):
    """Nobody knows who the caller is: no token, or one that does not hold."""

    code = "unauthenticated"
