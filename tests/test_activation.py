"""The activation registry: which entry may follow what, that none is changed, and that a pack proves it."""

import csv
import io
import json
import random
import shutil
import zipfile
from datetime import UTC, datetime

import pytest

from kg.activation.pack import make_pack
from kg.activation.registry import Registry
from kg.activation.verification import verify_pack
from kg.checkpoints import sign
from kg.erasure import erase
from kg.errors import UsageError
from kg.ingest import Ingest, rebuild
from kg.registry_entry import RegistryEntry
from kg.seal import public_of, public_pem, signing_key
from kg.service import Service
from kg.settings import load_settings
from kg.sparql.stored import stored_query
from tests.messages import event, report
from tests.openadr.raw import HEAD, TAIL

AT = "2026-12-01T15:00:00Z"


def answer(opt="optIn", number=0, ven="VEN-1", request="R-1"):
    response = f"<ei:responseCode>200</ei:responseCode><pyld:requestID>{request}</pyld:requestID>"
    body = (
        '<oadr:oadrCreatedEvent ei:schemaVersion="2.0b"><pyld:eiCreatedEvent>'
        f"<ei:eiResponse>{response}</ei:eiResponse><ei:eventResponses><ei:eventResponse>{response}"
        f"<ei:qualifiedEventID><ei:eventID>E-1</ei:eventID><ei:modificationNumber>{number}"
        f"</ei:modificationNumber></ei:qualifiedEventID><ei:optType>{opt}</ei:optType></ei:eventResponse>"
        f"</ei:eventResponses><ei:venID>{ven}</ei:venID></pyld:eiCreatedEvent></oadr:oadrCreatedEvent>"
    )
    return (HEAD + body + TAIL).encode()


def entry(step="command", **more):
    stated = {"vtn": "VTN-1", "event": "E-1", "number": 0, "ven": "VEN-1", "at": AT, "agent": "GATEWAY-1"}
    given = {
        "command": {"device": "charger", "point": "limit", "value": "11", "unit": "KiloW"},
        "delivery": {"at": "2026-12-01T17:00:00Z"},
        "emergency": {"vtn": "", "event": "", "value": "1", "answer": "fire: confirmed"},
    }
    return RegistryEntry.made(step=step, **{**stated, **given.get(step, {}), **more})


@pytest.fixture
def ingest(tmp_path):
    with Ingest(tmp_path / "store") as made:
        assert made.ingest(event()).accepted
        yield made


def test_entries_stay_and_are_corrected_by_further_ones(ingest):
    registry = Registry(ingest)
    first = entry()
    assert registry.record(first).seq == 2
    assert registry.record(first).duplicate
    registry.record(entry("answer", answer="confirmed", device="charger"))
    registry.record(entry("baseline", value="12.4", unit="KiloW-HR"))
    registry.record(entry("delivery", value="5.1", unit="KiloW-HR"))
    registry.record(entry(corrects=first.entry, value="10"))
    found = registry.entries("E-1")
    assert [one["step"] for one in found] == ["command", "answer", "baseline", "delivery", "command"]
    assert (found[0]["value"], found[-1]["corrects"]) == ("11", first.entry)


def test_identifier_of_another_entry_is_refused(ingest):
    """It would take the place of the earlier one, whoever made that; the same again is no error."""
    registry = Registry(ingest)
    first = entry(entry="X", value="11")
    registry.record(first)
    for more in ({"value": "99", "agent": "OTHER"}, {"step": "deviation"}, {"step": "emergency"}):
        with pytest.raises(UsageError, match="another entry 'X'") as caught:
            registry.record(entry(entry="X", **more))
        assert caught.value.code == "entry-exists"
    assert registry.record(first).duplicate
    assert [(one["agent"], one["value"]) for one in registry.entries("E-1")] == [("GATEWAY-1", "11")]
    assert registry.interventions() == []


