"""An unmodified openleadr VEN over TLS with a client certificate, every message signed."""

import asyncio
import json
import ssl
import urllib.error
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from openleadr import OpenADRClient, objects
from openleadr.utils import certificate_fingerprint

from kg.certificates import Trust
from kg.errors import UsageError
from kg.identity.device import register
from kg.ingest import Ingest
from kg.journal import Journal
from kg.openadr.courier import courier
from kg.openadr.distribution import response
from kg.openadr.event_request import EventRequest, Interval, Signal
from kg.openadr.transport import PartyUnreachable
from kg.openadr.upstream import Upstream
from kg.service import Service
from kg.settings import load_settings
from kg.signatures import verify
from kg.xml import read
from tests.openadr.raw import HEAD, TAIL
from tests.openadr.serving import Served
from tests.openadr.test_openleadr_ven import until
from tests.openadr.test_tree import Endpoint

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def certified(folder, name, authority=None):
    """A key and a certificate in a folder; signed by an authority, or by itself as one."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signer = authority or (subject, key)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
        .add_extension(x509.BasicConstraints(ca=authority is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    )
    if authority is None:
        usage = dict.fromkeys(
            (
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        builder = builder.add_extension(
            x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, **usage), critical=True
        )
    made = builder.sign(signer, hashes.SHA256())
    pem = serialization.Encoding.PEM
    (folder / f"{name}.pem").write_bytes(made.public_bytes(pem))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return subject, key


@pytest.fixture
def served(tmp_path):
    authority = certified(tmp_path, "CA")
    for name in ("server", "VEN-1", "stranger"):
        certified(tmp_path, name, authority)
    trusted = tmp_path / "trusted"
    trusted.mkdir()
    (trusted / "VEN-1.pem").write_bytes((tmp_path / "VEN-1.pem").read_bytes())
    (tmp_path / "identity").mkdir()
    Journal(tmp_path / "store").close()
    tenant = ""
    from kg.directory import open_directory

    tenant = open_directory(tmp_path / "store", create=False).tenant
    register(tmp_path / "identity", (tmp_path / "VEN-1.pem").read_bytes(), "VEN-1", tenant)
    settings = {
        "poll_frequency": "PT1S",
        "report_every": "PT1S",
        "signatures": "enforce",
        "certificates": trusted,
        "identity": tmp_path / "identity",
        "tls_certificate": tmp_path / "server.pem",
        "tls_key": tmp_path / "server.key",
        "tls_clients": tmp_path / "CA.pem",
    }
    made = Served(tmp_path / "store", **settings)
    made.again = lambda: made.__init__(tmp_path / "store", port=made.port, **settings)
    yield made
    if made.process.poll() is None:
        made.stop()


def last_report(served, folder):
    """When the VTN last got a report, since it runs."""
    context = ssl.create_default_context(cafile=str(folder / "CA.pem"))
    with urllib.request.urlopen(f"{served.url}/vens", timeout=10, context=context) as answer:
        return json.load(answer)[0]["last_report"]


async def story(served, folder):
    ven = OpenADRClient(
        ven_name="gateway",
        ven_id="VEN-1",
        vtn_url=served.openadr,
        cert=str(folder / "VEN-1.pem"),
        key=str(folder / "VEN-1.key"),
        ca_file=str(folder / "CA.pem"),
        show_fingerprint=False,
        vtn_fingerprint=certificate_fingerprint((folder / "server.pem").read_text()),
    )
    ven.add_handler("on_event", lambda _event: "optIn")
    sent = []
    ven.add_report(
        callback=lambda: sent.append(1) or 42.5,
        resource_id="meter",
        measurement="power_real",
        unit="W",
        sampling_rate=objects.SamplingRate(min_period=SECOND, max_period=SECOND, on_change=False),
        report_duration=timedelta(hours=1),
    )
    try:
        await ven.run()
        assert (ven.ven_id, bool(ven.registration_id)) == ("VEN-1", True)
        await until(lambda: len(sent) > 1, 20)
        registration, count = ven.registration_id, len(sent)
        served.kill()
        await asyncio.to_thread(served.again)  # the VEN goes on where it was
        await until(lambda: len(sent) > count + 2, 20)
        await until(lambda: last_report(served, folder), 20)
        assert ven.registration_id == registration
    finally:
        await ven.stop()


def test_openleadr_ven_works_over_tls_with_signatures(served, tmp_path):
    """Each is known by certificate and signatures to the other; nobody else is let in."""
    asyncio.run(story(served, tmp_path))
    unsigned = (
        HEAD + '<oadr:oadrPoll ei:schemaVersion="2.0b"><ei:venID>VEN-1</ei:venID></oadr:oadrPoll>' + TAIL
    ).encode()
    for name, status, service in (
        ("stranger", 403, "OadrPoll"),
        ("VEN-1", 200, "OadrPoll"),
        ("VEN-1", 200, "EiEvent"),
    ):
        context = ssl.create_default_context(cafile=str(tmp_path / "CA.pem"))
        context.load_cert_chain(tmp_path / f"{name}.pem", tmp_path / f"{name}.key")
        request = urllib.request.Request(
            f"{served.openadr}/{service}", unsigned, {"Content-Type": "application/xml"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10, context=context) as answer:
                found, body = answer.status, answer.read()
            assert b"<ei:responseCode>200<" not in body
            verdict = verify(
                read(body), Trust({"VTN-1": (tmp_path / "server.pem").read_bytes()}), nonces=None
            )
            assert (verdict.state, verdict.reason) == ("good", "")
        except urllib.error.HTTPError as error:
            found = error.code
            error.close()
        assert found == status
    served.stop()
    journal = Journal(tmp_path / "store")
    kinds = {(row.message_type, row.verdict) for row in journal.rows() if row.direction == "in"}
    sent = [row for row in journal.rows() if row.direction == "out"]
    signed = {row.message_type for row in sent if b"Signature>" in journal.payload(row.seq)}
    assert signed == {row.message_type for row in sent}  # what waits is recorded before it is signed, too
    assert "oadrUpdatedReport" in signed
    journal.close()
    assert {("oadrCreatePartyRegistration", "conforms"), ("oadrUpdateReport", "conforms")} <= kinds


class Nothing:
    """A VEN that carries nothing out, and reports one value."""

    def __init__(self):
        self.seen = []

    def carry_out(self, message):
        found = [message.event(version).event_id for version in message.nodes("conveys")]
        self.seen += found
        return dict.fromkeys(found, "optIn")

    def withdrawn(self):
        return {}

    def reported(self, request, starts):
        assert starts

    def readings(self, request, length):
        start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=5)
        return {start.isoformat().replace("+00:00", "Z"): Decimal(1500)}


def test_own_ven_works_over_tls_with_signatures(served, tmp_path):
    """FlexKG as VEN of a VTN that asks for a registered certificate and a signature on each message."""
    files = {
        "ca": tmp_path / "CA.pem",
        "cert": tmp_path / "VEN-1.pem",
        "key": tmp_path / "VEN-1.key",
    }
    way = courier(served.openadr, signs=True, **files)
    with Ingest(tmp_path / "ven") as ingest:
        ven = Upstream(way, "VEN-1", ingest, Nothing())
        ven.step()
        assert ven.registration_id
        ven.requests = dict.fromkeys(ven.requests, "PT1M")
        assert ven.report() == 1
        sent = [ingest.journal.payload(row.seq) for row in ingest.journal.rows() if row.direction == "out"]
        assert len(sent) > 1
        assert all(b"<ds:Signature" in data for data in sent)  # the record has what was sent
    with Ingest(tmp_path / "unsigned") as ingest:
        ven = Upstream(courier(served.openadr, **files), "VEN-1", ingest, Nothing())
        with pytest.raises(UsageError, match="refused the registration: 463 SIGN-missing"):
            ven.step()
    with Ingest(tmp_path / "stranger") as ingest:
        ven = Upstream(courier(served.openadr, ca=files["ca"]), "VEN-1", ingest, Nothing())
        with pytest.raises(UsageError, match="refused the registration"):  # it shows no certificate
            ven.step()
    with Ingest(tmp_path / "blind") as ingest:
        ven = Upstream(courier(served.openadr), "VEN-1", ingest, Nothing())
        with pytest.raises(PartyUnreachable, match="certificate verify failed"):
            ven.step()
    served.stop()
    journal = Journal(tmp_path / "store")
    kinds = {(row.message_type, row.verdict) for row in journal.rows() if row.direction == "in"}
    journal.close()
    assert ("oadrUpdateReport", "conforms") in kinds


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"url": "vtn.example"}, "no address"),
        ({"url": "http://vtn.example", "ca": "CA.pem"}, "no TLS"),
        ({"cert": "VEN-1.pem"}, "comes with its key"),
        ({"signs": True}, "nothing to sign with"),
        ({"cert": "VEN-1.pem", "key": "stranger.key"}, "cannot be used"),
        ({"cert": "VEN-1.pem", "key": "gone.key"}, "no such file"),
        ({"ca": "VEN-1.key"}, "cannot be used"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_way_that_cannot_be_is_told_at_the_start(tmp_path, more, says):
    authority = certified(tmp_path, "CA")
    for name in ("VEN-1", "stranger"):
        certified(tmp_path, name, authority)
    stated = {"url": "https://vtn.example/OpenADR2/Simple/2.0b", **more}
    for name in {"ca", "cert", "key"} & stated.keys():
        stated[name] = tmp_path / stated[name]
    with pytest.raises(UsageError, match=says):
        courier(stated.pop("url"), **stated)


def test_own_ven_takes_only_what_its_vtn_signed(tmp_path):
    """Where signatures are enforced: registration, event, answer to a poll; none unsigned, none twice."""
    authority = certified(tmp_path, "CA")
    for name in ("VEN-1", "TOP"):
        certified(tmp_path, name, authority)
        (tmp_path / f"of-{name}").mkdir()
        (tmp_path / f"of-{name}" / f"{name}.pem").write_bytes((tmp_path / f"{name}.pem").read_bytes())
    above = Service(
        load_settings(
            store=tmp_path / "above",
            vtn_id="TOP",
            signatures="enforce",
            certificates=tmp_path / "of-VEN-1",
            signing_key=tmp_path / "TOP.key",
            signing_certificate=tmp_path / "TOP.pem",
        )
    )
    signing, told, again = above.vtn.policy.seal, [], []

    def answer(service, data):
        if again:
            return again.pop()
        told.append(above.vtn.answer(data, service))
        return told[-1]

    end, below = Endpoint(answer), Nothing()
    way = courier(end.url, cert=tmp_path / "VEN-1.pem", key=tmp_path / "VEN-1.key", signs=True)
    enforcing = load_settings(
        store=tmp_path / "ven", signatures="enforce", certificates=tmp_path / "of-TOP", context="warn"
    )
    try:
        with Service(enforcing) as own:
            ven = Upstream(way, "VEN-1", own.store, below)
            unsigned = above.vtn.policy
            above.vtn.policy = replace(unsigned, seal=None)
            above.vtn._accepting._policy = above.vtn.policy
            with pytest.raises(UsageError, match="refused the registration"):
                ven.step()
            above.vtn.policy = above.vtn._accepting._policy = unsigned
            ven.step()
            assert (ven.vtn_id, bool(ven.registration_id)) == ("TOP", True)
            start = datetime.now(UTC) + timedelta(hours=1)
            level = Signal("SIMPLE", "level", [Interval("PT1H", 1)])
            above.operator.issue(EventRequest(["VEN-1"], start, [level], event_id="E-1"))
            ven.step()
            assert below.seen == ["E-1"]
            assert above.operator.list_events()[0]["opt"] == "optIn"
            again.append(next(one for one in told if b"oadrDistributeEvent" in one))  # once more
            ven.step()
            again.append(response("", "VEN-1", "463", "not registered"))  # by nobody
            ven.step()
            again.append(signing(response("", "VEN-1", "463", "not registered")).replace(b"463", b"462"))
            ven.step()
            assert below.seen == ["E-1"]
            assert ven.registration_id
            again.append(signing(response("", "VEN-1", "463", "not registered")))
            ven.step()
            assert not ven.registration_id
    finally:
        end.close()
        above.close()
