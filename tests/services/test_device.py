"""A device from its owner's consent to its revocation, with a real OpenID provider and real TLS."""

import contextlib
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import httpx2 as httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws

from kg.identity.authority import BuiltIn
from kg.identity.device_flow import token_for
from kg.identity.proofs import prove
from tests.api.problem import problem
from tests.messages import register, report
from tests.paths import ROOT

pytestmark = pytest.mark.services

NODE = Path(os.environ.get("FLEXKG_NODE", Path(sys.prefix) / "node"))
AUDIENCE = "https://flexkg.example"
FLEXKG = [sys.executable, "-c", "from kg.cli import main; main()"]
REGISTRATION = """<oadr:oadrPayload xmlns:oadr="http://openadr.org/oadr-2.0b/2012/07"
 xmlns:ei="http://docs.oasis-open.org/ns/energyinterop/201110"
 xmlns:pyld="http://docs.oasis-open.org/ns/energyinterop/201110/payloads"><oadr:oadrSignedObject>
 <oadr:oadrCreatePartyRegistration ei:schemaVersion="2.0b"><pyld:requestID>R-1</pyld:requestID>
 <ei:venID>{}</ei:venID><oadr:oadrProfileName>2.0b</oadr:oadrProfileName>
 <oadr:oadrTransportName>simpleHttp</oadr:oadrTransportName><oadr:oadrReportOnly>false</oadr:oadrReportOnly>
 <oadr:oadrXmlSignature>false</oadr:oadrXmlSignature><oadr:oadrVenName>heatpump</oadr:oadrVenName>
 <oadr:oadrHttpPullModel>true</oadr:oadrHttpPullModel></oadr:oadrCreatePartyRegistration>
 </oadr:oadrSignedObject></oadr:oadrPayload>"""


@pytest.fixture(scope="module")
def issuer():
    """oidc-provider, on a port that it chose."""
    with provider() as (address, _):
        yield address


