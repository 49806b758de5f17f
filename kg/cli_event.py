"""flexkg event: commands that issue, change and cancel events of a running service."""

import json
import math
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from kg.errors import UsageError
from kg.remote import Refused, call
from kg.terminal import REFUSED, Commands, tell

event_app = typer.Typer(
    cls=Commands, no_args_is_help=True, help="Issue, change, cancel and list events of a running VTN."
)
Url = Annotated[str, typer.Option("--url", help="Address of the service.", envvar="FLEXKG_URL")]
_URL = "http://127.0.0.1:8000"
Token = Annotated[
    str, typer.Option(help="Bearer token, where the service asks for one.", envvar="FLEXKG_TOKEN")
]
File = Annotated[
    Path | None,
    typer.Option("--file", help="The event as JSON, as `POST /events` takes it; instead of the options."),
]
Start = Annotated[str, typer.Option("--start", help="Start, with a zone: 2026-12-01T17:00:00Z.")]
Length = Annotated[str, typer.Option("--duration", help="Length, for example PT1H.")]
Level = Annotated[float | None, typer.Option(help="Level of a SIMPLE signal: 0 to 3.")]
Watts = Annotated[float | None, typer.Option(help="Change of the load in W (LOAD_DISPATCH, delta).")]


@event_app.command()
def create(
    event: Annotated[str, typer.Argument(help="eventID.")],
    ven: Annotated[list[str] | None, typer.Option(help="venID; may be repeated.")] = None,
    start: Start = "",
    duration: Length = "PT1H",
    level: Level = None,
    delta_w: Watts = None,
    file: File = None,
    url: Url = _URL,
    token: Token = "",
) -> None:
    """Issue an event. Exit code 0: it is issued; 1: it does not conform; 2: wrong usage or environment.

    Example: `flexkg event create E-7 --ven VEN-1 --start 2026-12-01T17:00:00Z --duration PT1H --level 1`
    """
    body = _body(file, start, duration, level, delta_w) | {"event_id": event}
    if ven:
        body["vens"] = ven
    if not body.get("vens"):
        raise UsageError("the event goes to nobody", cure="name each VEN with --ven, or in vens of --file")
    _show(_call("POST", f"{url}/events", token, body))


@event_app.command()
def modify(
    event: Annotated[str, typer.Argument(help="eventID.")],
    start: Start = "",
    duration: Annotated[str, typer.Option("--duration", help="Length, for example PT1H.")] = "",
    level: Level = None,
    delta_w: Watts = None,
    file: File = None,
    url: Url = _URL,
    token: Token = "",
) -> None:
    """Change an event; its modificationNumber grows by one. What is not named stays as it is.

    Exit code 0: it is changed; 1: it does not conform; 2: wrong usage or environment.

    Example: `flexkg event modify SHED-8 --start 2026-12-01T18:00:00Z`, `flexkg event modify SHED-8 --level 2`
    """
    if file is not None:
        body = {"vens": []} | _body(file, start, duration, level, delta_w)
    else:
        body = _changed(
            _call("GET", f"{url}/events/{quote(event, safe='')}", token), start, duration, level, delta_w
        )
    _show(_call("PUT", f"{url}/events/{quote(event, safe='')}", token, body))


@event_app.command()
def cancel(
    event: Annotated[str, typer.Argument(help="eventID.")], url: Url = _URL, token: Token = ""
) -> None:
    """Cancel an event.

    Example: `flexkg event cancel SHED-8`
    """
    _show(_call("DELETE", f"{url}/events/{quote(event, safe='')}", token))


