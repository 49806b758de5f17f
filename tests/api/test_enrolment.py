"""Devices: enrolled over EST, recognised by certificates, moved, revoked; direct TLS and behind a proxy."""

import socket
import ssl
import subprocess
import threading
import time
from base64 import b64encode
from datetime import timedelta
from pathlib import Path

import httpx2 as httpx
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates
from cryptography.x509.oid import NameOID
from fastapi.testclient import TestClient

from api.app import create_app
from api.peers import PeerProtocol
from api.transport import tls_of
from kg.certificates import certificate
from kg.errors import Forbidden
from kg.identity.authority import BuiltIn
from kg.identity.enrolment import jwk_thumbprint, read_request
from kg.identity.est_client import EstServer, Relay, new_request
from kg.identity.tokens import thumbprint
from kg.service import Service
from kg.settings import load_settings
from tests.api.conftest import BASE
from tests.api.problem import problem
from tests.provider import Provider, bearer

EST = "/.well-known/est/"
POLL = (
    '<oadrPayload xmlns="http://openadr.org/oadr-2.0b/2012/07"><oadrSignedObject><oadrPoll'
    ' xmlns:ei="http://docs.oasis-open.org/ns/energyinterop/201110" ei:schemaVersion="2.0b">'
    "<ei:venID>{}</ei:venID></oadrPoll></oadrSignedObject></oadrPayload>"
)


def key():
    return ec.generate_private_key(ec.SECP256R1())


def request(private, *names, hash_=None, extensions=()):
    found = [x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(found))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(private, hash_)


def body(csr):
    return b64encode(csr.public_bytes(Encoding.DER))