@pytest.mark.parametrize(
    "more",
    [
        {"ven": ""},
        {"device": "http://[x"},
        {"at": "0001-01-01T00:00:00+14:00"},
        {"at": "9999-12-31T23:59:59-14:00"},
        {"answer": "\ud800"},
        {"step": "emergency", "value": "abc"},
        {"step": "emergency", "value": "1e999999999"},
        {"step": "delivery", "value": "NaN"},
    ],
    ids=str,
)
def test_entry_that_could_not_be_read_again_is_refused(ingest, more):
    """A hostile one would end each list and each judgement after it."""
    registry = Registry(ingest)
    with pytest.raises(UsageError):
        registry.record(entry(**more))
    registry.record(entry())
    assert len(registry.entries("E-1")) == 1


def test_registry_goes_on_after_an_erasure(tmp_path):
    """Entries about the erased one stay without its name, those of others whole; further ones are taken."""
    store, gone = tmp_path / "store", "VEN-GONE-4711"
    with Ingest(store) as ingest:
        for ven, name in ((gone, "E-1"), ("VEN-1", "E-2")):
            assert ingest.ingest(event(event_id=name, ven=ven, request=f"R-{name}")).accepted
            Registry(ingest).record(entry(ven=ven, event=name))
    assert erase(store, gone).hits == []
    with Ingest(store) as ingest:
        registry = Registry(ingest)
        assert [one["ven"] for one in registry.entries("E-2")] == ["VEN-1"]
        assert gone not in str(registry.entries("E-1"))
        assert not registry.record(
            entry("delivery", ven="VEN-1", event="E-2", value="5", unit="KiloW-HR")
        ).duplicate
        assert len(registry.entries("E-2")) == 2
        assert [(one["step"], one["ven"]) for one in registry.entries("E-1")] == [("command", "erased")]
        ingest.journal.verify()


def test_rebuilt_graph_has_the_same_entries(tmp_path):
    store = tmp_path / "store"
    with Ingest(store) as ingest:
        ingest.ingest(event())
        Registry(ingest).record(entry())
        before = ingest.graphs.digest()
    rebuilt = rebuild(store)
    assert (rebuilt.accepted, rebuilt.would_refuse) == (2, {})
    with Ingest(store) as ingest:
        assert ingest.graphs.digest() == before
        assert len(Registry(ingest).entries("E-1")) == 1


@pytest.fixture
def pack(tmp_path, ingest):
    """A pack of an event that was answered, commanded and reported, with rows of others between."""
    ingest.ingest(answer())
    ingest.ingest(event(event_id="E-2", request="R-9"))
    Registry(ingest).record(entry(on_behalf_of="AGGREGATOR"))
    received = datetime(2026, 12, 1, 16, 30, tzinfo=UTC)
    ingest.ingest(report("1.5", "2.5"), received=received)
    out = tmp_path / "pack"
    assert make_pack(ingest, "E-1", out) == 4
    return out


def test_pack_holds_and_says_who_did_what(pack, ingest):
    public = public_of(ingest.journal.directory.path)
    found = verify_pack(pack, public)
    assert (found.faults, found.known_key, found.rows) == ([], True, 4)
    manifest = json.loads((pack / "manifest.json").read_text())
    kinds = [row["message_type"] for row in manifest["rows"]]
    assert kinds == ["oadrDistributeEvent", "oadrCreatedEvent", "activationEntry", "oadrUpdateReport"]
    text = (pack / "prov.ttl").read_text()
    assert "prov:actedOnBehalfOf" in text
    assert "E-2" not in text


