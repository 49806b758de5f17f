"""sign: payload -> signed payload, for what is sent from here."""

import uuid
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509 import load_der_x509_certificate
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod, SignatureMethod
from signxml.signer import XMLSigner

from kg.certificates import certificate, zulu
from kg.errors import UsageError
from kg.signature_form import DS, DSP, ID, PAYLOAD, REPLAY, SIGNED, signed
from kg.xml import MAX_BYTES, read
from kg.xpath import OADR_20B

_METHODS = {"RSA": SignatureMethod.RSA_SHA256, "EC": SignatureMethod.ECDSA_SHA256}


def sign(
    payload: bytes,
    key_pem: bytes,
    cert_pem: bytes,
    *,
    passphrase: bytes | None = None,
    now: datetime | None = None,
) -> bytes:
    """Sign a message, with the time and a new nonce under the signature too.

    Args:
        payload: a valid message, in an ``oadrPayload`` or bare.
        key_pem: the private key, RSA or EC, PEM.
        cert_pem: the certificate of that key, PEM, which the receiver has registered.
        passphrase: opens the key, where it is closed.
        now: the time to sign; the clock's without it.

    Returns:
        The message in an ``oadrPayload`` with its signature: what is sent must be these bytes.

    Raises:
        UsageError: the message is not valid or signed already, or key and certificate are unfit or no pair.
        kg.errors.UnreadablePayload: the payload is no message.

    Source:
        OpenADR 2.0b profile specification, security; W3C XML Signature Syntax and Processing 1.1.
    """
    document = read(payload, max_bytes=max(len(payload), MAX_BYTES))
    if document.schema_errors:
        first = document.schema_errors[0]
        raise UsageError(
            f"the message is not valid: {first.message}", where=first.pointer, cure="flexkg check"
        )
    if signed(document):
        raise UsageError("the message is signed already", cure="sign the message that it was made from")
    key, algorithm = _pair(key_pem, cert_pem, passphrase)
    root = _envelope(document.root)
    content = root.find(SIGNED)
    if content.get(ID) is None:
        content.set(ID, "oadrSignedObject")
    signer = XMLSigner(
        method=SignatureConstructionMethod.detached,
        signature_algorithm=_METHODS[algorithm],
        c14n_algorithm=CanonicalizationMethod.CANONICAL_XML_1_0,
    )
    signer.namespaces = {**root.nsmap, "ds": DS}
    signature = signer.sign(
        root,
        key=key,
        cert=cert_pem.decode("ascii", "replace"),
        reference_uri="#" + content.get(ID),
        signature_properties=_replay_protect(now or datetime.now(UTC)),
    )
    root.insert(0, signature)
    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return data


@lru_cache(maxsize=4)
def _pair(key_pem: bytes, cert_pem: bytes, passphrase: bytes | None) -> tuple[Any, str]:
    """Read a key and hold it against its certificate; gives the key and its algorithm."""
    holder = certificate(cert_pem)
    key = _key(key_pem, passphrase)
    public = load_der_x509_certificate(holder.der).public_key()
    if not holder.strong:
        raise UsageError(
            f"a key of {holder.bits} bits ({holder.algorithm}) is trusted by nobody",
            cure="use RSA with 2048 bits or more, or EC with 256 or more",
        )
    if _spki(key.public_key()) != _spki(public):
        raise UsageError("the certificate is not that of the key", cure="give a key with its own certificate")
    return key, holder.algorithm


def _envelope(root: Any) -> Any:
    """Put a message into a new envelope, which declares one prefix only.

    Canonical XML takes in the prefixes of the surroundings, and lxml exchanges prefixes when it inserts an
    element where its namespace has another one; in this envelope the signature meets none of its own.
    """
    content = root.find(SIGNED) if root.tag == PAYLOAD else root
    content = etree.fromstring(etree.tostring(content, with_tail=False))
    outer = etree.Element(PAYLOAD, nsmap={content.prefix: OADR_20B})
    (outer if content.tag == SIGNED else etree.SubElement(outer, SIGNED)).append(content)
    return outer


def _replay_protect(now: datetime) -> Any:
    element = etree.Element(REPLAY, nsmap={"dsp": DSP})
    etree.SubElement(element, f"{{{DSP}}}timestamp").text = zulu(now.astimezone(UTC))
    etree.SubElement(element, f"{{{DSP}}}nonce").text = uuid.uuid4().hex
    return element


def _key(pem: bytes, passphrase: bytes | None) -> Any:
    try:
        return load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError(
            "the private key cannot be read", cure="give an RSA or EC key as PEM, with its passphrase"
        ) from error


def _spki(public: Any) -> bytes:
    written: bytes = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return written
