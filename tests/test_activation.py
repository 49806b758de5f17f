"""The activation registry: which entry may follow what, that none is changed, and that a pack proves it."""

import json
import shutil
import zipfile
from datetime import UTC, datetime

import pytest

from kg.activation.pack import evidence_key, make_pack, public_pem
from kg.activation.registry import EntryRefused, Registry, _rules, facts
from kg.activation.verification import verify_pack
from kg.errors import UsageError
from kg.ingest import Ingest, rebuild
from kg.registry_entry import RegistryEntry
from tests.messages import event, report
from tests.openadr.raw import HEAD, TAIL

AT = "2026-12-01T15:00:00Z"


def answer(opt="optIn", number=0, ven="VEN-1"):
    response = "<ei:responseCode>200</ei:responseCode><pyld:requestID>R-1</pyld:requestID>"
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
    given = {"command": {"device": "charger", "point": "limit", "value": "11", "unit": "KiloW"}}
    return RegistryEntry.made(step=step, **{**stated, **given.get(step, {}), **more})


@pytest.fixture
def ingest(tmp_path):
    with Ingest(tmp_path / "store") as made:
        assert made.ingest(event()).accepted
        yield made


def broken(ingest, one, engine="compiled"):
    return {v.rule for v in Registry(ingest).judge(one, engine).violations}


CASES = {
    "ACT-1": (lambda: entry(event="E-9"), lambda: entry()),
    "ACT-4": (lambda: entry(corrects="nothing"), lambda: entry()),
    "ACT-5": (lambda: entry(), lambda: entry("deviation", answer="done before the opt-out")),
    "ACT-7": (lambda: entry(), lambda: entry("deviation", answer="a test")),
    "ACT-8": (lambda: entry("answer", answer="done"), lambda: entry()),
    "ACT-9": (lambda: entry("delivery", unit="KiloW-HR"), None),
    "ACT-10": (lambda: entry("delivery", value="5"), lambda: entry("delivery", value="5", unit="KiloW-HR")),
}


@pytest.mark.parametrize("engine", ["compiled", "shacl", "pyshacl"])
@pytest.mark.parametrize("rule", CASES)
def test_rule_refuses_what_breaks_it_only(tmp_path, rule, engine):
    """No delivery without a request, no command after an opt-out, no answer without a command, ..."""
    wrong, right = CASES[rule]
    with Ingest(tmp_path / "store") as ingest:
        data = event()
        if rule == "ACT-7":
            data = data.replace(b"<ei:testEvent>false", b"<ei:testEvent>true")
        ingest.ingest(data)
        if rule == "ACT-5":
            ingest.ingest(answer("optIn"))
            ingest.ingest(answer("optOut"))
        assert broken(ingest, wrong(), engine) == {rule}
        if right is not None:
            assert broken(ingest, right(), engine) == set()
        with pytest.raises(EntryRefused, match=rule):
            Registry(ingest).record(wrong())


def test_cancelled_event_commands_nothing(ingest):
    data = event(1, request="R-2").replace(b"eventStatus>far", b"eventStatus>cancelled")
    assert ingest.ingest(data).accepted
    assert broken(ingest, entry(number=1)) == {"ACT-6"}


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
    public = public_pem(evidence_key(ingest.journal.directory.path))
    found = verify_pack(pack, public)
    assert (found.faults, found.known_key, found.rows) == ([], True, 4)
    manifest = json.loads((pack / "manifest.json").read_text())
    kinds = [row["message_type"] for row in manifest["rows"]]
    assert kinds == ["oadrDistributeEvent", "oadrCreatedEvent", "activationEntry", "oadrUpdateReport"]
    text = (pack / "prov.ttl").read_text()
    assert "prov:actedOnBehalfOf" in text or "actedOnBehalfOf" in text
    assert "E-2" not in text


@pytest.mark.parametrize(
    "path", ["rows/00000001.xml", "rows/00000004.json", "chain.jsonl", "manifest.json", "prov.ttl"]
)
def test_changed_pack_does_not_hold(pack, path):
    """One byte in any file is enough, also where the digests are made to fit."""
    data = bytearray((pack / path).read_bytes())
    data[len(data) // 2] ^= 1
    (pack / path).write_bytes(data)
    try:
        assert not verify_pack(pack).holds
    except UsageError as error:  # a manifest that is no JSON any more
        assert "evidence pack" in error.what  # noqa: PT017


def test_pack_of_another_key_or_with_a_file_more_does_not_hold(pack, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    assert not verify_pack(pack, public_pem(evidence_key(other))).holds
    (pack / "rows" / "extra.xml").write_text("<x/>")
    assert not verify_pack(pack).holds
    (pack / "rows" / "extra.xml").unlink()
    (pack / "rows" / "00000001.xml").unlink()
    assert not verify_pack(pack).holds


def test_row_taken_out_of_the_chain_is_noticed(pack):
    lines = (pack / "chain.jsonl").read_text().splitlines(keepends=True)
    (pack / "chain.jsonl").write_text("".join(lines[:1] + lines[2:]))
    assert any("chain.jsonl" in fault for fault in verify_pack(pack).faults)


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
    shutil.rmtree(pack / "rows")
    assert run(app, ["evidence", "verify", str(pack)]).exit_code == 1
    store = ingest.journal.directory.path
    ingest.close()
    assert (
        run(app, ["evidence", "E-1", "--store", str(store), "--out", str(tmp_path / "again")]).exit_code == 0
    )
    assert "PUBLIC KEY" in run(app, ["evidence", "key", "--store", str(store)]).output


@pytest.mark.parametrize(("rule", "term"), [("ACT-2", "generatedAtTime"), ("ACT-3", "wasAttributedTo")])
def test_entry_without_time_or_agent_breaks_its_rule(ingest, rule, term):
    """Entries are made with both; what another writer leaves out, the shapes notice."""
    shapes, engine = _rules("compiled")
    lines = [*entry().lines(), *facts(entry(), ingest.graphs)]
    kept = "\n".join([line for line in lines if term not in line] + [""])
    assert {shapes.rules[one.shape].id for one in engine.validate(kept)} == {rule}