def test_emergency_within_an_event_is_in_its_pack(tmp_path, ingest):
    """Of no event, and evidence of each that ran; it is not told from an event's own entries."""
    registry = Registry(ingest)
    for at, ven in (("2026-12-01T16:10:00Z", "VEN-1"), ("2026-12-01T16:20:00Z", "VEN-2")):
        registry.record(entry("emergency", at=at, ven=ven, on_behalf_of="GRID"))
    registry.record(entry("emergency", at="2026-12-02T16:10:00Z", value="0"))
    with pytest.raises(UsageError, match="of a plant, not of an event"):
        registry.record(entry("emergency", event="E-1"))
    assert len(registry.interventions()) == 3
    assert [one["at"] for one in registry.interventions("VEN-2")] == ["2026-12-01T16:20:00Z"]
    asked = stored_query("interventions")
    for ven, told in ({"ven": "VEN-2"}, ["VEN-2"]), ({}, ["VEN-1", "VEN-2", "VEN-1"]):
        found = ingest.graphs.query(
            asked.text, default_graph=ingest.graphs.graphs(), named_graphs=[], bindings=asked.bindings(ven)
        )
        rows = list(csv.DictReader(io.StringIO(found.serialize("text/csv").decode())))
        assert [(row["ven"], row["kind"]) for row in rows] == [(one, "emergency") for one in told]
        assert rows[0]["for"] == "GRID"
    assert make_pack(ingest, "E-1", tmp_path / "pack") == 2
    assert verify_pack(tmp_path / "pack").faults == []
    text = (tmp_path / "pack" / "prov.ttl").read_text()
    assert text.count("EmergencyEntry") == 1
    assert "Intervention" in text


