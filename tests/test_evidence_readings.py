"""The readings in an evidence pack: what was entered follows from them; a change of either is found out."""

import hashlib
import json
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from kg.activation.basis import basis_of
from kg.activation.grounds import grounds_of
from kg.activation.pack import make_pack
from kg.activation.registry import Registry
from kg.activation.settlement import settle
from kg.activation.verification import verify_pack
from kg.cli import app
from kg.ingest import Ingest
from kg.seal import public_pem, signing_key
from tests.messages import event, register, report

AFTER = datetime(2026, 12, 5, tzinfo=UTC)
DURING = datetime(2026, 12, 1, 16, 50, tzinfo=UTC)


def power(watts=-5000, kind="delta"):
    """The event of tests.messages as one that asks for a power."""
    item = (
        b"<power:powerReal><power:itemDescription>RealPower</power:itemDescription>"
        b"<power:itemUnits>W</power:itemUnits><scale:siScaleCode>none</scale:siScaleCode>"
        b"<power:powerAttributes><power:hertz>50</power:hertz><power:voltage>230</power:voltage>"
        b"<power:ac>true</power:ac></power:powerAttributes></power:powerReal>"
    )
    data = (
        event(level=watts)
        .replace(b"SIMPLE", b"LOAD_DISPATCH")
        .replace(b"Type>level", f"Type>{kind}".encode())
    )
    return data.replace(b"<ei:currentValue>", item + b"<ei:currentValue>")


def day(values, date, request):
    return report(*values, request=request).replace(b"2026-12-01T16", f"{date}T16".encode())


@pytest.fixture
def ingest(tmp_path):
    with Ingest(tmp_path / "store") as made:
        for data in (
            power(),
            register(),
            day("6666", "2026-11-30", "R-7"),
            day("8888", "2026-11-27", "R-8"),
        ):
            assert made.ingest(data).accepted
        assert made.ingest(report("2", "2", "3", "3"), received=DURING).accepted
        yield made


@pytest.fixture
def pack(tmp_path, ingest):
    assert [entry.step for entry in settle(ingest, "E-1", now=AFTER).made] == [
        "baseline",
        "delivery",
        "deviation",
    ]
    make_pack(ingest, "E-1", tmp_path / "pack")
    return tmp_path / "pack"


def signed(pack, ingest):
    """Let whoever has the key put everything right again after a change."""
    manifest = json.loads((pack / "manifest.json").read_text())
    for name in manifest["files"]:
        manifest["files"][name] = hashlib.sha256((pack / name).read_bytes()).hexdigest()
    for row in manifest["rows"]:
        data = (pack / row["file"]).read_bytes()
        row["sha256"] = hashlib.sha256(data).hexdigest()
        told = json.loads((pack / row["report"]).read_text()) | {"digest": row["sha256"]}
        (pack / row["report"]).write_text(json.dumps(told))
        row["report_sha256"] = hashlib.sha256((pack / row["report"]).read_bytes()).hexdigest()
    data = json.dumps(manifest, indent=1, sort_keys=True).encode()
    (pack / "manifest.json").write_bytes(data)
    (pack / "manifest.sig").write_bytes(signing_key(ingest.journal.keys.secret).sign(data))


def test_figures_follow_from_the_readings_in_the_pack(pack):
    found = verify_pack(pack)
    assert (found.faults, found.figures) == ([], 3)
    assert any(note.startswith("4 of 12 readings were compared") for note in found.notes)
    lines = [json.loads(line) for line in (pack / "readings.jsonl").read_text().splitlines()]
    assert {line["start"][:10] for line in lines} == {"2026-11-27", "2026-11-30", "2026-12-01"}
    done = CliRunner().invoke(app, ["evidence", "verify", str(pack)])
    assert "3 figures, the same" in done.output


def test_settling_several_times_at_once_enters_nothing_twice(ingest):
    """At different times, so that the entries differ; then once more with late readings, to be corrected."""
    for again in (0, 1):
        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda n: settle(ingest, "E-1", now=AFTER + timedelta(seconds=n)), range(4)))
        assert sorted(one.outcome for one in done) == ["settled", "unchanged", "unchanged", "unchanged"]
        assert len(Registry(ingest).entries("E-1")) == 3 * (again + 1)
        ingest.ingest(day("9999", "2026-11-26", "R-9"))


