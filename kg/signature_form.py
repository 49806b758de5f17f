"""What a signature of OpenADR may look like: where it stands, what it refers to, by which algorithms.

An XML signature says itself what it signs and how. A signature that is right can therefore be moved beside
content that it does not cover. So the form is fixed here, and whatever has another form is refused before
anything is computed.
"""

import binascii
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from kg.xml import Document
from kg.xpath import OADR_20B

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
DSP: Final = "http://openadr.org/oadr-2.0b/2012/07/xmldsig-properties"
PAYLOAD: Final = f"{{{OADR_20B}}}oadrPayload"
SIGNED: Final = f"{{{OADR_20B}}}oadrSignedObject"
ID: Final = f"{{{OADR_20B}}}Id"
SIGNATURE: Final = f"{{{DS}}}Signature"
REPLAY: Final = f"{{{DSP}}}ReplayProtect"
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ENVELOPED = DS + "enveloped-signature"

#: Canonical forms that are taken; those that keep comments are not, for comments are not read.
CANONICAL: Final = frozenset(
    {
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2006/12/xml-c14n11",
        _EXCLUSIVE,
    }
)
DIGESTS: Final = frozenset(
    {
        "http://www.w3.org/2001/04/xmlenc#sha256",
        "http://www.w3.org/2001/04/xmldsig-more#sha384",
        "http://www.w3.org/2001/04/xmlenc#sha512",
    }
)
METHODS: Final = frozenset(
    f"http://www.w3.org/2001/04/xmldsig-more#{kind}-sha{bits}"
    for kind in ("rsa", "ecdsa")
    for bits in (256, 384, 512)
)


class Fault(Exception):
    """A signature does not hold; never leaves ``kg.signatures``.

    Args:
        code: notation of the scheme ``signatureFault``.
        reason: one sentence for people.
    """

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Form:
    """A signature that has the form that OpenADR gives it.

    Attributes:
        signature: the ``ds:Signature`` element.
        signed: the ``oadrSignedObject`` that the message was read from.
        replay: the only ``dsp:ReplayProtect``.
        covered: for each reference in order the element that it resolves to.
        certificates: DER bytes of the certificates that the signature brings along; they prove nothing.
    """

    signature: Any
    signed: Any
    replay: Any
    covered: tuple[Any, ...]
    certificates: tuple[bytes, ...]


def signed(document: Document) -> bool:
    """Say whether a message claims to be signed: whether it has any ``ds:Signature``, wherever."""
    return next(document.root.iter(SIGNATURE), None) is not None


def form_of(document: Document) -> Form:
    """Hold the signature of a message against the form.

    Args:
        document: a message that has a signature.

    Raises:
        Fault: the form is another; nothing was computed yet.

    Source:
        OpenADR 2.0b, oadr_20b.xsd, oadrPayload; oadr_xmldsig-properties-schema.xsd, ReplayProtectType; W3C
        XML Signature Best Practices, see what is signed.
    """
    if document.schema_errors:
        error = document.schema_errors[0]
        raise Fault("schema", f"the message is not valid: {error.message}")
    root = document.root
    children = list(root)
    if root.tag != PAYLOAD or [child.tag for child in children] != [SIGNATURE, SIGNED]:
        raise Fault("structure", "the signature does not stand before the oadrSignedObject in an oadrPayload")
    signature, content = children
    if len(list(root.iter(SIGNATURE))) != 1 or len(list(root.iter(SIGNED))) != 1:
        raise Fault("structure", "there is more than one signature or signed object")
    if document.body.getparent() is not content or len(content) != 1:
        raise Fault("structure", "the message is not what the signed object holds")
    replay = _replay(root, signature)
    info = signature.find(f"{{{DS}}}SignedInfo")
    _algorithm(info.find(f"{{{DS}}}CanonicalizationMethod"), CANONICAL, "canonical form")
    _algorithm(info.find(f"{{{DS}}}SignatureMethod"), METHODS, "signature method")
    references = info.findall(f"{{{DS}}}Reference")
    covered = tuple(_covered(root, one, content, replay) for one in references[:3])
    if len(covered) != 2 or len({one is content for one in covered}) != 2:
        raise Fault("reference", "not exactly the oadrSignedObject and the ReplayProtect are signed")
    return Form(signature, content, replay, covered, _certificates(signature))


