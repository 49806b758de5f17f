"""The XSD files of a schema set as one index: global declarations, types, and the text that a type holds."""

from pathlib import Path
from typing import Any, Final

from lxml import etree

from kg.errors import AssetError

XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_XML = "http://www.w3.org/XML/1998/namespace"


class SchemaFiles:
    """The declarations of a schema set.

    Args:
        path: its main file; what that imports from beside it is read too.
        renamed: a namespace and the one to read in its place.

    Raises:
        AssetError: a file is missing or is no XML.
    """

    def __init__(self, path: Path, renamed: tuple[str, str] = ("", "")) -> None:
        self._renamed = renamed[0].encode(), renamed[1].encode()
        self.declared: dict[tuple[str, str], Any] = {}
        self.substitutes: dict[str, list[Any]] = {}
        seen: set[Path] = set()
        open_ = [path]
        while open_:
            file = open_.pop()
            if file not in seen:
                seen.add(file)
                open_ += self._read(file)

    def _read(self, file: Path) -> list[Path]:
        try:
            data = file.read_bytes()
            if self._renamed[0]:
                data = data.replace(*self._renamed)
            root = etree.fromstring(data, etree.XMLParser(no_network=True, remove_comments=True))
        except (OSError, etree.XMLSyntaxError) as error:
            raise AssetError("the schema file cannot be read", where=str(file)) from error
        space = root.get("targetNamespace", "")
        for node in root:
            name = node.get("name")
            if name and isinstance(node.tag, str):
                self.declared[(node.tag.removeprefix(XS), f"{{{space}}}{name}")] = node
                if head := node.get("substitutionGroup"):
                    self.substitutes.setdefault(expand(node, head), []).append(node)
        places = (n.get("schemaLocation") for n in root.iter(f"{XS}import", f"{XS}include"))
        return [file.parent / place for place in places if place and "://" not in place]

    def type_of(self, node: Any) -> Any | None:
        """Find the type of an element or attribute: named, its own, or that of what it substitutes."""
        for own in node:
            if own.tag in (f"{XS}complexType", f"{XS}simpleType"):
                return own
        if name := node.get("type"):
            return self.named_type(expand(node, name))
        if head := node.get("substitutionGroup"):
            return self.type_of(self.declared["element", expand(node, head)])
        return None

    def named_type(self, name: str) -> Any | None:
        """Find a type by ``{namespace}local``; None for a built-in one."""
        return self.declared.get(("complexType", name), self.declared.get(("simpleType", name)))

    def builtin(self, node: Any) -> str:
        """Name of the built-in type that an element or attribute names itself; empty for none."""
        name = node.get("type", "")
        expanded = expand(node, name) if name else ""
        return expanded.removeprefix(XS) if expanded.startswith(XS) else ""

    def text(self, kind: Any) -> str:
        """Built-in type of the text that a type holds; empty for a type of elements only."""
        for content in kind.iterchildren(f"{XS}simpleContent"):
            kind = content
        for derived in kind.iterchildren(f"{XS}restriction", f"{XS}extension"):
            if name := derived.get("base"):
                return self._text_of(expand(derived, name))
            return next((self.text(inner) for inner in derived.iterchildren(f"{XS}simpleType")), "")
        for union in kind.iterchildren(f"{XS}union"):
            names = (union.get("memberTypes") or "").split()
            texts = {self._text_of(expand(union, name)) for name in names}
            texts |= {self.text(inner) for inner in union.iterchildren(f"{XS}simpleType")}
            return texts.pop() if len(texts) == 1 else "anySimpleType"
        for items in kind.iterchildren(f"{XS}list"):
            return f"list of {self._text_of(expand(items, items.get('itemType')))}"
        return "string" if kind.get("mixed") == "true" else ""

    def _text_of(self, name: str) -> str:
        if name.startswith(XS):
            return name.removeprefix(XS)
        kind = self.named_type(name)
        return self.text(kind) if kind is not None else ""


def qualified(node: Any, default: str) -> bool:
    """Tell whether a local declaration has its file's namespace; ``default`` names the file's attribute."""
    form = node.get("form") or node.getroottree().getroot().get(default, "unqualified")
    return bool(form == "qualified")


def expand(node: Any, text: str) -> str:
    """Expand a prefixed name as the schema file means it."""
    prefix, colon, local = text.partition(":")
    space = _XML if colon and prefix == "xml" else node.nsmap.get(prefix if colon else None, "")
    return f"{{{space}}}{local if colon else text}"
