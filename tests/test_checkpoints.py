"""Checkpoints that were handed out: what they prove, and that no change to the record passes them (A1)."""

import hashlib
import http.server
import json
import random
import shutil
import subprocess
import sys
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from cryptography import x509
from joserfc import jws
from joserfc.jwk import OKPKey

from kg.checkpoints import digest, fits, read, sign
from kg.errors import FlexKGError, JournalCorrupt, StoreUnavailable, UsageError
from kg.journal import Journal
from kg.timestamps import authority
from tests.test_journal import ROWS, entry, tamper

FLEXKG = [sys.executable, "-c", "from kg.cli import main; main()"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of ROWS rows, an older copy of it, and a checkpoint of its head."""
    folder = tmp_path_factory.mktemp("checkpoints")
    journal = Journal(folder / "store")
    journal.append_many(entry(n, f"ven-{n % 3}") for n in range(ROWS - 4))
    journal.close()
    shutil.copytree(folder / "store", folder / "older")
    journal = Journal(folder / "store")
    journal.append_many(entry(n, f"ven-{n % 3}") for n in range(ROWS - 4, ROWS))
    (folder / "checkpoint").write_text(sign(journal))
    journal.close()
    return folder


def holds(path, text):
    try:
        journal = Journal(path)
    except FlexKGError:
        return False
    try:
        fits(journal, text)
    except FlexKGError:
        return False
    finally:
        journal.close()
    return True


def test_checkpoint_says_how_far_the_journal_reached(store):
    """Any JOSE library reads it with the key in its header."""
    text = (store / "checkpoint").read_text()
    handed = read(text)
    assert (handed.seq, handed.tenant) == (ROWS, "default")
    journal = Journal(store / "store")
    assert fits(journal, text) == handed
    assert journal.head == handed.checkpoint
    journal.append(entry(99))
    assert fits(journal, text) == handed
    journal.close()


def test_older_copy_of_everything_is_found_out(store, tmp_path):
    """Journal, head and keys put back together verify by themselves; a checkpoint shows what was cut off."""
    path = shutil.copytree(store / "older", tmp_path / "older")
    journal = Journal(path)
    journal.verify()
    with pytest.raises(JournalCorrupt, match="cut off"):
        fits(journal, (store / "checkpoint").read_text())
    journal.append_many(entry(n + 100) for n in range(4))
    with pytest.raises(JournalCorrupt, match="not the one that was sealed"):
        fits(journal, (store / "checkpoint").read_text())
    journal.close()


@pytest.mark.parametrize("count", [60, pytest.param(500, marks=pytest.mark.long)])
def test_every_tampering_is_detected(store, tmp_path, count):
    """Flipped, deleted, reordered and cut rows, and older copies (500 without them in test_journal.py)."""
    chance = random.Random(20261127)
    text = (store / "checkpoint").read_text()
    assert holds(shutil.copytree(store / "store", tmp_path / "whole"), text)
    for n in range(count):
        path = shutil.copytree(store / ("older" if n % 5 == 0 else "store"), tmp_path / "copy")
        done = tamper(path, chance) if n % 5 else "older"
        assert not holds(path, text), done
        shutil.rmtree(path)


def test_forged_checkpoints_are_refused(store, tmp_path):
    """Changed, signed with another key, of another journal, of another kind, or nothing at all."""
    text = (store / "checkpoint").read_text()
    head, body, signature = text.split(".")
    said = json.loads(urlsafe_b64decode(body + "=="))
    changed = urlsafe_b64encode(json.dumps(said | {"seq": 1}).encode()).rstrip(b"=").decode()
    key = OKPKey.generate_key("Ed25519")
    header = {"alg": "Ed25519", "typ": "flexkg-checkpoint", "jwk": key.as_dict(private=False)}
    registry = jws.JWSRegistry(algorithms=["Ed25519"])
    foreign = jws.serialize_compact(header, json.dumps(said).encode(), key, registry=registry)
    other_kind = jws.serialize_compact(
        header | {"typ": "x"}, json.dumps(said).encode(), key, registry=registry
    )
    assert read(foreign).seq == ROWS
    path = shutil.copytree(store / "store", tmp_path / "copy")
    for forged in (
        f"{head}.{changed}.{signature}",
        f"{head}.{body}.",
        other_kind,
        foreign,
        "",
        "a.b.c",
        "{}",
    ):
        assert not holds(path, forged)
    with pytest.raises(UsageError, match="no checkpoint"):
        read("a.b.c")
    journal = Journal(path)
    with pytest.raises(UsageError, match="another journal"):
        fits(journal, foreign)
    journal.close()


@pytest.fixture(scope="module")
def tsa(tmp_path_factory):
    """A time-stamping authority: openssl ts, asked as a function."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl; run by `make test-services`")
    folder = tmp_path_factory.mktemp("tsa")
    (folder / "tsa.cnf").write_text(
        "[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nCN=TSA\n"
        "[ext]\nextendedKeyUsage=critical,timeStamping\nbasicConstraints=CA:FALSE\n"
        f"[tsa]\ndefault_tsa=t\n[t]\nserial={folder}/serial\nsigner_cert={folder}/cert.pem\n"
        f"signer_key={folder}/key.pem\nsigner_digest=sha256\ndefault_policy=1.2.3.4\ndigests=sha256,sha512\n"
        "accuracy=secs:1\nordering=no\ntsa_name=no\ness_cert_id_chain=no\n"
    )
    (folder / "serial").write_text("01\n")

    def run(*command, data=None):
        done = subprocess.run(["openssl", *command], cwd=folder, input=data, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem"),
        *("-days", "2", "-config", "tsa.cnf"),
    )

    def ask(request):
        (folder / "query").write_bytes(request)
        run("ts", "-reply", "-queryfile", "query", "-out", "reply", "-config", "tsa.cnf")
        return (folder / "reply").read_bytes()

    return folder, ask