def issued(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pkcs7-mime"
    import base64

    (made,) = load_der_pkcs7_certificates(base64.b64decode(answer.content))
    return made


def party_of(made):
    return made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value


class World:
    """A provider, a service with an office, and clients of it: one trusted as a proxy."""

    def __init__(self, folder, **more):
        self.provider = Provider()
        self.settings = load_settings(
            store=folder / "store", vtn_id="VTN-1", identity=folder / "identity", proxies="10.0.0.1", **more
        )
        self.app = create_app(Service(self.settings), tokens=self.provider.tokens())
        self.office = self.app.state.office
        self.client = TestClient(
            self.app, base_url=BASE, client=("10.0.0.1", 1), raise_server_exceptions=False
        )
        self.stranger = TestClient(
            self.app, base_url=BASE, client=("10.0.0.2", 1), raise_server_exceptions=False
        )

    def token(self, private, *scopes, **claims):
        csr = new_request(private)
        claims = {"sub": "anna", "cnf": {"jkt": jwk_thumbprint(csr)}} | claims
        return bearer(self.provider.token(*(scopes or ("device:enrol",)), **claims))

    def enrol(self, private, *names, **claims):
        csr = request(private, *names, hash_=SHA256())
        return self.client.post(
            EST + "simpleenroll", content=body(csr), headers=self.token(private, **claims)
        )


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    with made.client:
        yield made


def shown(made):
    der = made.public_bytes(Encoding.DER)
    return {"Client-Cert": f":{b64encode(der).decode()}:"}


def test_device_gets_a_certificate_for_its_own_key(world):
    """A short-lived one for clients, on a random venID behind which the vault knows the owner."""
    private = key()
    made = issued(world.enrol(private))
    party = party_of(made)
    assert made.public_key() == private.public_key()
    assert made.not_valid_after_utc - made.not_valid_before_utc < timedelta(days=8)
    assert world.office.vault.person("default", party)["subject"] == "anna"
    assert world.office.vault.parties("default", "anna") == [party]
    (authority,) = load_der_pkcs7_certificates(
        __import__("base64").b64decode(world.client.get(EST + "cacerts").content)
    )
    made.verify_directly_issued_by(authority)
    again = issued(world.enrol(private, party))
    assert party_of(again) == party


def test_certificate_opens_what_a_device_may(world):
    """Behind a trusted proxy (RFC 9440): its own messages, no other party's."""
    made = issued(world.enrol(key()))
    party = party_of(made)
    address = "/OpenADR2/Simple/2.0b/OadrPoll"
    mine = world.client.post(address, content=POLL.format(party), headers=shown(made))
    assert mine.status_code not in (401, 403), mine.text
    problem(world.client.post(address, content=POLL.format("VEN-2"), headers=shown(made)), 403, "not-yours")
    assert world.client.post(address, content=POLL.format(party)).status_code == 403


def test_header_of_a_stranger_is_refused(world):
    """Whoever is no trusted proxy cannot say who he is; nor can a proxy in a garbled way."""
    made = issued(world.enrol(key()))
    problem(world.stranger.get("/health", headers=shown(made)), 403, "certificate")
    for text in ("", "x", ":x", ":" + "A" * 5 + ":", "::"):
        problem(world.client.get("/health", headers={"Client-Cert": text}), 403, "certificate")
    twice = [*shown(made).items(), *shown(made).items()]
    problem(world.client.get("/health", headers=twice), 403, "certificate")


def test_request_for_another_key_is_refused(world):
    """The token is bound to one key; a token without a key enrols nothing."""
    private, other = key(), key()
    csr = body(request(other, hash_=SHA256()))
    answer = world.client.post(EST + "simpleenroll", content=csr, headers=world.token(private))
    problem(answer, 403, "another-key")
    plain = bearer(world.provider.token("device:enrol"))
    problem(world.client.post(EST + "simpleenroll", content=csr, headers=plain), 403, "another-key")


def test_request_with_another_subject_is_refused(world):
    """A device cannot choose whom its certificate is for."""
    problem(world.enrol(key(), "VEN-OF-SOMEBODY"), 403, "another-subject")
    problem(world.enrol(key(), "a", "b"), 403, "another-subject")
    assert world.office.vault.parties("default", "anna") == []


def bad_requests():
    good = request(key(), hash_=SHA256())
    der = bytearray(good.public_bytes(Encoding.DER))
    der[-5] ^= 1
    yield "signature", b64encode(bytes(der)), "request"
    yield "weak RSA", body(request(rsa.generate_private_key(65537, 1024), hash_=SHA256())), "weak-key"
    yield "weak curve", body(request(ec.generate_private_key(ec.SECP192R1()), hash_=SHA256())), "weak-key"
    yield "odd curve", body(request(ec.generate_private_key(ec.SECP256K1()), hash_=SHA256())), "weak-key"
    yield "odd kind", body(request(ed25519.Ed25519PrivateKey.generate())), "weak-key"
    wish = x509.BasicConstraints(ca=True, path_length=None)
    yield "wants to be an authority", body(request(key(), hash_=SHA256(), extensions=[wish])), "request"
    for text in (b"", b"x", b"\x30\x03\x02\x01\x00", b64encode(b"\x30" * 50), b"-----BEGIN"):
        yield "garbage", text, "request"


def test_bad_requests_are_refused(world, caplog):
    """A wrong signature, a weak key, a wish for more, garbage; each is logged."""
    headers = world.token(key())
    for name, data, code in bad_requests():
        caplog.clear()
        answer = world.client.post(EST + "simpleenroll", content=data, headers=headers)
        assert problem(answer, 400, code), name
        assert "simpleenroll' refused: " in caplog.text, name
    answer = world.client.post(EST + "simpleenroll", content=b"A" * 20_000, headers=headers)
    problem(answer, 413, "too-large")


def test_sha1_request_is_refused():
    """Made with openssl, since nothing else signs so any more."""
    try:
        private = key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        pem = subprocess.run(
            ["openssl", "req", "-new", "-sha1", "-subj", "/", "-key", "/dev/stdin"],
            input=private, capture_output=True, check=True,
        ).stdout  # fmt: skip
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"openssl makes no such request: {error}")
    assert isinstance(x509.load_pem_x509_csr(pem).signature_hash_algorithm, SHA1)
    with pytest.raises(Exception, match="SHA-1"):
        read_request(pem)