@pytest.mark.parametrize(
    "path", ["rows/00000001.xml", "rows/00000004.json", "chain.jsonl", "manifest.json", "prov.ttl"]
)
def test_changed_pack_does_not_hold(pack, path):
    """One byte in any file is enough, also where the digests are made to fit."""
    data = bytearray((pack / path).read_bytes())
    data[len(data) // 2] ^= 1
    (pack / path).write_bytes(data)
    assert not verify_pack(pack).holds


def test_pack_of_another_key_or_with_a_file_more_does_not_hold(pack):
    assert not verify_pack(pack, public_pem(signing_key(bytes(32)))).holds
    (pack / "rows" / "extra.xml").write_text("<x/>")
    assert not verify_pack(pack).holds
    (pack / "rows" / "extra.xml").unlink()
    (pack / "rows" / "00000001.xml").unlink()
    assert not verify_pack(pack).holds


def test_row_taken_out_of_the_chain_is_noticed(pack):
    lines = (pack / "chain.jsonl").read_text().splitlines(keepends=True)
    (pack / "chain.jsonl").write_text("".join(lines[:1] + lines[2:]))
    assert any("chain.jsonl" in fault for fault in verify_pack(pack).faults)


def test_checkpoint_and_pack_bear_one_seal(pack, ingest, tmp_path):
    """Who was given a checkpoint needs no other key, and sees the pack's chain go through it."""
    handed = sign(ingest.journal)
    found = verify_pack(pack, checkpoint=handed)
    assert (found.faults, found.known_key) == ([], True)
    assert any(note.startswith("row 5 is the one of the checkpoint") for note in found.notes)
    with Ingest(tmp_path / "other") as other:
        assert not verify_pack(pack, checkpoint=sign(other.journal)).holds
    with pytest.raises(UsageError, match="no checkpoint"):
        verify_pack(pack, checkpoint="something")


@pytest.mark.parametrize("damage", ["", "{}", "[]", '{"format": "flexkg evidence 1"}', "[" * 100_000, "gone"])
def test_pack_without_a_sound_manifest_does_not_hold(pack, damage):
    (pack / "manifest.json").write_text(damage)
    if damage == "gone":
        (pack / "manifest.json").unlink()
    found = verify_pack(pack)
    assert not found.holds
    assert "no evidence pack, or a damaged one" in found.faults[0]


@pytest.mark.parametrize("method", ["STORED", "DEFLATED", "BZIP2", "LZMA"])
def test_zip_file_that_is_damaged_does_not_hold(tmp_path, method):
    """However it is packed, and wherever it is damaged: exit code 1, and a word on it."""
    from typer.testing import CliRunner

    from kg.cli import app

    whole, chance = io.BytesIO(), random.Random(7)
    with zipfile.ZipFile(whole, "w", getattr(zipfile, f"ZIP_{method}")) as made:
        made.writestr("manifest.json", json.dumps({"format": "flexkg evidence 1"}) * 30)
        made.writestr("rows/00000001.xml", "x" * 100)
    for _ in range(40):
        data = bytearray(whole.getvalue())
        for place in chance.sample(range(len(data)), chance.choice((1, 3, 20))):
            data[place] = chance.randrange(256)
        (tmp_path / "pack.zip").write_bytes(data)
        done = CliRunner().invoke(app, ["evidence", "verify", str(tmp_path / "pack.zip")])
        assert (done.exit_code, done.output[:6]) == (1, "fault:")


def test_public_key_of_no_known_kind_does_not_hold(pack):
    pem = (pack / "public.pem").read_text().replace("MCowBQYDK2Vw", "MCowBQYDC2Vw")
    (pack / "public.pem").write_text(pem)
    assert "public key" in verify_pack(pack).faults[0]


def test_no_path_of_a_manifest_leads_out_of_the_pack(pack):
    """A pack is a stranger's file: verifying it opens nothing else."""
    manifest = json.loads((pack / "manifest.json").read_text())
    manifest["rows"][0]["file"] = "../../etc/passwd"
    (pack / "manifest.json").write_text(json.dumps(manifest))
    assert "outside the pack" in verify_pack(pack).faults[0]


def test_command_line_writes_and_verifies(pack, ingest, tmp_path):
    from typer.testing import CliRunner

    from kg.cli import app

    run = CliRunner().invoke
    assert run(app, ["evidence", "verify", str(pack)]).exit_code == 0
    archive = tmp_path / "pack.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for path in pack.rglob("*"):
            made.write(path, path.relative_to(pack))
    assert "holds" in run(app, ["evidence", "verify", str(archive)]).output
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    assert run(app, ["evidence", "verify", str(archive)]).exit_code == 1
    archive.write_bytes(whole[:300] + bytes([whole[300] ^ 1]) + whole[301:])
    assert run(app, ["evidence", "verify", str(archive)]).exit_code == 1
    assert run(app, ["evidence", "verify", str(tmp_path / "nowhere")]).exit_code == 2
    shutil.rmtree(pack / "rows")
    assert run(app, ["evidence", "verify", str(pack)]).exit_code == 1
    store = ingest.journal.directory.path
    ingest.close()
    assert (
        run(app, ["evidence", "E-1", "--store", str(store), "--out", str(tmp_path / "again")]).exit_code == 0
    )
    assert "PUBLIC KEY" in run(app, ["evidence", "key", "--store", str(store)]).output


def test_stored_query_shows_what_was_entered(tmp_path):
    """Every step, with VEN, device, point, value and who did it; also where no resource is named."""
    with Service(load_settings(store=tmp_path / "store")) as service:
        service.ingest(event())
        registry = service.registry
        registry.record(entry(device="urn:dev:charger 1"))
        registry.record(entry("answer", answer="confirmed", device="urn:dev:charger 1"))
        registry.record(entry("delivery", value="5.1", unit="KiloW", resource="PUMP 1"))
        text = service.ask("activations", {"event": "E-1", "ven": "VEN-1"}).serialize("text/csv").decode()
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [(row["step"], row["value"], row["unit"], row["answer"]) for row in rows] == [
            ("command", "11", "KiloW", ""),
            ("answer", "", "", "confirmed"),
            ("delivery", "5.1", "KiloW", ""),
        ]
        assert {row["by"] for row in rows} == {"GATEWAY-1"}
        assert (rows[0]["device"], rows[0]["point"]) == ("urn:dev:charger%201", "limit")
        alone = service.ask("activations", {"resource": "PUMP 1"}).serialize("text/csv").decode()
        assert len(alone.splitlines()) == 2
