"""Users' queries in killable workers: each bomb ends by its limit, and nobody else notices."""

import asyncio
import http.server
import statistics
import threading
import time
from pathlib import Path

import pytest

from kg.errors import QueryError
from kg.graphs.embedded import EmbeddedGraphs
from kg.sparql.bounds import Bounds, Question
from kg.sparql.pool import Pool
from kg.sparql.processes import WorkerProcess
from kg.sparql.snapshots import Snapshots
from tests.conftest import TIER

GRAPH, OTHER = "https://a.example/g", "https://a.example/h"
ROWS, TURTLE = "application/sparql-results+json", "text/turtle"
MEDIA = {"select": ROWS, "ask": ROWS, "graph": TURTLE}
LIMITS = Bounds(workers=3, share=2, seconds=1.0, memory=96 << 20, rows=5_000, size=2_000_000)
CROSS = "?a ?b ?c . ?d ?e ?f . ?g ?h ?i"
TINY = "SELECT ?o { <https://a.example/s/1> ?p ?o }"


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory):
    """Snapshots of a store with two thousand triples."""
    folder = tmp_path_factory.mktemp("pool")
    graphs = EmbeddedGraphs(folder / "graph")
    lines = [f'<https://a.example/s/{n}> <https://a.example/p> "{n}" .' for n in range(2_000)]
    graphs.add(GRAPH, "\n".join(lines))
    graphs.add(OTHER, lines[0].replace('"0"', '"secret"'))
    yield Snapshots(graphs, folder / "snapshots", 5.0)
    graphs.close()


def question(snapshots, text, **more):
    """Put a query to the snapshot, over one of its graphs."""
    snapshot = snapshots.hold()
    snapshots.release(snapshot)
    given = {"default": [GRAPH], "named": [GRAPH], "media": MEDIA, **more}
    return Question(text, str(snapshots.root), str(snapshot.path), **given)


async def whole(pool, asked, client="c"):
    """The bytes of an answer."""
    outcome = await pool.ask(asked, client)
    return b"".join([part async for part in outcome.chunks])


def pooled(test, bounds=LIMITS):
    """Run a test with a pool of its own."""

    async def run():
        pool = Pool(bounds)
        try:
            return await test(pool)
        finally:
            await pool.close()

    return asyncio.run(run())


