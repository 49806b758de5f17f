"""Signed messages for the tests: keys, certificates, signatures by openleadr, and signatures made by hand.

``resign`` makes a signature by hand over whatever a test has put together, so that a layout is refused for
its form and not because its digests are wrong.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from lxml import etree
from openleadr.messaging import create_message

from kg.signature_form import DS, DSP
from kg.xpath import OADR_20B
from tests.openleadr_messages import MESSAGES

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
HASHES = {
    SHA256: hashes.SHA256(),
    DS + "sha1": hashes.SHA1(),  # the algorithm that must be refused
    MORE + "sha384": hashes.SHA384(),
    MORE + "sha224": hashes.SHA224(),
}
METHODS = {
    MORE + "rsa-sha256": hashes.SHA256(),
    MORE + "rsa-sha384": hashes.SHA384(),
    MORE + "rsa-sha224": hashes.SHA224(),
    DS + "rsa-sha1": hashes.SHA1(),
}
NAMES = {"ds": DS, "dsp": DSP, "oadr": OADR_20B}


@dataclass(frozen=True)
class Pair:
    """A private key with its certificate."""

    private: object
    key: bytes
    cert: bytes


def pair(private, *, name: str = "ven-1", begin=NOW - DAY, end=NOW + DAY, algorithm=HASHES[SHA256]) -> Pair:
    """Certify a key, by itself."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .sign(private, algorithm)
    )
    key = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Pair(private, key, made.public_bytes(Encoding.PEM))


@cache
def keys(kind: str) -> Pair:
    """Give the pair of a name, made once."""
    if kind.startswith("EC"):
        curve = {"EC": ec.SECP256R1, "EC-384": ec.SECP384R1, "EC-224": ec.SECP224R1}[kind]
        return pair(ec.generate_private_key(curve()))
    if kind == "expired":
        return pair(keys("RSA").private, begin=NOW - 2 * DAY, end=NOW - DAY)
    if kind == "not-yet":
        return pair(keys("RSA").private, begin=NOW + DAY, end=NOW + 2 * DAY)
    if kind == "renewed":
        return pair(keys("RSA").private)
    return pair(rsa.generate_private_key(65537, 1024 if kind == "RSA-1024" else 2048))


def by_openleadr(message_type: str = "oadrPoll", kind: str = "RSA") -> bytes:
    """Let openleadr write and sign one of its messages."""
    made = keys(kind)
    return create_message(message_type, cert=made.cert, key=made.key, **MESSAGES[message_type]).encode()


def find(tree, path: str):
    """Find one element."""
    return tree.find(path, NAMES)


def resign(
    tree,
    *targets,
    by: Pair,
    canonical: str = C14N,
    digest: str = SHA256,
    method: str = MORE + "rsa-sha256",
    transforms: tuple[str, ...] | None = None,
) -> bytes:
    """Compute digests and signature value anew for a tree that has a signature.

    Args:
        tree: root element; its first Signature is redone.
        targets: for each reference in order the element whose digest it shall carry.
        by: signs.
        canonical: canonical form of the content and of SignedInfo.
        digest: digest method.
        method: signature method.
        transforms: algorithms to state instead of ``canonical``.
    """
    info = tree.find(f".//{{{DS}}}SignedInfo")
    signature = info.getparent()
    find(info, "ds:CanonicalizationMethod").set("Algorithm", canonical)
    find(info, "ds:SignatureMethod").set("Algorithm", method)
    for reference, target in zip(info.findall("ds:Reference", NAMES), targets, strict=True):
        holder = find(reference, "ds:Transforms")
        del holder[:]
        for name in (canonical,) if transforms is None else transforms:
            etree.SubElement(holder, f"{{{DS}}}Transform", Algorithm=name)
        if len(holder) == 0:
            reference.remove(holder)
        find(reference, "ds:DigestMethod").set("Algorithm", digest)
        alone = etree.fromstring(etree.tostring(target, with_tail=False))
        data = etree.tostring(alone, method="c14n", exclusive=canonical == EXCLUSIVE, with_comments=False)
        value = hashlib.new(HASHES[digest].name, data).digest()
        find(reference, "ds:DigestValue").text = base64.b64encode(value).decode()
    alone = find(etree.fromstring(etree.tostring(signature, with_tail=False)), "ds:SignedInfo")
    data = etree.tostring(
        etree.fromstring(etree.tostring(alone, with_tail=False)),
        method="c14n",
        exclusive=canonical == EXCLUSIVE,
        with_comments=False,
    )
    value = by.private.sign(data, padding.PKCS1v15(), METHODS[method])
    find(signature, "ds:SignatureValue").text = base64.b64encode(value).decode()
    return etree.tostring(tree)