def test_deviation_is_what_was_drawn_less_what_was_asked_for(ingest):
    made = {entry.step: entry for entry in settle(ingest, "E-1", now=AFTER).made}
    # 7 kW on other days, 5 less asked for, 2.5 drawn
    assert (made["baseline"].value, made["delivery"].value, made["deviation"].value) == ("7", "4.5", "0.5")
    assert (made["deviation"].unit, made["deviation"].point) == ("KiloW", "")


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("readings.jsonl", '"value": "6"', '"value": "9"', "the readings give"),
        ("readings.jsonl", '"value": "3"', '"value": "1"', "is not what row 5 states"),
        ("settlement.json", '"busy": []', '"busy": [1]', "the readings give"),
        ("settlement.json", '"busy": []', '"busy": [2]', "no similar day"),
        ("settlement.json", "2026-12-01T17", "2026-12-01T18", "lasts as its message does not tell"),
        ("settlement.json", '"points": [', '"points": [7, ', "cannot be read"),
        ("settlement.json", '"busy": []', '"busy": [1e999]', "cannot be read"),
        ("settlement.json", "2026-12-01T16", "0001-01-01T16", "cannot be read"),
        ("readings.jsonl", '"value": "6"', '"value": "1e999999"', "cannot be read"),
        ("readings.jsonl", "2026-11-27T16:00:00Z", "0001-01-01T00:00:00+14:00", "cannot be read"),
        ("rows/00000001.xml", "payloadFloat><ei:value>-5000", "payloadFloat><ei:value>INF", "cannot be read"),
        ("rows/00000007.json", '"value":"4.5"', '"value":"5"', "entered is 5 KiloW, the readings give 4.5"),
        ("rows/00000008.json", '"value":"0.5"', '"value":"0"', "entered is 0 KiloW"),
    ],
)
def test_who_has_the_key_cannot_enter_what_does_not_follow(pack, ingest, name, old, new, says):
    text = (pack / name).read_text()
    assert old in text
    (pack / name).write_text(text.replace(old, new, 1))
    signed(pack, ingest)
    found = verify_pack(pack)
    assert any(says in fault for fault in found.faults), found.faults
    assert not any("changed" in fault or "signature" in fault for fault in found.faults)


def test_reading_that_is_left_out_is_missed(pack, ingest):
    lines = (pack / "readings.jsonl").read_text().splitlines(keepends=True)
    (pack / "readings.jsonl").write_text("".join(lines[:-1]))
    signed(pack, ingest)
    assert any("is not there" in fault for fault in verify_pack(pack).faults)


def test_changed_byte_is_found_wherever_it_is(pack):
    chance, paths = random.Random(7), sorted(path for path in pack.rglob("*") if path.is_file())
    for path in [*paths, *chance.choices(paths, k=10)]:
        whole = path.read_bytes()
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        assert not verify_pack(pack).holds, path.name
        path.write_bytes(whole)


def test_key_in_the_pack_is_the_one_that_signed_to_the_byte(pack, ingest):
    """Also where the key was handed out, and the pack's own is not needed."""
    handed, path = public_pem(signing_key(ingest.journal.keys.secret)), pack / "public.pem"
    whole = path.read_bytes()
    for data in (whole[:-1], whole + b"\n", b"", whole.replace(b"-----BEGIN", b"----- BEGIN")):
        path.write_bytes(data)
        assert not verify_pack(pack, handed).holds
    path.unlink()
    assert not verify_pack(pack, handed).holds


def test_late_readings_are_told_until_they_are_settled(tmp_path, pack, ingest):
    assert ingest.ingest(report("4", "4", "4", "4", request="R-20"), received=AFTER).accepted
    make_pack(ingest, "E-1", tmp_path / "late")
    assert any(
        "entered is 4.5 KiloW, the readings give 3" in fault
        for fault in verify_pack(tmp_path / "late").faults
    )
    settle(ingest, "E-1", now=AFTER)
    make_pack(ingest, "E-1", tmp_path / "settled")
    found = verify_pack(tmp_path / "settled")
    assert (found.faults, found.figures) == ([], 3)


