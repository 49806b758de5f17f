"""A process to be killed: takes payloads in, or rebuilds, without end; says what it has finished."""

import itertools
import os
from multiprocessing.connection import Connection

from kg import updating
from kg.check import checker
from kg.ingest import Ingest, rebuild

from .messages import event, opt, register, report


def payloads(seed: str):
    """Payloads that no other seed makes: new events, newer modifications, reports, opts, and bad ones."""
    for n in itertools.count():
        mark, ven = f"{seed}-{n}", f"VEN-{n % 7}"
        yield event(n // 3, event_id=f"E-{n % 3}-{seed}", request=mark, ven=ven)
        yield report(f"{n}.5", str(n), ven=ven, request=mark)
        yield event(n, hours=2, event_id=f"BAD-{mark}", request=mark)
        if n % 5 == 0:
            yield register(f"PUMP-{n % 4}", ven=ven, request=mark)
            yield opt("optIn" if n % 2 else "optOut", opt_id=f"O-{n % 3}", ven=ven, request=mark)


def update(store: str, graph: str) -> None:
    """Put 40,000 triples into a graph; says when that is in the journal, and when it is done."""
    record, numbers = updating._record, " ".join(map(str, range(200)))

    def recorded(*given: object) -> object:
        row = record(*given)
        print("recorded", flush=True)
        return row

    updating._record = recorded
    values = f"VALUES ?a {{ {numbers} }} VALUES ?b {{ {numbers} }} BIND(IRI(CONCAT('urn:s:', STR(?a))) AS ?s)"
    with Ingest(store) as opened:
        text = f"INSERT {{ GRAPH <{graph}> {{ ?s <urn:p> ?b }} }} WHERE {{ {values} }}"
        opened.update(text, trial=None)
        print("done", flush=True)


def main(what: str, store: str, seed: str = "") -> None:
    """Work until killed: ``ingest`` STORE SEED, ``rebuild`` STORE, or ``update`` STORE GRAPH."""
    if what == "rebuild":
        print("ready", flush=True)
        while True:
            rebuild(store)
            print("rebuilt", flush=True)
    if what == "update":
        update(store, seed)
        return
    with Ingest(store, batch=5) as opened:
        print("ready", flush=True)
        for _, receipt in opened.ingest_many((seed, payload) for payload in payloads(seed)):
            print(receipt.seq, receipt.report.digest, receipt.report.verdict, flush=True)


for _data in itertools.islice(payloads(""), 5):  # what is compiled once is, for all that begin here
    checker().check(_data)


def told(into: Connection, *arguments: str) -> None:
    """Work with what is printed going into a pipe."""
    os.dup2(into.fileno(), 1)
    main(*arguments)
