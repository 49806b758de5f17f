"""XPath of an element, with the prefixes that OpenADR documents usually use."""

from typing import Any, Final

OADR_20B: Final = "http://openadr.org/oadr-2.0b/2012/07"
OADR_20A: Final = "http://openadr.org/oadr-2.0a/2012/07"
_PREFIXES = {
    OADR_20B: "oadr",
    OADR_20A: "oadr",
    "http://docs.oasis-open.org/ns/energyinterop/201110": "ei",
    "http://docs.oasis-open.org/ns/energyinterop/201110/payloads": "pyld",
    "http://docs.oasis-open.org/ns/emix/2011/06": "emix",
    "http://docs.oasis-open.org/ns/emix/2011/06/power": "power",
    "http://docs.oasis-open.org/ns/emix/2011/06/siscale": "scale",
    "urn:ietf:params:xml:ns:icalendar-2.0": "xcal",
    "urn:ietf:params:xml:ns:icalendar-2.0:stream": "strm",
    "http://www.opengis.net/gml/3.2": "gml",
    "http://www.w3.org/2005/Atom": "atom",
    "http://naesb.org/espi": "espi",
    "http://www.w3.org/2000/09/xmldsig#": "ds",
    "http://www.w3.org/XML/1998/namespace": "xml",
}


def prefixed(tag: str) -> str:
    """Write ``{namespace}local`` with the usual prefix of OpenADR documents."""
    namespace, _, local = tag[1:].partition("}") if tag.startswith("{") else ("", "", tag)
    prefix = _PREFIXES.get(namespace)
    return f"{prefix}:{local}" if prefix else local


#: Of parents with many children: parent and name -> place of each child of that name, from 1.
Siblings = dict[tuple[Any, str], dict[Any, int]]
#: Children of one name that are counted anew each time.
_FEW = 32


def pointer(element: Any, known: Siblings | None = None) -> str:
    """Write where an element is.

    Args:
        element: the element.
        known: what is remembered of many siblings between calls for one document.

    Returns:
        For XML its XPath, with the usual prefixes, and a position where siblings share a name; for JSON its
        JSON pointer (RFC 6901).
    """
    own: str | None = getattr(element, "json_pointer", None)
    if own is not None:
        return own
    steps: list[str] = []
    while element is not None:
        parent = element.getparent()
        step = prefixed(element.tag)
        if parent is not None:
            twins = _twins(parent, element.tag, known)
            if len(twins) > 1:
                step += f"[{twins[element]}]"
        steps.append(step)
        element = parent
    return "/" + "/".join(reversed(steps))


def _twins(parent: Any, tag: str, known: Siblings | None) -> dict[Any, int]:
    found = known.get((parent, tag)) if known is not None else None
    if found is None:
        found = {child: place for place, child in enumerate(parent.iterchildren(tag), 1)}
        if known is not None and len(found) > _FEW:
            known[parent, tag] = found
    return found
