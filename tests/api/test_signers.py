"""Signed messages over TLS: who signed and who is at the other end are one party, or it is refused."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from kg.certificates import Trust, certificate
from kg.errors import UsageError
from kg.identity.registry import Registry
from kg.signing import sign
from tests.api.problem import problem
from tests.api.test_enrolment import EST, POLL, World, body, issued, key, party_of, request, shown

ADDRESS = "/OpenADR2/Simple/2.0b/OadrPoll"


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr("kg.notary._FRESH", 0)
    made = World(tmp_path, signatures="enforce")
    with made.client:
        yield made


class Device:
    """An enrolled device."""

    def __init__(self, world, owner):
        self.world, self.private = world, key()
        self.certificate = issued(world.enrol(self.private, sub=owner))
        self.party = party_of(self.certificate)

    def renew(self):
        """Get another certificate, for another key; gives what was there before."""
        before, fresh = (self.private, self.certificate), key()
        csr = body(request(fresh, hash_=SHA256()))
        answer = self.world.client.post(EST + "simplereenroll", content=csr, headers=shown(self.certificate))
        self.private, self.certificate = fresh, issued(answer)
        return before

    def poll(self, party="", *, by=None):
        """A signed poll, by this certificate or another pair."""
        private, made = by or (self.private, self.certificate)
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return sign(POLL.format(party or self.party).encode(), pem, made.public_bytes(Encoding.PEM))

    def send(self, data):
        """Send over a connection that this device's certificate opened."""
        return self.world.client.post(ADDRESS, content=data, headers=shown(self.certificate))


def refused(answer, rule):
    assert answer.status_code == 200, answer.text
    assert f"{rule}" in answer.text, answer.text
    return True


def test_signer_and_peer_are_one_party(world):
    """Its own signature counts over its own connection alone."""
    anna, bert = Device(world, "anna"), Device(world, "bert")
    taken = anna.send(anna.poll())
    assert taken.status_code == 200
    assert "SIGN-" not in taken.text
    problem(bert.send(anna.poll()), 403, "not-yours")
    assert refused(bert.send(anna.poll(bert.party)), "SIGN-foreign-key")
    assert refused(bert.send(bert.poll(by=(anna.private, anna.certificate))), "SIGN-foreign-key")
    assert refused(bert.send(POLL.format(bert.party).encode()), "SIGN-missing")
    stranger = ec.generate_private_key(ec.SECP256R1())
    assert refused(bert.send(bert.poll(by=(stranger, self_signed(stranger, bert.party)))), "SIGN-foreign-key")


def test_either_certificate_of_a_party_may_sign_while_one_is_renewed(world):
    """Until the former one is revoked; then neither its signature nor its connection counts."""
    anna = Device(world, "anna")
    former = anna.renew()
    assert former[1] != anna.certificate
    for made in (anna.poll(), anna.poll(by=former)):
        assert "SIGN-" not in anna.send(made).text
    found = certificate(former[1].public_bytes(Encoding.DER))
    assert world.office.registry.revoke(sha256=found.sha256) == 1
    assert refused(anna.send(anna.poll(by=former)), "SIGN-foreign-key")
    assert "SIGN-" not in anna.send(anna.poll()).text
    problem(world.client.post(ADDRESS, content=anna.poll(), headers=shown(former[1])), 403, "certificate")


def self_signed(private, name, *, begins=-1, ends=1):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=begins))
        .not_valid_after(now + timedelta(days=ends))
        .sign(private, SHA256())
    )


def test_registry_trusts_what_is_in_force_at_an_aggregator(tmp_path):
    """Not what is revoked, over, or another aggregator's; and what is not valid yet verifies nothing."""
    registry = Registry(tmp_path / "certificates.sqlite")
    made = {}
    for name, tenant, days in (
        ("VEN-1", "north", (-1, 1)),
        ("VEN-1", "north", (-2, 2)),
        ("VEN-OVER", "north", (-3, -1)),
        ("VEN-REVOKED", "north", (-1, 1)),
        ("VEN-SOUTH", "south", (-1, 1)),
        ("VEN-SOON", "north", (1, 2)),
    ):
        one = self_signed(key(), name, begins=days[0], ends=days[1])
        found = certificate(one.public_bytes(Encoding.DER))
        registry.add(found, name, tenant, serial=f"{one.serial_number:x}")
        made.setdefault(name, []).append(found)
    registry.revoke(party="VEN-REVOKED")
    trusted = registry.trusted("north")
    assert set(trusted) == {"VEN-1", "VEN-SOON"}
    assert set(trusted["VEN-1"]) == {one.der for one in made["VEN-1"]}
    assert set(registry.trusted("south")) == {"VEN-SOUTH"}
    assert registry.trusted("west") == {}
    ((_, soon),) = Trust(trusted).of("VEN-SOON")
    assert not soon.in_force(datetime.now(UTC))
    with pytest.raises(UsageError, match="registered already"):
        registry.add(made["VEN-SOUTH"][0], "VEN-OTHER", "north", serial="1")
    registry.close()
