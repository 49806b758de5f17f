"""A gateway's lines and its file: real peers on loopback for Modbus, IEC 60870-5-104 and IEC 61850."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kg.cli import app
from kg.devices.commands import Command, check_command
from kg.devices.models import find_model, instance, written
from kg.devices.sites import load_site
from kg.errors import UsageError
from kg.gateway.configuration import read_configuration
from kg.gateway.driver import DeviceUnreachable
from kg.gateway.lines import Lines
from kg.gateway.points import find_point, points_of
from kg.gateway.station import Station, read_rows
from kg.gateway.tunnel import Inward, Keys, Reach, own_user
from tests.devices.plant import Plant
from tests.openadr.test_tls import certified
from tests.paths import ROOT

STORY = ROOT / "examples" / "07-telecontrol"


def site_of(folder, model, base, resource="R", **values):
    """A folder with one device of a shipped model."""
    folder.mkdir(parents=True, exist_ok=True)
    made = instance(find_model(model), "urn:dev:d", {"HOST": "127.0.0.1", **values})
    made["base"] = base
    (folder / "d.td.jsonld").write_text(written(made))
    site = {"@context": "https://w3id.org/flexkg/context/site"}
    site["resources"] = [{"resourceID": resource, "devices": ["urn:dev:d"]}]
    (folder / "a.site.jsonld").write_text(json.dumps(site))
    return load_site([str(folder)]).plans


def writes(plans, point, value):
    verdict = check_command(plans, "R", Command(point=point, value=Decimal(str(value))), 0.0)
    assert verdict.allowed, verdict.refusals
    return verdict.writes


def free():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until(found, seconds=15):
    end = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return result


def test_modbus_is_written_and_read_and_its_loss_is_told(tmp_path):
    plant = Plant([1])
    with plant.running():
        plans = site_of(
            tmp_path,
            "generic-heat-pump",
            f"modbus+tcp://127.0.0.1:{plant.port}",
            PORT=str(plant.port),
            UNIT="1",
        )
        lines = Lines(plans["R"])
        assert [lines.write(write) for write in writes(plans, "powerLimit", 4000)] == ["confirmed"]
        assert plant.log == [(1, 101, [4000])]
        assert lines.read(find_point(plans["R"], "powerLimit")) == 4000
        wrong = writes(plans, "powerLimit", 5000)[0]
        wrong.message["address"] = 60000
        assert lines.write(wrong) == "Modbus exception 2"
    with pytest.raises(DeviceUnreachable):
        lines.write(writes(plans, "powerLimit", 5000)[0])
    lines.close()


def icd(tmp_path, model):
    """The story's IED with another control model."""
    text = (STORY / "der.icd").read_text().replace("direct-with-normal-security</Val>", f"{model}</Val>")
    more = {
        "sbo-with-normal-security": '<DA name="SBO" bType="VisString129" fc="CO"/>',
        "sbo-with-enhanced-security": '<DA name="SBOw" bType="Struct" type="OperAnalogue" fc="CO"/>'
        '<DA name="Cancel" bType="Struct" type="OperAnalogue" fc="CO"/>',
    }.get(model, "")
    ords = {
        "sbo-with-normal-security": 2,
        "direct-with-enhanced-security": 3,
        "sbo-with-enhanced-security": 4,
    }
    text = re.sub(r'(<DA name="Oper" bType="Struct" type="OperAnalogue" fc="CO"/>)', rf"\1{more}", text)
    value = "".join(f'<EnumVal ord="{n}">{name}</EnumVal>' for name, n in ords.items())
    text = text.replace('<EnumVal ord="1">direct', f'{value}<EnumVal ord="1">direct')
    path = tmp_path / "der.icd"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "model",
    [
        "direct-with-normal-security",
        "sbo-with-normal-security",
        "direct-with-enhanced-security",
        "sbo-with-enhanced-security",
    ],
)
def test_iec61850_controls_are_operated_as_their_ied_says(tmp_path, model):
    from open61850.server import IedModel, MmsServer

    port = free()
    ied = IedModel.from_scl(str(icd(tmp_path, model)))
    server, got, refuse = MmsServer(ied, host="127.0.0.1", port=port), [], []

    def take(command):
        got.append(command.ctl_val.members[0].value)
        return 10 if refuse else None

    server.start()
    server.controls.set_handler("DERLD0/DWGC1.WSpt", take)
    try:
        plans = site_of(tmp_path / "site", "der-iec61850", f"mms://127.0.0.1:{port}")
        lines = Lines(plans["R"])
        (write,) = writes(plans, "setpoint", 250_000)
        assert (lines.write(write), got) == ("confirmed", [250_000])
        refuse.append(1)
        assert lines.write(write).startswith("refused: ")
    finally:
        server.stop()
    with pytest.raises(DeviceUnreachable):
        lines.write(write)
    lines.close()


