"""Signed polls: each with a signature, time and nonce of its own, verified, spent and answered signed."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.servers import serving
from bench.swarm import Connection, flexkg, poll, rate, registration
from kg.signing import sign

_VEN = "VEN-0"
_AT_ONCE = 16
#: More than a VTN answers in a second.
_MOST = 1500


def signed_rate(folder: Path, seconds: float) -> float:
    """Give the signed polls a second that a VTN answers, which enforces signatures and signs itself.

    Args:
        folder: an empty one, for the store and the certificates.
        seconds: how long.
    """
    trusted = folder / "trusted"
    trusted.mkdir()
    pair = _certified(_VEN)
    (trusted / f"{_VEN}.pem").write_bytes(pair[1])
    key, certificate = _certified("VTN-1")
    (folder / "key.pem").write_bytes(key)
    (folder / "certificate.pem").write_bytes(certificate)
    settings = {
        "FLEXKG_SIGNATURES": "enforce",
        "FLEXKG_CERTIFICATES": str(trusted),
        "FLEXKG_SIGNING_KEY": str(folder / "key.pem"),
        "FLEXKG_SIGNING_CERTIFICATE": str(folder / "certificate.pem"),
    }
    with serving(*flexkg(folder / "store"), ready="serves", environment=settings) as port:
        # signed beforehand: what the VEN does is not measured
        count = int(seconds * _MOST)
        polls = iter([sign(poll(_VEN), *pair) for _ in range(count)])
        return asyncio.run(_rate(port, seconds, sign(registration(_VEN), *pair), polls))


async def _rate(port: int, seconds: float, first: bytes, polls: Iterator[bytes]) -> float:
    one = Connection(port)
    answer = await one.post("EiRegisterParty", first)
    assert b"responseCode>200<" in answer, answer
    await one.close()

    async def ask(c: Connection, _n: int) -> None:
        answer = await c.post("OadrPoll", next(polls))
        assert b"responseCode>200<" in answer, answer

    return await rate(port, _AT_ONCE, seconds, ask)


def _certified(name: str) -> tuple[bytes, bytes]:
    """Make a key and a certificate that is signed with it, PEM."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    closed = serialization.NoEncryption()
    return key.private_bytes(pem, form, closed), made.public_bytes(pem)