def test_checkpoint_is_stamped_by_an_authority(store, tsa):
    """RFC 3161; openssl as the authority, another implementation verifies."""
    from rfc3161_client import VerifierBuilder, decode_timestamp_response

    folder, ask = tsa
    data = digest((store / "checkpoint").read_text())
    token = authority("https://tsa.example", ask=ask)(data)
    cert = x509.load_pem_x509_certificate((folder / "cert.pem").read_bytes())
    verifier = VerifierBuilder().tsa_certificate(cert).add_root_certificate(cert).build()
    assert verifier.verify_message(decode_timestamp_response(token), data)


@pytest.fixture
def tsa_address(tsa):
    """The same authority over HTTP, which takes RFC 3161 requests alone; and what came to it."""
    _, ask = tsa

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            known = self.path == "/ok" and self.headers["Content-Type"] == "application/timestamp-query"
            told = ask(self.rfile.read(int(self.headers["Content-Length"]))) if known else b"no"
            self.send_response(200 if known else 503)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_):
            """Keep quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(10)


def test_checkpoint_is_stamped_over_http(store, tsa, tsa_address, tmp_path):
    """As its users do: the token lies beside the checkpoint, and openssl verifies it; silence is told."""
    folder, _ = tsa
    out = tmp_path / "checkpoint.jws"
    command = [*FLEXKG, "journal", "checkpoint", "--store", str(store / "store"), "--out", str(out)]
    command.append("--stamp")
    done = subprocess.run([*command, f"{tsa_address}/ok"], capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    (tmp_path / "data").write_bytes(hashlib.sha256(out.read_text().strip().encode()).digest())
    token = next(tmp_path.glob("*.tsr"))
    verified = subprocess.run(
        ["openssl", "ts", "-verify", "-data", tmp_path / "data", "-in", token, "-CAfile", "cert.pem"],
        cwd=folder, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert b"Verification: OK" in verified.stdout + verified.stderr, verified.stderr
    done = subprocess.run([*command, f"{tsa_address}/no"], capture_output=True, timeout=120, check=False)
    assert done.returncode == 2
    assert b"does not answer" in done.stderr
    assert b"Traceback" not in done.stderr


def test_answer_of_an_authority_to_something_else_is_refused(store, tsa):
    """An old answer, no answer, another address."""
    _, ask = tsa
    old = []

    def first(request):
        old.append(ask(request))
        return old[0]

    stamp = authority("https://tsa.example", ask=first)
    stamp(b"1")
    with pytest.raises(StoreUnavailable, match="something else"):
        stamp(b"2")
    with pytest.raises(StoreUnavailable, match="does not answer"):
        authority("https://tsa.example", ask=lambda _: b"no")(b"1")
    with pytest.raises(UsageError, match="HTTP"):
        authority("file:///etc/passwd")(b"1")