def station_of(site, resource="STATION"):
    issued, stopped = [], []
    plans = load_site([str(site)]).plans
    made = Station(
        plans,
        resource,
        read_rows(STORY / "station" / "points.csv"),
        ["V"],
        issue=issued.append,
        cancel=lambda _: None,
        stop=stopped.append,
    )
    return plans[resource], made, issued, stopped


def test_iec61850_control_centre_sends_set_points(tmp_path):
    """Its value becomes an event; one beyond the range is refused with an AddCause; it is told values."""
    from open61850.data import FloatData, StructureData
    from open61850.mms import ControlError, MmsClient, operate

    from kg.gateway.mms import Post

    thing = json.loads((STORY / "station" / "station.td.jsonld").read_text())
    thing["base"] = "mms://127.0.0.1:102"
    kept = {}
    for name, reference, constraint in (
        ("setpoint", "LD0/DWGC1.WSpt.Oper.ctlVal.f", "CO"),
        ("power", "LD0/MMXU1.TotW.mag.f", "MX"),
    ):
        one = {key: value for key, value in thing["properties"][name].items() if "Address" not in key}
        one.pop("flex:typeIdentification")
        one.pop("flex:selectBeforeOperate", None)
        one |= {
            "flex:objectReference": reference,
            "flex:functionalConstraint": {"@id": f"vocab:functionalConstraint/{constraint}"},
        }
        one["forms"] = [{**one["forms"][0], "href": reference}]
        kept[name] = one
    thing["properties"] = kept
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "s.td.jsonld").write_text(json.dumps(thing))
    (tmp_path / "own" / "s.site.jsonld").write_text((STORY / "station" / "station.site.jsonld").read_text())
    plan, station, issued, _ = station_of(tmp_path / "own")
    port = free()
    post = Post(plan, station, icd(tmp_path, "sbo-with-normal-security"), "127.0.0.1", port)
    client = MmsClient.connect("127.0.0.1", port=port, timeout=5)
    try:
        operate(client, "DERLD0/DWGC1.WSpt", StructureData([FloatData(30.0)]))
        assert issued[0].signals[0].intervals[0].value == -30000
        with pytest.raises(ControlError):
            operate(client, "DERLD0/DWGC1.WSpt", StructureData([FloatData(80.0)]))
        assert len(issued) == 1
        post.tell("power", 12.5)
        assert client.read("DERLD0/MMXU1.TotW.mag.f[MX]").value == 12.5
    finally:
        client.close()
        post.close()


