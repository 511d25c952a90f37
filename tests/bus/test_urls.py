"""Addresses of brokers: which bus they mean, and what is never repeated of them."""

import ssl
from pathlib import Path

import pytest

from quad.bus.nats import Nats
from quad.bus.rabbitmq import RabbitMQ
from quad.bus.urls import check_url, open_bus, safe_bus_url
from tests.proxies.behind import make_certificate


@pytest.mark.parametrize(
    ("url", "servers", "user", "password", "token"),
    [
        ("nats://broker", ("broker:4222",), None, None, None),
        ("nats://broker:4333/", ("broker:4333",), None, None, None),
        ("nats://[::1]", ("[::1]:4222",), None, None, None),
        ("nats://quad:ses%40me@broker", ("broker:4222",), "quad", "ses@me", None),
        ("nats://sesame@a,b:4333,c:", ("a:4222", "b:4333", "c:4222"), None, None, "sesame"),
        ("tls://quad:sesame@broker", ("broker:4222",), "quad", "sesame", None),
    ],
)
def test_nats_is_found_in_its_addresses(
    url: str,
    servers: tuple[str, ...],
    user: str | None,
    password: str | None,
    token: str | None,
) -> None:
    broker = open_bus(url, cluster="quad", me=7).broker
    assert isinstance(broker, Nats)
    assert (broker.servers, broker.user, broker.password) == (servers, user, password)
    assert broker.token == token
    assert (broker.cluster, broker.me) == ("quad", 7)
    assert isinstance(broker.tls, ssl.SSLContext) == url.startswith("tls:")
    assert "ses" not in repr(broker)


@pytest.mark.parametrize("url", ["amqp://broker", "amqps://quad:sesame@broker:5671/campus?x=1"])
def test_rabbitmq_is_found_in_its_addresses(url: str) -> None:
    broker = open_bus(url, cluster="quad", me=7).broker
    assert isinstance(broker, RabbitMQ)
    assert broker.url == url
    assert "sesame" not in repr(broker)


def test_certificates_are_read_from_the_files_that_are_named(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    files = f"cafile={certificate}&certfile={certificate}&keyfile={tmp_path / 'key.pem'}"
    broker = open_bus(f"tls://broker?{files}", cluster="quad", me=7).broker
    assert isinstance(broker, Nats)
    assert broker.tls is not None
    assert len(broker.tls.get_ca_certs()) == 1
    with pytest.raises(OSError, match="No such file"):
        open_bus(f"tls://broker?cafile={tmp_path / 'absent'}", cluster="quad", me=7)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "broker",
        "nats:",
        "nats://",
        "nats://quad:sesame@",
        "nats://a,,b",
        "nats://quad:sesame@broker:port",
        "nats://[sesame",
        "redis://quad:sesame@broker",
        "amqp://quad:sesame@a,b",
    ],
)
def test_another_address_is_refused_in_one_sentence_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError) as caught:
        check_url(url)
    assert "sesame" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("cluster", ["", "a.b", "a b", "*", ">", "a" * 65, "ü"])
def test_a_name_of_a_cluster_is_fit_for_every_broker(cluster: str) -> None:
    with pytest.raises(ValueError, match="the name of a cluster"):
        open_bus("nats://broker", cluster=cluster, me=1)


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("nats://broker:4222", "nats://broker:4222"),
        ("nats://quad:sesame@a,b:4222", "nats://quad:***@a,b:4222"),
        ("tls://sesame@broker", "tls://***@broker"),
        ("amqp://quad:sesame@broker/campus", "amqp://quad:***@broker/campus"),
        ("amqp://quad@broker/", "amqp://quad@broker/"),
        ("amqps://quad:sesame@broker/?password=sesame", "amqps://quad:***@broker/"),
        ("sesame", "<not a broker's URL>"),
        ("nats://quad:sesame@broker:port", "<not a broker's URL>"),
    ],
)
def test_a_safe_address_has_no_secrets(url: str, safe: str) -> None:
    assert safe_bus_url(url) == safe