@contextlib.contextmanager
def provider(*more):
    """Run oidc-provider; gives its issuer, and the origin of its tokens with ``"apart"``."""
    if shutil.which("node") is None or not (NODE / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("needs node and oidc-provider: make test-services")
    running = subprocess.Popen(
        ["node", str(ROOT / "tests" / "services" / "provider.mjs"), str(NODE), AUDIENCE, *more],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        yield running.stdout.readline().strip(), running.stdout.readline().strip()
    finally:
        running.terminate()
        try:
            running.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.communicate(timeout=20)


@pytest.fixture(scope="module")
def served(issuer, tmp_path_factory):
    """`flexkg serve` with that provider."""
    with serving(issuer, tmp_path_factory.mktemp("served")) as made:
        yield made


@contextlib.contextmanager
def serving(issuer, folder, **more):
    """`flexkg serve` with TLS, a provider, a VTN and a folder for identities; gives address and folder."""
    server, key = BuiltIn(folder / "identity").server("127.0.0.1")
    (folder / "server.pem").write_bytes(server)
    (folder / "server.key").write_bytes(key)
    settings = {
        "ISSUER": issuer, "AUDIENCE": AUDIENCE, "IDENTITY": folder / "identity", "VTN_ID": "VTN-1",
        "TLS_CERTIFICATE": folder / "server.pem", "TLS_KEY": folder / "server.key", **more,
    }  # fmt: skip
    environment = os.environ | {f"FLEXKG_{name}": str(value) for name, value in settings.items()}
    running = subprocess.Popen(
        [*FLEXKG, "serve", "--store", str(folder / "store"), "--port", "0"],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        first = running.stdout.readline()
        assert f"tokens of {issuer}" in first
        yield first.split("flexkg serves on ")[1].split(" ")[0], folder
    finally:
        running.terminate()
        running.communicate(timeout=30)


def owner(issuer, code, **more):
    """The owner opens the page and confirms, or not."""
    query = urllib.parse.urlencode({"code": code, **more})
    with urllib.request.urlopen(
        urllib.request.Request(f"{issuer}/owner?{query}", method="POST"), timeout=20
    ) as answer:
        assert answer.status == 200


def enrol(issuer, address, folder, device, **more):
    """`flexkg enrol`, with its owner beside it; gives exit code and output."""
    running = subprocess.Popen(
        [*FLEXKG, "enrol", "--out", str(device), "--est", address, "--provider", issuer,
         "--audience", AUDIENCE, "--ca", str(folder / "identity" / "authority.pem")],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    code = re.search(r"code (\S+)", running.stdout.readline())[1]
    owner(issuer, code, **more)
    out, err = running.communicate(timeout=60)
    return running.returncode, out, err


def connect(address, folder, device=None):
    context = ssl.create_default_context(cafile=str(folder / "identity" / "authority.pem"))
    if device is not None:
        context.load_cert_chain(device / "device.pem", device / "device.key")
    return httpx.Client(verify=context, base_url=address)


def test_device_from_consent_to_refusal(issuer, served, tmp_path):
    """Enrols, registers, reports, renews, moves with a new venID, is revoked, and is refused."""
    address, folder = served
    device, vtn = tmp_path / "device", "/OpenADR2/Simple/2.0b/"
    status, out, err = enrol(issuer, address, folder, device, sub="anna", tenant="default")
    assert (status, err) == (0, "")
    party = re.search(r"venID (\S+),", out)[1]
    with connect(address, folder, device) as client:
        answer = client.post(vtn + "EiRegisterParty", content=REGISTRATION.format(party).encode())
        assert answer.status_code == 200
        assert "oadrCreatedPartyRegistration" in answer.text
        assert ">200<" in answer.text
        answer = client.post(vtn + "EiReport", content=register(ven=party))
        asked = re.search(r"reportRequestID>([^<]+)<", answer.text)[1]
        answer = client.post(
            vtn + "EiReport", content=report("1.5", ven=party).replace(b"RR-1", asked.encode())
        )
        assert ">200<" in answer.text, answer.text
        problem(client.post(vtn + "EiReport", content=report("1.5", ven="VEN-OTHER")), 403, "not-yours")
    with connect(address, folder) as client:
        problem(client.post(vtn + "EiReport", content=report("9", ven=party)), 403, "forbidden")
    command = [*FLEXKG, "enrol", "--renew", "--out", str(device), "--est", address]
    command += ["--ca", str(folder / "identity" / "authority.pem")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, party in done.stdout) == (0, True)
    former = shutil.copytree(device, tmp_path / "former")
    status, out, _ = enrol(issuer, address, folder, device, sub="anna", tenant="agg-2")
    moved = re.search(r"venID (\S+),", out)[1]
    assert moved != party
    with connect(address, folder, former) as client:
        problem(client.get("/health"), 403, "certificate")
    with connect(address, folder, device) as client:
        assert client.get("/health").status_code == 200
        began = time.monotonic()
        revoke = [*FLEXKG, "certificate", "revoke", moved, "--identity", str(folder / "identity")]
        subprocess.run(revoke, cwd=ROOT, check=True, capture_output=True, timeout=60)
        problem(client.get("/health"), 403, "certificate")
        assert time.monotonic() - began < 60


def test_owner_may_say_no(issuer, served, tmp_path):
    """The device says so and has no certificate."""
    address, folder = served
    status, _, err = enrol(
        issuer, address, folder, tmp_path / "device", sub="bert", tenant="default", deny="1"
    )
    assert status == 2
    assert "access_denied" in err
    assert not (tmp_path / "device" / "device.pem").exists()


def test_token_bound_to_a_devices_key_opens_routes(issuer, served):
    """By the device flow, with a fresh proof for each request; whoever has only the token has nothing."""
    address, folder = served
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    token = token_for(
        issuer, "device", key, lambda prompt: owner(issuer, prompt.code, sub="carl", tenant="default"),
        resource=AUDIENCE, scope="payload:validate self:read", wait=lambda _: time.sleep(0.2),
    )  # fmt: skip
    assert "jkt" in jws.extract_compact(token.encode()).payload.decode()

    nonce = ""

    def headers(method, path, private=pem):
        made = prove(private, method, address + path, token, nonce)
        return {"Authorization": f"DPoP {token}", "DPoP": made}

    with connect(address, folder) as client:
        answer = client.get("/queries", headers=headers("GET", "/queries"))
        nonce = answer.headers.get("dpop-nonce", "")  # asked for in the first seconds after a start
        sent = headers("POST", "/check")
        assert client.post("/check", content=register(), headers=sent).status_code == 200
        problem(client.post("/check", content=register(), headers=sent), 401, "invalid-dpop-proof")
        assert client.get("/me/data", headers=headers("GET", "/me/data")).status_code == 200
        stolen = {"Authorization": f"Bearer {token}"}
        problem(client.post("/check", content=register(), headers=stolen), 401, "invalid-token")
        thief = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        answer = client.post("/check", content=register(), headers=headers("POST", "/check", thief))
        problem(answer, 401, "invalid-dpop-proof")
        answer = client.get("/queries", headers=headers("GET", "/queries"))
        problem(answer, 403, "scope")


def test_nonces_of_provider_and_service(tmp_path):
    """Where both ask for them in each proof: the device flow, the enrolment and our own proofs go on."""
    with (
        provider("nonces") as (issuer, _),
        serving(issuer, tmp_path, DPOP_NONCES="true") as (address, folder),
    ):
        status, out, err = enrol(issuer, address, folder, tmp_path / "device", sub="anna", tenant="default")
        assert (status, err, "venID" in out) == (0, "", True)
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        token = token_for(
            issuer, "device", key, lambda prompt: owner(issuer, prompt.code, sub="dora", tenant="default"),
            resource=AUDIENCE, scope="payload:validate", wait=lambda _: time.sleep(0.2),
        )  # fmt: skip

        def headers(nonce=""):
            made = prove(pem, "POST", address + "/check", token, nonce)
            return {"Authorization": f"DPoP {token}", "DPoP": made}

        with connect(address, folder) as client:
            answer = client.post("/check", content=register(), headers=headers())
            problem(answer, 401, "use-dpop-nonce")
            sent = headers(answer.headers["dpop-nonce"])
            assert client.post("/check", content=register(), headers=sent).status_code == 200
            problem(client.post("/check", content=register(), headers=sent), 401, "invalid-dpop-proof")


def test_client_credentials_open_what_their_scopes_say(issuer, served):
    """JWT access tokens of a real provider, checked with the keys that it publishes."""
    address, folder = served

    def token(scope):
        form = {
            "grant_type": "client_credentials",
            "client_id": "aggregator",
            "client_secret": "secret-of-a-test",
        }
        answer = httpx.post(f"{issuer}/token", data=form | {"scope": scope, "resource": AUDIENCE})
        assert answer.status_code == 200, answer.text
        text = answer.json()["access_token"]
        assert jws.extract_compact(text.encode()).headers()["typ"] == "at+jwt"
        return {"Authorization": f"Bearer {text}"}

    with connect(address, folder) as client:
        ask = {"query": "ASK { ?s a owl:Class }"}
        assert (
            client.get("/sparql", params=ask, headers=token("sparql:query read_all")).json()["boolean"]
            is True
        )
        problem(client.get("/sparql", params=ask, headers=token("audit:read")), 403, "scope")
        problem(client.get("/sparql", params=ask), 401, "no-token")
        mixed = token("identity:read sparql:query")
        problem(client.get("/sparql", params=ask, headers=mixed), 401, "invalid-token")
