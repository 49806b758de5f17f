"""Signatures: received bytes -> verdict, before anything is lifted. One door for signxml.

The key that is trusted comes from the caller, never from the message. The content that was signed is held
against the content that was read, so that only what a registered party signed is taken as its word.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import load_der_x509_certificate
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from kg.certificates import Certificate, Trust, certificate
from kg.errors import UsageError
from kg.literals import date_time
from kg.nonces import Nonces
from kg.signature_form import DIGESTS, DSP, METHODS, Fault, Form, form_of, signed
from kg.signature_verdict import SignatureVerdict
from kg.times import moment
from kg.xml import Document

__all__ = ["SignatureVerdict", "Window", "verify"]

Policy = Literal["require", "accept", "ignore"]
_POLICIES = ("require", "accept", "ignore")
_LONGEST_NONCE = 512
#: So many registered keys are tried on a message that does not say which certificate is its own.
_MOST_TRIED = 8
_CONFIG = SignatureConfiguration(
    location="./",
    expect_references=2,
    signature_methods=frozenset(SignatureMethod(name) for name in METHODS),
    digest_algorithms=frozenset(DigestAlgorithm(name) for name in DIGESTS),
    default_reference_c14n_method=CanonicalizationMethod.CANONICAL_XML_1_0,
)
#: What signxml and the libraries below it raise on input that they cannot use.
_REFUSALS = (
    SignXMLException,
    etree.LxmlError,
    UnsupportedAlgorithm,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    NotImplementedError,
    AssertionError,
)


@dataclass(frozen=True, slots=True)
class Window:
    """How far the instant of signing may be from the clock here.

    Attributes:
        past: longest time that a message may have been on its way.
        future: how far the sender's clock may be ahead.
    """

    past: timedelta = timedelta(seconds=300)
    future: timedelta = timedelta(seconds=60)


@dataclass(slots=True)
class _Proof:
    """What is known of a signature so far."""

    party: str = ""
    signer: Certificate | None = None
    timestamp: datetime | None = None
    nonce: str = ""
    replay: Any = field(default=None, repr=False)


def verify(
    document: Document,
    trust: Trust,
    *,
    nonces: Nonces | None,
    policy: Policy = "require",
    sender: str | None = None,
    peer: bytes | str | None = None,
    now: datetime | None = None,
    window: Window = Window(),
) -> SignatureVerdict:
    """Verify the signature and the ReplayProtect of a message that was read, before it is lifted.

    A good message spends its nonce: a second call with it is a replay.

    Args:
        document: the message with the bytes as received.
        trust: the registered certificates.
        nonces: the nonces that were spent; None for messages out of an archive, which may come again.
        policy: ``"require"``: only a good signature is accepted; ``"accept"``: or none at all; ``"ignore"``:
            nothing is looked at.
        sender: the party that the message must be from; without it, any registered party may have signed, and
            the caller compares ``party`` of the verdict with who the message says it is from.
        peer: certificate of the other end of the TLS connection, PEM or DER, which must be the signer's too.
        now: the time here, with a zone; the clock's without it.
        window: how far the signed time may be from it.

    Returns:
        The verdict; a message that does not hold is a verdict, never an exception.

    Raises:
        UsageError: no such policy, or ``peer`` is no certificate.
        kg.errors.StoreUnavailable: the nonces cannot be written.

    Source:
        OpenADR 2.0b profile specification, security; oadr_xmldsig-properties-schema.xsd, ReplayProtectType;
        W3C XML Signature Syntax and Processing 1.1, section 3.2.
    """
    if policy not in _POLICIES:
        raise UsageError(f"no policy is called {policy!r}", cure=f"use one of {', '.join(_POLICIES)}")
    if policy == "ignore":
        return SignatureVerdict("unchecked", accepted=True)
    if not signed(document):
        if policy == "accept":
            return SignatureVerdict("unsigned", accepted=True)
        reason = "the message is not signed; a signature is asked for"
        return SignatureVerdict("unsigned", accepted=False, code="missing", reason=reason)
    now = now or datetime.now(UTC)
    proof = _Proof()
    try:
        form = form_of(document)
        _prove(document, form, _candidates(form, trust, sender, peer, now), proof)
        _in_time(proof, now, window)
        if nonces is not None and proof.signer is not None and proof.timestamp is not None:
            spent = nonces.spend(proof.signer.key, proof.nonce, proof.timestamp, oldest=now - window.past)
            if spent:
                raise Fault(spent, f"the nonce {proof.nonce!r} was used before, or may have been")
    except Fault as fault:
        return SignatureVerdict(
            "bad", False, fault.code, fault.reason, "", proof.signer, proof.timestamp, proof.nonce
        )
    return SignatureVerdict(
        "good",
        accepted=True,
        party=proof.party,
        signer=proof.signer,
        timestamp=proof.timestamp,
        nonce=proof.nonce,
    )


def _candidates(
    form: Form, trust: Trust, sender: str | None, peer: bytes | str | None, now: datetime
) -> list[tuple[str, Certificate]]:
    """Choose the registered certificates that may have signed; the message only says which to try."""
    found = list(trust.of(sender))
    if not found:
        raise Fault("foreign-key", f"no certificate is registered for {sender or 'anybody'}")
    if form.certificates:
        found = [(party, one) for party, one in found if one.der in form.certificates]
        if not found:
            raise Fault("foreign-key", "the certificate in the signature is not the registered one")
    elif len(found) > _MOST_TRIED:
        raise Fault("foreign-key", "the signature does not say by which of many certificates it was made")
    if peer is not None:
        other = certificate(peer)
        found = [(party, one) for party, one in found if one.der == other.der]
        if not found:
            raise Fault("peer", "the signer's certificate is not that of the TLS connection")
    strong = [(party, one) for party, one in found if one.strong]
    if not strong:
        raise Fault("weak-key", f"a key of {found[0][1].bits} bits ({found[0][1].algorithm}) is not trusted")
    in_force = [(party, one) for party, one in strong if one.in_force(now)]
    if not in_force:
        raise Fault("certificate-dates", "the registered certificate is not yet valid, or no longer")
    return in_force


def _prove(document: Document, form: Form, candidates: list[tuple[str, Certificate]], proof: _Proof) -> None:
    """Compute the signature over the received bytes, and hold what it covers against what was read."""
    results: list[VerifyResult] = []
    said = ""
    for party, one in candidates:
        try:
            # no canonical form that is taken has comments; each has instructions, so they stay here
            found = XMLVerifier().verify(
                document.data,
                x509_cert=load_der_x509_certificate(one.der),
                expect_config=_CONFIG,
                parser=_parser(remove_pis=False),
            )
        except _REFUSALS as error:
            said = " ".join(str(error).split()) or type(error).__name__
            continue
        results = found if isinstance(found, list) else [found]
        proof.party, proof.signer = party, one
        break
    if proof.signer is None:
        raise Fault("signature", f"the signature does not fit the message and the registered key: {said}")
    for element, result in zip(form.covered, results, strict=True):
        if _exclusive(_plain(result.signed_data)) != _exclusive(element):
            raise Fault("content", "what was signed is not what was read")
        if element is not form.signed:
            proof.replay = _plain(result.signed_data)


def _in_time(proof: _Proof, now: datetime, window: Window) -> None:
    """Read the signed time and nonce, and hold the time against the clock."""
    text = (proof.replay.findtext(f".//{{{DSP}}}timestamp") or "").strip()
    proof.nonce = proof.replay.findtext(f".//{{{DSP}}}nonce") or ""
    when = moment(text) if "^^" in date_time(text) else None
    try:
        proof.timestamp = when.astimezone(UTC) if when is not None and when.tzinfo is not None else None
    except OverflowError:
        proof.timestamp = None
    if when is None or proof.timestamp is None:
        raise Fault("timestamp", f"the signed timestamp {text!r} is no date-time with a zone")
    if not proof.nonce.strip() or len(proof.nonce) > _LONGEST_NONCE:
        raise Fault("nonce", "the signed nonce is empty or too long")
    if when < now - window.past:
        raise Fault("stale", f"the message was signed at {text}, too long ago")
    if when > now + window.future:
        raise Fault("future", f"the message was signed at {text}, ahead of the clock")


def _plain(data: bytes) -> Any:
    """Parse signed bytes as ``kg.xml.read`` does."""
    return etree.fromstring(data, _parser(remove_pis=True))


def _exclusive(element: Any) -> bytes:
    """Write an element so that equal content gives equal bytes, whatever its surroundings declare."""
    written: bytes = etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    return written


def _parser(*, remove_pis: bool) -> Any:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=remove_pis,
    )