def test_iec104_over_tls_with_select_before_operate(tmp_path):
    """Both show certificates of one authority, no stranger is let in; what was not selected is refused."""
    import c104

    from kg.gateway.iec104 import Post
    from kg.gateway.iec104_calls import Caller

    own = {name: Keys(*keys_of(tmp_path, name)) for name in ("ours", "others")}
    plan, station, issued, _ = station_of(STORY / "station")
    port = free()
    post = Post(plan, station, "127.0.0.1", port, own["ours"])

    @contextmanager
    def caller(mode):
        reach = Reach(own["ours"])
        client = c104.Client(tick_rate_ms=50, command_timeout_ms=300)
        made = Caller(client, *reach("127.0.0.1", port, 2404, 19998))
        point = made.connection.add_station(common_address=7).add_point(
            io_address=200, type=c104.Type.C_SE_NC_1
        )
        point.command_mode = mode
        client.start()
        yield made, point
        client.stop()
        reach.close()

    selects, direct = c104.CommandMode.SELECT_AND_EXECUTE, c104.CommandMode.DIRECT
    try:
        with caller(selects) as (made, point):
            assert made.opened(10)
            assert made.send(7, point, 30.0) is True
            assert [event.signals[0].intervals[0].value for event in issued] == [-30000]
            assert made.send(7, point, 80.0) is False
        with caller(direct) as (made, point):
            assert made.opened(10)
            assert made.send(7, point, 20.0, 1.5) is not True
            assert len(issued) == 1
        reach = Reach(own["others"])
        with socket.create_connection(reach("127.0.0.1", port, 2404, 19998), 10) as stranger:
            assert stranger.recv(10) == b""
        reach.close()
    finally:
        post.close()


def test_iec104_plants_of_one_resource_may_have_the_same_addresses(tmp_path):
    """A command goes to the plant that it is for: each has its own numbers, from 1 as most."""
    from kg.gateway.iec104 import Line

    ports = {f"urn:dev:{number}": free() for number in (1, 2)}
    for device, port in ports.items():
        made = instance(find_model("vhpready-chp-iec104"), device, {"HOST": "127.0.0.1"})
        made["base"] = f"iec104://127.0.0.1:{port}"
        (tmp_path / f"{port}.td.jsonld").write_text(written(made))
    site = {"resources": [{"resourceID": "R", "devices": list(ports)}]}
    (tmp_path / "a.site.jsonld").write_text(
        json.dumps({"@context": "https://w3id.org/flexkg/context/site"} | site)
    )
    plans = load_site([str(tmp_path)]).plans
    line = Line(plans["R"])
    try:
        for write in writes(plans, "setpoint", 30):
            with pytest.raises(DeviceUnreachable) as told:
                line.write(write)
            assert told.value.where == f"127.0.0.1:{ports[write.device]}"
        for point in points_of(plans["R"]).values():
            with pytest.raises(DeviceUnreachable) as told:
                line.read(point)
            assert told.value.where == f"127.0.0.1:{ports[point.device]}"
    finally:
        line.close()


def test_iec61850_over_tls(tmp_path):
    """Both ways through tunnels; a stranger's certificate opens none."""
    from open61850.server import IedModel, MmsServer

    own = {name: Keys(*keys_of(tmp_path, name)) for name in ("ours", "others")}
    ied = IedModel.from_scl(str(STORY / "der.icd"))
    ied.set("DERLD0/MMXU1.TotW.mag.f[MX]", -7.5)
    server = MmsServer(ied, host="127.0.0.1", port=0)
    server.start()
    door = Inward("127.0.0.1", 0, server.port, own["ours"])
    plans = site_of(tmp_path / "site", "der-iec61850", f"mms://127.0.0.1:{door.begin()}")
    point = find_point(plans["R"], "power")
    try:
        lines = Lines(plans["R"], own["ours"])
        assert lines.read(point) == Decimal("-7.5")
        lines.close()
        lines = Lines(plans["R"], own["others"])
        with pytest.raises(DeviceUnreachable):
            lines.read(point)
        lines.close()
    finally:
        door.close()
        server.stop()


