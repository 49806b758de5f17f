"""What runs beside the requests of a live service: pushing, rounds with the VTN above, last-seen."""

import threading
from typing import TYPE_CHECKING, Final

from kg.check import checker
from kg.errors import UsageError
from kg.ingest import Ingest
from kg.openadr.destinations import destinations
from kg.openadr.issuing import Operator
from kg.openadr.policy import Policy
from kg.openadr.pushing import Pusher
from kg.openadr.sealing import sealing
from kg.openadr.sightings import Sightings
from kg.openadr.tls import tls_client
from kg.openadr.vtn import Vtn
from kg.times import seconds

if TYPE_CHECKING:
    from kg.openadr.ascent import Ascent
    from kg.settings import Settings

#: Seconds between two times that last-seen is written.
_EVERY: Final = 30.0


class Live:
    """A VTN with all that runs beside it.

    Args:
        ingest: the open store.
        settings: what the operator set; ``vtn_id`` is not empty.

    Raises:
        kg.errors.AssetError: the file of shares is broken.
    """

    def __init__(self, ingest: Ingest, settings: "Settings") -> None:
        policy = Policy(
            settings.vtn_id,
            settings.poll_frequency,
            settings.report_every,
            destinations=destinations(
                settings.push_allow, loopback=not settings.issuer, plain=settings.push_plain
            ),
            seal=sealing(settings),
        )
        made = checker(settings.profile, settings.engine)
        self.vtn = Vtn(ingest, made, policy, settings.max_payload_bytes)
        self.operator = Operator(self.vtn)
        tls = tls_client(settings.tls_clients, settings.tls_certificate, settings.tls_key)
        self._ingest, self._pusher = ingest, Pusher(self.vtn, tls)
        self._ascent = self._above(settings) if settings.upstream else None
        self._halt = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="last-seen", daemon=True)
        self._started = False
        self._sightings = Sightings(ingest, self.vtn)
        self._sightings.recall()

    def _above(self, settings: "Settings") -> "Ascent":
        from kg.openadr.ascent import Ascent
        from kg.openadr.courier import courier
        from kg.openadr.node import Node, read_shares
        from kg.openadr.upstream import Upstream

        if settings.shares is None:
            raise UsageError(
                "who is below is not said",
                where="FLEXKG_SHARES",
                cure="name a CSV file: ven,limit_w,priority",
            )
        kept = self._ingest.journal.directory.path / "delivered.json"
        node = Node(self.vtn, self.operator, read_shares(settings.shares), settings.split_rule, kept)
        name = settings.ven_name or settings.vtn_id
        every = float(seconds(settings.report_every) or 60)
        pause = float(seconds(settings.poll_frequency) or 10)
        way = courier(
            settings.upstream,
            ca=settings.upstream_ca,
            cert=settings.upstream_certificate,
            key=settings.upstream_key,
            signs=settings.upstream_signs,
        )
        # no finer than what those below are asked for: it is their sum
        shortest = settings.report_every if every <= 3600 and settings.report_every else "PT1M"
        return Ascent(Upstream(way, name, self._ingest, node, shortest=shortest), pause, every)

    def start(self) -> None:
        """Start what runs beside; starting twice does nothing."""
        if not self._started:
            self._started = True
            self._pusher.start()
            self.vtn.express.start()
            self._keeper.start()
            if self._ascent is not None:
                self._ascent.start()

    def close(self) -> None:
        """Stop what runs beside, and write down when each VEN was last seen."""
        self._halt.set()
        if self._ascent is not None:
            self._ascent.stop()
        self._pusher.stop()
        self.vtn.express.stop()
        if self._keeper.is_alive():
            self._keeper.join(timeout=20)
        self._sightings.write()

    def _keep(self) -> None:
        while not self._halt.wait(_EVERY):
            self._sightings.write()
