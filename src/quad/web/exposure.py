"""What the settings leave open, in sentences for the log: each start says it."""

import ipaddress
from collections.abc import Iterator

from quad.addresses import is_loopback, parse, parse_network
from quad.settings import Settings


def exposures(settings: Settings) -> Iterator[str]:
    """Each setting in force by which somebody gets more than is safe on a public address."""
    yield from _limits(settings)
    yield from _pages(settings)
    yield from _places(settings)
    yield from _network(settings)


def _limits(settings: Settings) -> Iterator[str]:
    if settings.limits.mode == "off":
        yield "LIMITS ARE OFF: anyone can use up this server. For benchmarks only."
    if settings.classroom.import_allow_private:
        yield (
            "IMPORTS REACH PRIVATE ADDRESSES (classroom.import_allow_private): every teacher can "
            "read what this machine can reach. For tests only."
        )


def _pages(settings: Settings) -> Iterator[str]:
    origins = settings.engine.origins
    if "*" in origins:
        yield "EVERY SITE'S PAGES MAY CONNECT (engine.origins holds *): name those that should."
    if "null" in origins:
        yield (
            "PAGES WITHOUT AN ORIGIN MAY CONNECT (engine.origins holds null): any site can make "
            "such a page; an app with an origin of its own is safer."
        )
    if settings.server.metrics_for == "everyone":
        yield (
            "/metrics and the reasons of /ready are open to everyone (server.metrics_for): they "
            "show what is done here, and how much."
        )


def _places(settings: Settings) -> Iterator[str]:
    nearby = settings.nearby
    if not nearby.grid_m:
        yield (
            "PLACES ARE SHOWN AS THEY ARE (nearby.grid_m = 0): anybody near can find out where "
            "somebody is, to the metre."
        )
    if nearby.is_any_point_shown:
        yield (
            "ANYBODY CAN LOOK FOR ANYBODY ANYWHERE (nearby.is_any_point_shown): show/range answers "
            "for points where nobody is who asks."
        )


def _network(settings: Settings) -> Iterator[str]:
    server = settings.server
    if any(_is_everybody(network) for network in server.trusted_proxies):
        yield (
            "EVERYBODY IS A TRUSTED PROXY (server.trusted_proxies): whoever asks can claim any "
            "address. Name the proxies alone."
        )
    if _asks_a_provider(settings) and not (server.public_url or server.hosts):
        yield (
            "LOGIN NEEDS server.public_url: the login provider sends people back to it. Without it "
            "login works under addresses and localhost alone."
        )
    if server.public_url.lower().startswith("https://") or _is_here(server.host):
        return
    yield (
        f"NO HTTPS: tokens and passwords cross the network of {server.host} as they are. For more "
        "than a trial, put a proxy with HTTPS before it and set server.public_url "
        "(docs/how-to/operate.md)."
    )


def _asks_a_provider(settings: Settings) -> bool:
    identity = settings.identity
    is_set = bool(identity.client_id or identity.oidc_discovery)
    return identity.login in ("fenix", "oidc") or (identity.login == "auto" and is_set)


def _is_everybody(network: str) -> bool:
    # Half of all addresses is as good as all.
    parsed = parse_network(network)
    most = 1 if isinstance(parsed, ipaddress.IPv4Network) else 3
    return parsed.prefixlen <= most


def _is_here(host: str) -> bool:
    return host == "localhost" or (parse(host) is not None and is_loopback(host))