def test_tunnel_takes_its_own_user_only():
    """The kernel tells whose a connection on loopback is."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as one,
        pytest.MonkeyPatch.context() as patch,
    ):
        assert own_user(one.getsockname()[1])
        patch.setattr("os.getuid", lambda: 12345)
        assert not own_user(one.getsockname()[1])


def keys_of(folder, name):
    """An authority of its own, a certificate and key: PEM files."""
    certified(folder, f"{name}-one", certified(folder, name))
    return [folder / file for file in (f"{name}.pem", f"{name}-one.pem", f"{name}-one.key")]


SOUND = 'vtn = "http://127.0.0.1:9"\nven = "V"\nresource = "R"\nregistry = ""\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("vtn = ", "no TOML"),
        ('vtn = "http://a"', "ven is missing"),
        (SOUND + "pol = 3", "pol is not known"),
        (SOUND + 'poll = "3"', "poll is of the wrong kind"),
        (SOUND + "pace = 0", "pace is not above 0"),
        (SOUND + "pace = 1e300", "pace is not above 0, or more than a day"),
        (SOUND + "poll = inf", "poll is of the wrong kind"),
        (SOUND + f"poll = 1{'0' * 400}", "poll is of the wrong kind"),
        (SOUND + f"poll = 1{'0' * 5000}", "no TOML"),
        (SOUND + "meter_watts = nan", "meter_watts is of the wrong kind"),
        (SOUND + "ready_values = [nan]", "ready_values is of the wrong kind"),
        (SOUND + 'shortest = "x"', "shortest is 'x'"),
        (SOUND + 'shortest = "P1M"', "shortest is 'P1M'"),
        (SOUND + "station = 1", "station is no table"),
        (SOUND + '[station]\nsite = "s"', "station.resource is missing"),
        (SOUND + '[tls]\nca = "x"\nsings = true', "tls.sings is not known"),
    ],
)
def test_file_of_a_gateway_that_is_wrong_is_told(tmp_path, text, says):
    (tmp_path / "gateway.toml").write_text(text)
    with pytest.raises(UsageError, match=re.escape(says)):
        read_configuration(tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"resource": "X"}, "the site has no resource 'X'"),
        ({"meter": "nothing"}, "has no point 'nothing'"),
        ({"meter": "flowTemperature"}, "is no power"),
        ({"ready": "nothing"}, "has no point 'nothing'"),
        ({"vtn": "ftp://a"}, "is no address"),
    ],
)
def test_gateway_that_cannot_run_says_why(tmp_path, change, says):
    site_of(tmp_path, "generic-heat-pump", "modbus+tcp://127.0.0.1:9", PORT="9", UNIT="1")
    told = {"vtn": "http://127.0.0.1:9", "ven": "V", "resource": "R", "registry": ""} | change
    (tmp_path / "gateway.toml").write_text("".join(f'{name} = "{value}"\n' for name, value in told.items()))
    done = CliRunner().invoke(app, ["gateway", str(tmp_path)])
    assert done.exit_code == 2, done.output
    assert says in " ".join(done.output.split())
    assert not (tmp_path / "store" / "lock").exists() or "address" in says


def test_package_that_is_not_there_is_named(tmp_path, monkeypatch):
    plans = site_of(tmp_path, "generic-heat-pump", "modbus+tcp://127.0.0.1:9", PORT="9", UNIT="1")
    for name in [
        name for name in sys.modules if name.partition(".")[0] == "pymodbus" or name == "kg.gateway.modbus"
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pymodbus", None)
    with pytest.raises(UsageError, match="pymodbus is not installed"):
        Lines(plans["R"])


def test_sigterm_ends_a_gateway_whose_vtn_and_plant_are_gone(tmp_path):
    """Nothing that is gone ends it, and it ends when it is told to."""
    site_of(tmp_path, "generic-heat-pump", "modbus+tcp://127.0.0.1:9", PORT="9", UNIT="1")
    (tmp_path / "gateway.toml").write_text(SOUND + 'meter = "electricPower"\npoll = 0.2\npace = 0.2\n')
    log = tmp_path / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", "from kg.cli import main; main()", "gateway", str(tmp_path)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: "not read" in log.read_text() and "127.0.0.1:9" in log.read_text(), 30)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(20)
    assert Path(log).read_text().rstrip().endswith("stopped")
    assert "Traceback" not in log.read_text()
