"""Where other computers reach this one: what a teacher needs who opens the page as `localhost`."""

import ipaddress
import socket

# A documentation address (RFC 5737): nothing is sent there, the route alone is asked for.
_ELSEWHERE = ("192.0.2.1", 9)


def network_host(bound: str) -> str | None:
    """The host under which other computers reach a server that listens on `bound`.

    None if it listens on this computer alone, or if there is no network.
    """
    try:
        address = ipaddress.ip_address(bound)
    except ValueError:
        return None if bound == "localhost" else bound
    if address.is_loopback:
        return None
    if not address.is_unspecified:
        return f"[{address}]" if address.version == 6 else str(address)
    return _outward_address()


def _outward_address() -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:  # no network
            return None
        address: str = probe.getsockname()[0]
        return address


def address_for_others(host: str, url: str) -> str | None:
    """What others type, of what listens on `host`; None if it is for this computer alone."""
    reachable = network_host(host)
    return None if reachable is None else f"http://{reachable}:{url.rpartition(':')[2]}"


def elsewhere(host: str, url: str) -> str:
    """What others type who cannot type the `url` of what listens on `host`: to stand behind it."""
    address = address_for_others(host, url)
    if address is None or (network_host(host) or "").strip("[]") == host:
        return ""
    return f"; others reach it at {address}"
