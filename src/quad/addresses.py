"""Addresses of clients: one spelling, and the block that limits count by.

Whoever has one IPv6 address has at least the 2^64 of its /64 (RFC 6177, section 2; RFC 4291,
section 2.5.1), so whatever is limited "by address" is limited by that block. A site has a /48,
65,536 blocks; so the site has a limit as well.
"""

import ipaddress
from functools import lru_cache
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse(text: str) -> Address | None:
    """The address that a text spells, an IPv4 one for IPv4-mapped IPv6; None if it spells none."""
    try:
        address = ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def parse_network(text: str) -> Network:
    """The network that a text spells, an IPv4 one for a part of `::ffff:0:0/96`.

    Bits of the host are let be, as in `10.1.2.3/8`. Raises ValueError.
    """
    network = ipaddress.ip_network(text.strip(), strict=False)
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return ipaddress.IPv4Network((mapped, network.prefixlen - 96))
    return network


BLOCKS_OF_SITE: Final = 16
"""Whoever has a /48 could take a block's share in each of its blocks, and a campus has no more than
that: a site may do as much as so many addresses."""

# A connection asks several times for the same address, and addresses come back.
_remembering: Final = lru_cache(maxsize=4096)


@_remembering
def normal(address: str) -> str:
    """The one spelling of an address; what is none (the name of a socket, for instance) stays."""
    parsed = parse(address)
    return address if parsed is None else str(parsed)


@_remembering
def block(address: str) -> str:
    """What limits count by: the IPv4 address itself, or the /64 of an IPv6 address."""
    return _network(address, 64)


@_remembering
def wider_block(address: str) -> str:
    """What stands above `block`: the /48 that a site gets (RFC 6177); of IPv4 the address."""
    return _network(address, 48)


@_remembering
def shares(address: str) -> tuple[tuple[str, int], ...]:
    """What a limit counts, the narrowest first, and how many times the limit of a block each has.

    The block and, above those of IPv6, the site.
    """
    narrow, wide = block(address), wider_block(address)
    return ((narrow, 1),) if narrow == wide else ((narrow, 1), (wide, BLOCKS_OF_SITE))


@_remembering
def is_loopback(address: str) -> bool:
    """Whether only this very computer can have it."""
    parsed = parse(address)
    return parsed is not None and parsed.is_loopback


def is_within(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether one of the networks holds it."""
    parsed = parse(address)
    return parsed is not None and any(parsed in network for network in networks)


def _network(address: str, prefix: int) -> str:
    parsed = parse(address)
    if parsed is None:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.IPv6Network((parsed, prefix), strict=False))