#: The bombs that were found, and the limit that ends each. What the gate would refuse is let in here.
BOMBS = {
    "cross product": (f"SELECT (COUNT(*) AS ?n) {{ {CROSS} }}", "deadline"),
    "cartesian sort": (f"SELECT * {{ {CROSS} }} ORDER BY ?i ?a", "memory"),
    "distinct": (f"SELECT DISTINCT * {{ {CROSS} }}", "memory bytes rows"),
    "many rows": ("SELECT * { ?a ?b ?c . ?d ?e ?f }", "rows"),
    "many triples": ("CONSTRUCT { ?a ?e ?f } { ?a ?b ?c . ?d ?e ?f }", "rows"),
    "many bytes": ("SELECT (REPEATED AS ?x) { }", "syntax"),
    "long values": (
        "SELECT ?big { VALUES ?x { '" + "x" * 15_000 + "' } ?s ?p ?o BIND(CONCAT(?x, ?o) AS ?big) }",
        "bytes",
    ),
    "growing value": (
        "SELECT ?z { BIND('"
        + "x" * 9_000
        + "' AS ?a) "
        + " ".join(
            f"BIND(CONCAT(?{b}, ?{b}, ?{b}, ?{b}) AS ?{e})"
            for b, e in zip("abcdefgh", "bcdefghz", strict=True)
        )
        + " }",
        "memory bytes deadline",
    ),
    "5,000 braces": ("SELECT * " + "{" * 5_000 + "}" * 5_000, "depth"),
    "1,000 ABS": ("SELECT (" + "ABS(" * 3_000 + "1" + ")" * 3_000 + " AS ?x) {}", "depth"),
    "5,000 bangs": ("ASK { FILTER(" + "!" * 20_000 + "true) }", "depth"),
    "property paths": (
        "SELECT (COUNT(*) AS ?n) { ?a (<https://a.example/p>|!<x:y>)* ?b . ?c !<x:z>* ?d . ?e !<x:w>* ?f }",
        "deadline memory",
    ),
    "regular expression": (
        "SELECT (COUNT(*) AS ?n) { "
        + CROSS
        + " FILTER(REGEX(CONCAT(STR(?c), STR(?f), STR(?i)), '(a*)*(a*)*b')) }",
        "deadline",
    ),
    "not exists": (
        f"SELECT * {{ {CROSS} FILTER NOT EXISTS {{ ?c ?b ?a . ?x ?y ?z . ?u ?v ?w }} }}",
        "deadline bytes rows",
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_end_by_their_limit(snapshots, name):
    """Within the deadline and half a second, told by its name; the pool goes on."""
    text, limits = BOMBS[name]

    async def test(pool):
        await whole(pool, question(snapshots, TINY))
        began = time.monotonic()
        with pytest.raises(QueryError) as told:
            await whole(pool, question(snapshots, text))
        took = time.monotonic() - began
        assert told.value.code in limits.split(), told.value
        assert took < LIMITS.seconds + 0.5
        assert b'"1"' in await whole(pool, question(snapshots, TINY))

    pooled(test)


def test_answers_that_are_cut_fail_in_the_stream(snapshots):
    """When the first bytes are out a limit can only break off; it never looks like the end."""
    bounds = Bounds(workers=1, share=1, seconds=20.0, rows=20_000, size=50_000_000)

    async def test(pool):
        outcome = await pool.ask(question(snapshots, "SELECT * { ?a ?b ?c . ?d ?e ?f }"), "c")
        assert not outcome.complete
        with pytest.raises(QueryError) as told:
            assert [part async for part in outcome.chunks]
        assert told.value.code == "rows"
        assert b'"1"' in await whole(pool, question(snapshots, TINY))

    pooled(test, bounds)


def test_a_reader_that_stops_keeps_no_worker(snapshots):
    """At its deadline a turn is over, whether the answer was fetched or not."""
    bounds = Bounds(workers=1, share=1, seconds=0.5, size=50_000_000, patience=5)

    async def test(pool):
        kept = await pool.ask(question(snapshots, "SELECT * { ?a ?b ?c . ?d ?e ?f }"), "slow")
        assert b'"1"' in await whole(pool, question(snapshots, TINY), "other")
        with pytest.raises(QueryError) as told:
            assert [part async for part in kept.chunks]
        assert told.value.code == "deadline"

    pooled(test, bounds)


def test_a_worker_whose_answer_nobody_read_ends(snapshots):
    """A pipe that is full holds up neither the end of its worker nor that of the service."""
    bounds = Bounds(workers=1, share=1, seconds=1.0, rows=10**9, size=10**9)

    async def test():
        pool = Pool(bounds)
        kept = await pool.ask(question(snapshots, "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"), "slow")
        await asyncio.sleep(1.5)  # the pipe and what is read ahead of it are full, and the deadline is over
        assert not kept.complete
        await asyncio.wait_for(pool.close(), 20)

    asyncio.run(test())


def test_another_client_notices_no_attack(snapshots):
    """One client sends bombs without a pause, another its small queries: none of these fails."""
    attack = [text for text, _ in BOMBS.values()]
    count = 600 if TIER == "long" else 40

    async def test(pool):
        going = True

        async def attacker(number):
            while going:
                for text in attack[number:] + attack[:number]:
                    if not going:
                        return
                    with pytest.raises(QueryError):
                        await whole(pool, question(snapshots, text), "attacker")

        attackers = [asyncio.create_task(attacker(n)) for n in range(0, 12, 3)]
        took = []
        for _ in range(count):
            began = time.monotonic()
            assert b'"1"' in await whole(pool, question(snapshots, TINY), "other")
            took.append(time.monotonic() - began)
            await asyncio.sleep(0.05)
        going = False
        await asyncio.gather(*attackers)
        return took

    took = pooled(test)
    print(f"median {statistics.median(took):.4f} s, worst {max(took):.4f} s of {len(took)}")


def test_waiting_is_bounded_and_fair(snapshots):
    """A client may have so many queries wait; beyond that it is told, at once, and others are not."""
    bounds = Bounds(workers=1, share=1, waiting=2, seconds=0.6, patience=10)
    slow = question(snapshots, BOMBS["cross product"][0])

    async def test(pool):
        greedy = [asyncio.create_task(whole(pool, slow, "greedy")) for _ in range(5)]
        await asyncio.sleep(0.1)
        assert b'"1"' in await whole(pool, question(snapshots, TINY), "modest")
        assert not all(each.done() for each in greedy)  # it did not wait behind all of them
        ends = await asyncio.gather(*greedy, return_exceptions=True)
        assert sorted(end.code for end in ends) == ["deadline"] * 3 + ["queue-full"] * 2

    pooled(test, bounds)


def test_patience_ends(snapshots):
    """A query that gets no worker in time is told so, and its place is free again."""
    bounds = Bounds(workers=1, share=1, seconds=1.0, patience=0.2)

    async def test(pool):
        busy = asyncio.create_task(whole(pool, question(snapshots, BOMBS["cross product"][0]), "a"))
        await asyncio.sleep(0.1)
        with pytest.raises(QueryError) as told:
            await whole(pool, question(snapshots, TINY), "b")
        assert told.value.code == "queue-time"
        waiting = asyncio.create_task(whole(pool, question(snapshots, TINY), "b"))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.gather(busy, waiting, return_exceptions=True)
        assert (pool.waiting, pool.running) == (0, 0)

    pooled(test, bounds)


class _Canary(http.server.BaseHTTPRequestHandler):
    """A server that nobody should call."""

    def do_GET(self):
        self.server.hits += 1
        self.send_response(200)
        self.send_header("Content-Type", "application/sparql-results+json")
        self.end_headers()
        self.wfile.write(b'{"head":{"vars":[]},"results":{"bindings":[{}]}}')

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def canary():
    """A server on loopback that counts its calls."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Canary)
    server.hits = 0
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_kernel_holds_what_the_gate_would_refuse(snapshots, canary, tmp_path):
    """Without the gate: no call reaches a server, no file is read, with whichever words it is asked for."""
    secret = tmp_path / "canary.ttl"
    secret.write_text('<https://a.example/canary> <https://a.example/p> "sings" .')
    url = f"http://127.0.0.1:{canary.server_port}/"
    asked = [
        f"SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ SERVICE SILENT <{url}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ ?s ?p ?o . BIND(IRI('{url}') AS ?x) SERVICE ?x {{ ?a ?b ?c }} }} LIMIT 1",
        f"SELECT * FROM <{url}> {{ ?s ?p ?o }}",
        f"SELECT * FROM <{secret.as_uri()}> {{ ?s ?p ?o }}",
        f"SELECT * FROM NAMED <{secret.as_uri()}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
        f"SELECT * {{ SERVICE <{secret.as_uri()}> {{ ?s ?p ?o }} }}",
        f"LOAD <{url}>",
        f"LOAD <{secret.as_uri()}>",
    ]

    async def test(pool):
        for text in asked:
            try:
                answer = await whole(pool, question(snapshots, text))
            except QueryError:
                continue
            assert b"sings" not in answer
            assert b"secret" not in answer
        assert pool.holds == {"network": "seccomp", "files": "landlock", "memory": True}

    pooled(test)
    assert canary.hits == 0


def test_the_worker_itself_is_held(snapshots, canary, tmp_path):
    """Were the engine's process taken over: no socket, no file, no process, nothing written."""
    inside = f"""
import sys, types
kg = types.ModuleType('kg'); kg.__path__ = [sys.argv[1]]; sys.modules['kg'] = kg
import os, socket
from kg.sparql.confinement import confine, confine_files
held = confine()
files = confine_files({str(snapshots.root)!r})
def tried(what):
    try:
        what()
        return 'DONE'
    except OSError as error:
        return 'refused'
print(held['network'], files,
  tried(lambda: socket.create_connection(('127.0.0.1', {canary.server_port}))),
  tried(lambda: socket.socket(socket.AF_UNIX)),
  tried(lambda: open('/etc/hostname').read()),
  tried(lambda: open({str(tmp_path / "made")!r}, 'w')),
  tried(lambda: os.listdir('/')),
  tried(os.fork),
  tried(lambda: os.execv('/bin/true', ['true'])))
"""
    import subprocess
    import sys

    import kg

    done = subprocess.run(
        [sys.executable, "-I", "-c", inside, str(Path(kg.__file__).parent)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["seccomp", "landlock"] + ["refused"] * 7
    assert canary.hits == 0


def test_a_worker_sees_its_tenant_only(snapshots, tmp_path):
    """From its first job on: another tenant's snapshot cannot be opened, whatever the job says."""
    graphs = EmbeddedGraphs(tmp_path / "graph")
    graphs.add(GRAPH, '<https://a.example/other> <https://a.example/p> "other" .')
    others = Snapshots(graphs, tmp_path / "snapshots", 5.0)
    mine, theirs = question(snapshots, TINY), question(others, "SELECT * { ?s ?p ?o }")

    async def test():
        worker = await WorkerProcess.start()
        job = Pool(LIMITS)._job(mine)
        frames = [kind async for kind, _ in worker.ask(job)]
        assert frames[-1] == b"E"
        wrong = [each async for each in worker.ask({**job, "path": theirs.path})]
        assert wrong[-1][0] == b"X"
        assert b"denied" in wrong[-1][1]
        await worker.kill()

    asyncio.run(test())
    graphs.close()


def test_queries_see_their_dataset_only(snapshots):
    """Both lists are set for each query."""

    async def test(pool):
        for text in (
            "SELECT * { ?s ?p ?o FILTER(?o = 'secret') }",
            "SELECT * { GRAPH ?g { ?s ?p ?o FILTER(?o = 'secret') } }",
            f"SELECT * {{ GRAPH <{OTHER}> {{ ?s ?p ?o }} }}",
            f"SELECT * FROM <{OTHER}> {{ ?s ?p ?o FILTER(?o = 'secret') }}",
            f"CONSTRUCT {{ ?s ?p ?o }} {{ GRAPH <{OTHER}> {{ ?s ?p ?o }} }}",
        ):
            assert b"secret" not in await whole(pool, question(snapshots, text))

    pooled(test)
