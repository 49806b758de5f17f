"""Where a VTN posts to: what VENs declare is others' words, so each address is looked at before it is called.

A name is resolved once, every address that it has is judged, and the connection goes to one of those: a name
that means another host a moment later changes nothing. No redirect is followed.
"""

import ipaddress
import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from kg.errors import FlexKGError, UsageError

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
#: IPv6 addresses that stand for IPv4 ones: their last four bytes count (RFC 6052).
_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
_CURE: Final = "name it in FLEXKG_PUSH_ALLOW, or let the VEN poll"


class DestinationRefused(FlexKGError):
    """The VTN does not post to this address."""

    code = "destination"


@dataclass(frozen=True, slots=True)
class Destinations:
    """Which addresses are posted to.

    Attributes:
        networks: networks that are allowed beside public addresses.
        hosts: names that are allowed whatever they resolve to; in lower case.
        loopback: whether this host's own loopback is allowed, too: for a service that is for this host alone.
        plain: whether http is spoken outside of loopback, and not https alone.

    Source:
        RFC 6890, special-purpose addresses; OpenADR 2.0b, oadr_20b.xsd, oadrTransportAddress.
    """

    networks: tuple[_Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    loopback: bool = False
    plain: bool = False

    def glance(self, url: str) -> str:
        """Say why an address is not posted to, as far as its name need not be resolved; else empty."""
        try:
            parts = self._parts(url)
            literal = _literal(parts.hostname or "")
            if literal is not None:
                self._judge(parts, literal)
        except DestinationRefused as error:
            return error.what
        return ""

    def resolve(self, url: str) -> str:
        """Give the IP address to connect to for an address.

        Raises:
            DestinationRefused: it is none to post to; says why.
            OSError: the name is not known.
        """
        parts = self._parts(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        for one in found:
            self._judge(parts, ipaddress.ip_address(one.partition("%")[0]))
        return found[0]

    def _parts(self, url: str) -> SplitResult:
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError as error:
            raise DestinationRefused(f"{url!r} is no address", cure="write https://host:port") from error
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise DestinationRefused(f"{url!r} is no address", cure="write https://host:port")
        return parts

    def _judge(self, parts: SplitResult, address: _Address) -> None:
        """Raise where an address is none to post to."""
        host = parts.hostname or ""
        meant = _meant(address)
        named = host.lower() in self.hosts or any(
            one in net for net in self.networks for one in (address, meant) if one.version == net.version
        )
        own = self.loopback and meant.is_loopback
        public = meant.is_global and not meant.is_multicast
        if not (named or own or public):
            kind = "this host" if meant.is_loopback or meant.is_unspecified else "no public address"
            raise DestinationRefused(f"{host} is {kind} ({address}); nothing is posted there", cure=_CURE)
        if parts.scheme == "http" and not (meant.is_loopback or self.plain):
            raise DestinationRefused(
                f"{host} is called by http; nothing is posted there without TLS",
                cure="declare an https:// address, or set FLEXKG_PUSH_PLAIN",
            )


def destinations(allow: str, *, loopback: bool, plain: bool) -> Destinations:
    """Read which addresses are posted to.

    Args:
        allow: names, addresses and networks, separated by spaces, for example ``"ven.example 10.20.0.0/16"``.
        loopback: whether this host's own loopback is allowed.
        plain: whether http is spoken outside of loopback.

    Raises:
        UsageError: something is neither name nor network.
    """
    networks: list[_Network] = []
    hosts: set[str] = set()
    for word in allow.split():
        try:
            networks.append(ipaddress.ip_network(word.strip("[]")))
        except ValueError:
            if "/" in word or ":" in word:
                raise UsageError(
                    f"{word!r} is no host and no network",
                    where="FLEXKG_PUSH_ALLOW",
                    cure="write names, addresses and networks (10.20.0.0/16), without ports",
                ) from None
            hosts.add(word.lower())
    return Destinations(tuple(networks), frozenset(hosts), loopback, plain)


def _literal(host: str) -> _Address | None:
    """Read an address, also as the system's resolver takes it: 2130706433 and 0x7f.1 are 127.0.0.1."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host)) if host[:1].isdigit() else None
    except OSError:
        return None


def _meant(address: _Address) -> _Address:
    """Give the IPv4 address that an IPv6 one stands for; else the address."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in _TRANSLATED:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