def test_key_bound_token_opens_nothing_else(world):
    """Without a proof of the key: the enrolment alone takes its request for one."""
    headers = world.token(key(), "payload:validate", "device:enrol")
    problem(world.client.post("/check", content=b"<x/>", headers=headers), 401, "invalid-token")


def test_certificate_is_renewed_by_the_present_one(world):
    """For the same key or a new one, never for another subject, never without a certificate."""
    made = issued(world.enrol(key()))
    fresh = key()
    address = EST + "simplereenroll"
    renewed = issued(
        world.client.post(address, content=body(request(fresh, hash_=SHA256())), headers=shown(made))
    )
    assert party_of(renewed) == party_of(made)
    other = body(request(fresh, "VEN-2", hash_=SHA256()))
    problem(world.client.post(address, content=other, headers=shown(renewed)), 403, "another-subject")
    problem(world.client.post(address, content=other), 403, "no-certificate")


def test_revocation_counts_at_the_next_request(world):
    """For the certificate, for tokens bound to it, for its renewal, and in the list for proxies."""
    private = key()
    made = issued(world.enrol(private))
    found = certificate(made.public_bytes(Encoding.DER))
    bound = bearer(world.provider.token("payload:validate", cnf={"x5t#S256": thumbprint(found.sha256)}))
    assert world.client.post("/check", content=b"<x/>", headers=bound | shown(made)).status_code == 200
    problem(world.client.post("/check", content=b"<x/>", headers=bound), 401, "invalid-token")
    assert world.office.registry.revoke(party=party_of(made)) == 1
    began = time.monotonic()
    for path, more in (
        ("/check", bound),
        (EST + "simplereenroll", {}),
        ("/OpenADR2/Simple/2.0b/OadrPoll", {}),
    ):
        answer = world.client.post(path, content=b"<x/>", headers=more | shown(made))
        problem(answer, 403, "certificate")
    crl = x509.load_der_x509_crl(world.client.get(EST + "crl").content)
    assert crl.get_revoked_certificate_by_serial_number(made.serial_number) is not None
    assert crl.next_update_utc - crl.last_update_utc <= timedelta(seconds=60)
    assert time.monotonic() - began < 60
    assert party_of(issued(world.enrol(private))) != party_of(made)


def test_unknown_and_expired_certificates_are_refused(world, tmp_path):
    """A chain of another authority, one that was never registered, one out of its time."""
    csr = new_request(key())
    foreign = BuiltIn(tmp_path / "foreign").issue(csr, "VEN-1", "default")
    unregistered = world.office.authority.issue(csr, "VEN-1", "default")
    expired = BuiltIn(tmp_path / "identity", lifetime=timedelta(seconds=-1)).issue(csr, "VEN-1", "default")
    world.office.registry.add(
        certificate(expired.public_bytes(Encoding.DER)),
        "VEN-1",
        "default",
        serial=f"{expired.serial_number:x}",
    )
    for made in (foreign, unregistered, expired):
        problem(world.client.get("/health", headers=shown(made)), 403, "certificate")


def test_device_moves_to_another_aggregator(world):
    """A new pseudonym there; the former certificate counts no more, here or there."""
    private = key()
    here = issued(world.enrol(private))
    there = issued(world.enrol(private, tenant="agg-2"))
    assert party_of(here) != party_of(there)
    problem(world.client.get("/health", headers=shown(here)), 403, "certificate")
    problem(
        world.client.post("/OpenADR2/Simple/2.0b/OadrPoll", content=b"", headers=shown(there)),
        403,
        "certificate",
    )
    assert world.office.vault.parties("agg-2", "anna") == [party_of(there)]


def test_somebody_elses_device_is_no_way_in(world):
    """A known key with another owner's token: a new pseudonym, never the former owner's."""
    private = key()
    first = party_of(issued(world.enrol(private)))
    second = party_of(issued(world.enrol(private, sub="bert")))
    assert first != second


# Over real TLS