def test_reports_of_the_other_days_are_in_the_pack_where_asked_for(tmp_path, ingest):
    settle(ingest, "E-1", now=AFTER)
    make_pack(ingest, "E-1", tmp_path / "pack", reports=True)
    found = verify_pack(tmp_path / "pack")
    assert found.faults == []
    assert "12 of 12 readings were compared with reports in the pack" in found.notes


def test_declared_baseline_is_in_the_pack_with_its_report(tmp_path, ingest):
    """It came before the event, from a data point of its own."""
    base = (
        register(request="R-30")
        .replace(b"rID>power<", b"rID>base<")
        .replace(b"Type>usage<", b"Type>baseline<")
    )
    told = report("5", "5", "5", "5", request="R-31").replace(b"rID>power<", b"rID>base<")
    for data in (
        base.replace(b"SpecifierID>USAGE", b"SpecifierID>BASE"),
        told.replace(b"SpecifierID>USAGE", b"SpecifierID>BASE"),
    ):
        assert ingest.ingest(data, received=datetime(2026, 12, 1, 9, tzinfo=UTC)).accepted
    made = settle(ingest, "E-1", now=AFTER).made
    assert (made[0].value, made[0].method) == ("5", "declared")
    make_pack(ingest, "E-1", tmp_path / "pack")
    found = verify_pack(tmp_path / "pack")
    assert (found.faults, found.figures) == ([], 3)
    assert "8 of 8" not in str(found.notes)  # the similar days lie beside it
    assert any(note.startswith("8 of 16 readings were compared") for note in found.notes)


def test_readings_stay_with_whom_they_may_be_shown(tmp_path, ingest):
    """Who has no mandate gets neither reports nor readings."""
    settle(ingest, "E-1", now=AFTER)
    make_pack(ingest, "E-1", tmp_path / "pack", parties=frozenset())
    assert (tmp_path / "pack" / "readings.jsonl").read_text() == ""
    found = verify_pack(tmp_path / "pack")
    assert found.faults == []
    assert any("readings are withheld or erased" in note for note in found.notes)
    grounds = grounds_of(ingest, basis_of(ingest.graphs, "E-1"), {"VEN-1"})
    assert len(grounds.readings) == 12


def test_report_of_openadr_3_stays_with_whom_it_may_be_shown(tmp_path, ingest):
    described = {"objectType": "REPORT_PAYLOAD_DESCRIPTOR", "payloadType": "DEMAND"}
    interval = {"id": 0, "payloads": [{"type": "DEMAND", "values": [3.25]}]}
    period = {"start": "2026-12-01T16:00:00Z", "duration": "PT15M"}
    sent = {
        "objectType": "REPORT", "id": "r1", "programID": "p", "eventID": "E-1", "clientName": "VEN-1",
        "createdDateTime": "2026-12-01T16:50:00Z", "modificationDateTime": "2026-12-01T16:50:00Z",
        "payloadDescriptors": [described | {"readingType": "MEAN", "units": "KW"}],
        "resources": [{"resourceName": "R", "intervalPeriod": period, "intervals": [interval]}],
    }  # fmt: skip
    row = ingest.ingest(json.dumps(sent).encode(), received=DURING).seq
    for parties, there in ((None, True), ({"VEN-1"}, True), (frozenset(), False)):
        make_pack(ingest, "E-1", folder := tmp_path / f"pack-{parties}", parties=parties)
        assert (folder / "rows" / f"{row:08}.json").exists() is there
        assert verify_pack(folder).holds


def test_event_that_is_not_settled_says_so(tmp_path, ingest):
    make_pack(ingest, "E-1", tmp_path / "pack")
    found = verify_pack(tmp_path / "pack")
    assert found.holds
    assert any("is not settled" in note for note in found.notes)