@event_app.command()
def settle(
    event: Annotated[str, typer.Argument(help="eventID.")], url: Url = _URL, token: Token = ""
) -> None:
    """Work out what an event that is over delivered, and enter it into the registry.

    Baseline and delivery of each data point, as the stored query `performance` has them, and by how much the
    power differed from what was asked for; once more after late readings: what changed is entered as a
    correction. Exit code 0: all of it is entered, now or before; 1: readings or a baseline are missing, or
    there is nothing to settle.

    Example: `flexkg event settle SHED-7`
    """
    made = _call("POST", f"{url}/activations/{quote(event, safe='')}/settlement", token)
    for one in made["made"]:
        where = " ".join(filter(None, (one["ven"], one["resource"] or one["point"])))
        how = f"{one['answer']}; corrects an entry" if one["corrects"] else one["answer"]
        print(f"{where}: {one['step']} {one['value']} {one['unit']} ({how})")
    for where in made["without_readings"]:
        print(f"{where}: no readings of the event")
    for where in made["without_baseline"]:
        print(f"{where}: no baseline: none was declared, and no similar day has readings")
    for where in made["opted_out"]:
        print(f"{where}: opted out, delivers nothing")
    told = len(made["without_readings"]) + len(made["without_baseline"])
    entered, same = len(made["made"]), len(made["unchanged"])
    if made["outcome"] == "settled":
        print(f"settled: {entered} entries made" + (f", {same} say the same as before" if same else ""))
    elif made["outcome"] == "unchanged":
        print(f"settled before: {same} entries say the same as the readings do")
    elif told or made["opted_out"]:
        print("nothing to settle")
    else:
        print("nothing to settle: no data point of a power is registered behind the event's targets")
    if made["without_baseline"]:
        tell(
            "without a baseline there is no delivery: have the readings of similar days sent, or state a"
            f" baseline with POST /activations/{event}, and settle again"
        )
    if made["without_readings"]:
        tell("readings of the event are missing: have them sent, and settle again")
    if told or made["outcome"] == "nothing":
        raise typer.Exit(REFUSED)


@event_app.command("list")
def list_(
    ven: Annotated[str, typer.Option(help="Only those of this VEN.")] = "", url: Url = _URL, token: Token = ""
) -> None:
    """List events with their status and opts.

    Example: `flexkg event list --ven VEN-HARBOUR`
    """
    _show(_call("GET", f"{url}/events?ven={quote(ven, safe='')}", token))


def _changed(
    known: list[dict[str, Any]], start: str, duration: str, level: float | None, delta_w: float | None
) -> dict[str, Any]:
    """Give the request of an event with what is changed of it."""
    if not (start or duration or level is not None or delta_w is not None):
        raise UsageError("nothing is changed", cure="give --start, --duration, --level, --delta-w or --file")
    body: dict[str, Any] = dict(known[0]["asked"])
    if start:
        body["starts_at"] = start
    if level is not None or delta_w is not None:
        fresh = _body(None, body["starts_at"], duration or body["duration"], level, delta_w)
        return body | {"signals": fresh["signals"], "duration": fresh["duration"]}
    if duration:
        if any(len(signal["intervals"]) != 1 for signal in body["signals"]):
            raise UsageError(
                "the event has several intervals", where="--duration", cure="state it with --file"
            )
        for signal in body["signals"]:
            signal["intervals"][0]["duration"] = duration
        body["duration"] = duration
    return body


def _body(
    file: Path | None, start: str, duration: str, level: float | None, delta_w: float | None
) -> dict[str, Any]:
    if file is not None:
        try:
            found = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(
                f"the file cannot be read: {error}", where=str(file), cure="write JSON"
            ) from error
        if not isinstance(found, dict):
            raise UsageError("the file is no JSON object", where=str(file), cure="see POST /events")
        return found
    if not start or (level is None) == (delta_w is None):
        raise UsageError(
            "start and either level or power are needed", cure="give --start, and --level or --delta-w"
        )
    value = level if level is not None else delta_w
    if value is None or not math.isfinite(value):
        option = "--level" if level is not None else "--delta-w"
        raise UsageError(f"{value} is no number to send", where=option, cure="give a finite number")
    signal: dict[str, Any] = {"name": "SIMPLE", "type": "level"}
    if level is None:
        signal = {"name": "LOAD_DISPATCH", "type": "delta", "item": {"base": "powerReal", "units": "W"}}
    signal["intervals"] = [{"duration": duration, "value": value}]
    return {"starts_at": start, "duration": duration, "signals": [signal]}


def _call(method: str, url: str, token: str, body: dict[str, Any] | None = None) -> Any:
    try:
        return call(method, url, token, body, start="flexkg serve --store DIR --vtn ID")
    except Refused as error:
        told = error.told
        tell(f"{told.get('detail')}" + (f"; {told['cure']}" if told.get("cure") else ""))
        raise typer.Exit(REFUSED) from error


def _show(events: list[dict[str, Any]]) -> None:
    for one in events:
        opt = one["opt"] or ("no answer yet" if one["response_required"] else "no answer asked for")
        number = one["modification_number"]
        print(f"{one['event_id']} v{number} {one['ven_id']} {one['status']} from {one['starts_at']}: {opt}")
    if not events:
        print("no events")