@pytest.fixture
def tls(tmp_path):
    """The service on a free loopback port with TLS."""
    (tmp_path / "identity").mkdir()
    server, server_key = BuiltIn(tmp_path / "identity").server("127.0.0.1")
    (tmp_path / "server.pem").write_bytes(server)
    (tmp_path / "server.key").write_bytes(server_key)
    made = World(tmp_path, tls_certificate=tmp_path / "server.pem", tls_key=tmp_path / "server.key")
    config = uvicorn.Config(made.app, log_level="error", http=PeerProtocol, lifespan="off")
    config.load()
    config.ssl = tls_of(made.settings)
    running = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made.address = f"https://127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        while not running.started:
            time.sleep(0.01)
        try:
            yield made
        finally:
            running.should_exit = True
            thread.join(timeout=20)
            made.app.state.tenants.close()
            made.office.close()


def test_device_over_real_tls(tls, tmp_path):
    """Enrolled, recognised by the connection, renewed, revoked: the same clients as ``flexkg enrol``."""
    ca = tmp_path / "identity" / "authority.pem"
    private = key()
    token = tls.token(private)["Authorization"].removeprefix("Bearer ")
    made = EstServer(tls.address, ca=ca).enrol(new_request(private), token)
    files = (tmp_path / "device.pem", tmp_path / "device.key")
    files[0].write_bytes(made.public_bytes(Encoding.PEM))
    files[1].write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    known = EstServer(tls.address, ca=ca, certificate=files)
    renewed = known.renew(new_request(private, party_of(made)))
    assert party_of(renewed) == party_of(made)
    assert Relay(EstServer(tls.address, ca=ca)).chain() == tls.office.authority.chain()
    context = ssl.create_default_context(cafile=str(ca))
    context.load_cert_chain(*files)
    found = certificate(made.public_bytes(Encoding.DER))
    bound = bearer(tls.provider.token("payload:validate", cnf={"x5t#S256": thumbprint(found.sha256)}))
    with httpx.Client(verify=context, base_url=tls.address) as client:
        assert client.post("/check", content=b"<x/>", headers=bound).status_code == 200
        tls.office.registry.revoke(sha256=found.sha256)
        problem(client.post("/check", content=b"<x/>", headers=bound), 403, "certificate")
    with pytest.raises(Forbidden, match="403"):
        known.renew(new_request(private))
    with httpx.Client(verify=ssl.create_default_context(cafile=str(ca)), base_url=tls.address) as client:
        problem(client.post("/check", content=b"<x/>", headers=bound), 401, "invalid-token")
        assert client.get("/health").status_code == 200


def test_legacy_suites_are_an_option(tmp_path):
    """TLS 1.2 with CBC only where the operator asks for it; nothing below 1.2."""
    server, server_key = BuiltIn(tmp_path).server("127.0.0.1")
    (tmp_path / "s.pem").write_bytes(server)
    (tmp_path / "s.key").write_bytes(server_key)
    suites = []
    for legacy in (False, True):
        settings = load_settings(
            tls_certificate=tmp_path / "s.pem", tls_key=tmp_path / "s.key", tls_legacy=legacy
        )
        context = tls_of(settings)
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
        suites.append({suite["name"] for suite in context.get_ciphers()})
    assert suites[1] - suites[0] == {"ECDHE-ECDSA-AES128-SHA256", "AES128-SHA256"}


def test_relayed_authority_signs(tls, tmp_path):
    """A service without an authority of its own passes requests on to an EST server that knows it."""
    ca = tmp_path / "identity" / "authority.pem"
    private = key()
    token = tls.token(private)["Authorization"].removeprefix("Bearer ")

    class Asked(EstServer):
        def enrol(self, request, _token=""):
            return super().enrol(request, token)

    relay = Relay(Asked(tls.address, ca=ca))
    made = relay.issue(new_request(private), "VEN-1", "default")
    assert made.public_key() == private.public_key()
    assert relay.revocations([]) == b""
    assert Path(ca).exists()
