"""Addresses of brokers: `nats://`, `tls://` (NATS over TLS), `amqp://`, `amqps://` (RabbitMQ).

For TLS, the parameters `cafile`, `certfile` and `keyfile` name files of certificates.
"""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from quad.bus.broker import BrokerBus

if TYPE_CHECKING:
    from quad.bus.nats import Nats
    from quad.bus.rabbitmq import RabbitMQ

NATS_PORT: Final = 4222
_SCHEMES: Final = ("nats", "tls", "amqp", "amqps")
_FILES: Final = ("cafile", "certfile", "keyfile")
# It becomes a part of names at the broker, where dots and wildcards have a meaning.
_CLUSTER: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def open_bus(url: str, *, cluster: str, me: int) -> BrokerBus:
    """The bus of a node; it does not connect before `start`.

    Raises ValueError, in one sentence and without the address, if that or the cluster's name will
    not do; ModuleNotFoundError if the broker's client is not installed; OSError for a file of
    certificates that cannot be read.
    """
    check_cluster(cluster)
    parsed = _parse(url)
    if parsed.scheme in ("nats", "tls"):
        return BrokerBus(_nats(parsed, cluster, me))
    return BrokerBus(_rabbitmq(url, cluster, me))


def check_url(url: str) -> None:
    """Raises ValueError, in one sentence and without the address, if that is no broker's."""
    _parse(url)


def check_cluster(cluster: str) -> None:
    """Raises ValueError, in one sentence, for a name that is not fit for brokers."""
    if not _CLUSTER.fullmatch(cluster):
        raise ValueError(
            "the name of a cluster has 1 to 64 letters, digits, hyphens and underscores"
        )


def safe_bus_url(url: str) -> str:
    """The address for logs and messages, without its secrets."""
    try:
        parsed = _parse(url)
    except ValueError:
        return "<not a broker's URL>"
    user, separator, servers = parsed.netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    if parsed.scheme in ("nats", "tls") and not colon:
        name = "***" if user else ""  # a token
    hidden = f"{name}:***" if colon else name
    # Nothing of the parameters: whoever puts a secret there is safe, too.
    return f"{parsed.scheme}://{hidden}{separator}{servers}{parsed.path}"


def _parse(url: str) -> SplitResult:
    parsed, hosts = _split(url)
    if parsed.scheme not in _SCHEMES or not all(hosts):
        raise ValueError(
            "not a broker's URL; expected for example nats://broker, tls://broker, "
            "amqp://user:password@broker/ or amqps://user:password@broker/"
        )
    if parsed.scheme.startswith("amqp") and len(hosts) > 1:
        raise ValueError("RabbitMQ's URL names one server; put a balancer in front of several")
    return parsed


def _split(url: str) -> tuple[SplitResult, list[str | None]]:
    try:
        parsed = urlsplit(url)
        return parsed, [_host_and_port(server)[0] for server in _servers(parsed)]
    except ValueError:
        return urlsplit(""), []


def _servers(parsed: SplitResult) -> list[str]:
    return parsed.netloc.rpartition("@")[2].split(",")


def _host_and_port(server: str) -> tuple[str | None, int | None]:
    split = urlsplit(f"//{server}")
    return split.hostname, split.port


def _nats(parsed: SplitResult, cluster: str, me: int) -> Nats:
    from quad.bus.nats import Nats

    user, colon, password = parsed.netloc.rpartition("@")[0].partition(":")
    is_token = bool(user) and not colon
    return Nats(
        servers=tuple(_with_port(server) for server in _servers(parsed)),
        place=safe_bus_url(parsed.geturl()),
        cluster=cluster,
        me=me,
        tls=_tls(parsed) if parsed.scheme == "tls" else None,
        user=unquote(user) if colon else None,
        password=unquote(password) if colon else None,
        token=unquote(user) if is_token else None,
    )


def _with_port(server: str) -> str:
    _, port = _host_and_port(server)
    return server if port else f"{server.rstrip(':')}:{NATS_PORT}"


def _tls(parsed: SplitResult) -> ssl.SSLContext:
    files = {name: values[-1] for name, values in parse_qs(parsed.query).items() if name in _FILES}
    context = ssl.create_default_context(cafile=files.get("cafile"))
    if "certfile" in files:
        context.load_cert_chain(files["certfile"], files.get("keyfile"))
    return context


def _rabbitmq(url: str, cluster: str, me: int) -> RabbitMQ:
    from quad.bus.rabbitmq import RabbitMQ

    # Its client reads the parameters of TLS itself; they have the same names.
    return RabbitMQ(url, safe_bus_url(url), cluster, me)
