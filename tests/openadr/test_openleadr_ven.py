"""An unmodified openleadr VEN against ``flexkg serve``: registration to report, before and after a kill."""

import asyncio
import json
import urllib.request
from datetime import UTC, datetime, timedelta

from openleadr import OpenADRClient, objects

from tests.openadr.serving import Served

SECOND = timedelta(seconds=1)


def call(method, url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or "null")


async def until(condition, seconds=15):
    """Wait until something is so."""
    for _ in range(int(seconds / 0.05)):
        if found := await asyncio.to_thread(condition):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come to that")


def an_event(ven, name, **more):
    start = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    signal = {"name": "SIMPLE", "type": "level", "intervals": [{"duration": "PT1H", "value": 1}]}
    return {"event_id": name, "vens": [ven], "starts_at": start.isoformat(), "signals": [signal], **more}


def the_ven(url, events):
    """A VEN with one report that is sampled each second."""
    ven = OpenADRClient(ven_name="gateway", vtn_url=url)

    async def on_event(event):
        events.append((event["event_descriptor"]["event_id"], event["event_descriptor"]["event_status"]))
        return "optIn"

    async def on_update(event):
        events.append((event["event_descriptor"]["event_id"], event["event_descriptor"]["event_status"]))
        return "optOut"

    ven.add_handler("on_event", on_event)
    ven.add_handler("on_update_event", on_update)
    ven.add_report(
        callback=lambda: 42.5,
        resource_id="meter",
        measurement="power_real",
        unit="W",
        sampling_rate=objects.SamplingRate(min_period=SECOND, max_period=SECOND, on_change=False),
        report_duration=timedelta(hours=1),
        report_specifier_id="meters",
        r_id="power",
    )
    return ven


async def story(store):
    served = await asyncio.to_thread(Served, store, poll_frequency="PT1S", report_every="PT1S")
    events = []
    ven = the_ven(served.openadr, events)
    try:
        await ven.run()
        name, registration = ven.ven_id, ven.registration_id
        assert name
        assert registration

        def state():
            return next(one for one in call("GET", f"{served.url}/vens") if one["ven_id"] == name)

        await until(lambda: state()["last_report"])
        await asyncio.to_thread(call, "POST", f"{served.url}/events", an_event(name, "E-1"))
        await until(lambda: any(e["event_id"] == "E-1" and e["opt"] == "optIn" for e in state()["events"]))

        served.kill()
        served = await asyncio.to_thread(
            Served, store, port=served.port, poll_frequency="PT1S", report_every="PT1S"
        )
        after = await asyncio.to_thread(state)
        assert (after["registered"], after["registration_id"]) == (True, registration)
        assert [(e["event_id"], e["opt"]) for e in after["events"]] == [("E-1", "optIn")]
        assert [r["accepted"] for r in after["reports"]] == [True]
        await until(lambda: state()["last_report"])
        await asyncio.to_thread(call, "DELETE", f"{served.url}/events/E-1")
        await until(lambda: ("E-1", "cancelled") in events)
        text = "SELECT (COUNT(*) AS ?n) { ?r a saref:Observation }"
        url = f"{served.url}/sparql?query={urllib.request.quote(text)}"
        found = await asyncio.to_thread(call, "GET", url)
        assert int(found["results"]["bindings"][0]["n"]["value"]) >= 2
        return events
    finally:
        await ven.stop()
        if served.process.poll() is None:
            print(await asyncio.to_thread(served.stop))


def test_openleadr_ven_goes_from_registration_to_report_over_a_kill(tmp_path):
    """It never learns that its VTN was killed: registration, event and report requests are still there."""
    events = asyncio.run(story(tmp_path / "store"))
    assert events == [("E-1", "far"), ("E-1", "cancelled")]