def _replay(root: Any, signature: Any) -> Any:
    """Find the ReplayProtect: alone in the only object of the signature, with one time and one nonce."""
    found = list(root.iter(REPLAY))
    if len(found) != 1:
        raise Fault("structure", f"there are {len(found) or 'no'} ReplayProtect elements; one is asked for")
    names = [f"{{{DSP}}}timestamp", f"{{{DSP}}}nonce"]
    if [child.tag for child in found[0]] != names or any(len(child) for child in found[0]):
        raise Fault("structure", "the ReplayProtect has something else than a timestamp and a nonce")
    node = found[0]
    for name in ("SignatureProperty", "SignatureProperties", "Object"):
        node = node.getparent()
        if node is None or node.tag != f"{{{DS}}}{name}" or len(node) != 1:
            raise Fault("structure", "the ReplayProtect does not stand alone in a SignatureProperty")
    if node.getparent() is not signature or len(signature.findall(f"{{{DS}}}Object")) != 1:
        raise Fault("structure", "the ReplayProtect does not stand in the only Object of the signature")
    return found[0]


def _covered(root: Any, reference: Any, content: Any, replay: Any) -> Any:
    """Resolve a reference: to the signed object, or to what holds the ReplayProtect and nothing else."""
    uri = reference.get("URI")
    if uri is None or not uri.startswith("#") or "(" in uri or len(uri) < 2:
        raise Fault("reference", f"a reference goes to {uri!r}, not to an element by its Id")
    # any attribute that some processor may take for an identifier
    bearers = [
        element
        for element in root.iter(etree.Element)
        for name, value in element.attrib.items()
        if value == uri[1:] and name.rpartition("}")[2].lower() == "id"
    ]
    if len(bearers) != 1:
        code = "duplicate-id" if bearers else "reference"
        raise Fault(code, f"the reference {uri} fits {len(bearers) or 'no'} elements")
    target = bearers[0]
    if target is not content and target not in (replay, *_inside_object(replay)):
        raise Fault("reference", f"the reference {uri} goes to {etree.QName(target).localname}")
    if target is content and content.get(ID) != uri[1:]:
        raise Fault("reference", "the oadrSignedObject is referred to by another attribute than oadr:Id")
    _algorithm(reference.find(f"{{{DS}}}DigestMethod"), DIGESTS, "digest method")
    _transforms(reference, target, target is content)
    return target


def _inside_object(replay: Any) -> list[Any]:
    """Elements that hold the ReplayProtect and nothing else, up to the Object."""
    return list(replay.iterancestors())[:3]


def _transforms(reference: Any, target: Any, is_content: bool) -> None:
    """Refuse transforms that could sign something else than the element itself."""
    canonical = 0
    for transform in reference.iterfind(f"{{{DS}}}Transforms/{{{DS}}}Transform"):
        name = transform.get("Algorithm")
        if name == _ENVELOPED and is_content:
            continue  # takes the signature out, which does not stand in the signed object
        canonical += 1
        if name not in CANONICAL or canonical > 1:
            raise Fault("transform", f"the transform {name} is not taken")
        if name == _EXCLUSIVE and any(_TYPE in element.attrib for element in target.iter(etree.Element)):
            # the meaning of a prefix in the value of xsi:type is not covered by this canonical form
            raise Fault("transform", "exclusive canonical XML does not cover the xsi:type in the message")


def _algorithm(element: Any, allowed: frozenset[str], what: str) -> None:
    name = element.get("Algorithm") if element is not None else None
    if name not in allowed:
        raise Fault("algorithm", f"the {what} {name} is not taken; SHA-256 with RSA or ECDSA is")


def _certificates(signature: Any) -> tuple[bytes, ...]:
    path = f"{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate"
    try:
        return tuple(binascii.a2b_base64(one.text or "") for one in signature.iterfind(path))
    except ValueError as error:
        raise Fault("structure", "a certificate in the signature is no base64 text") from error
