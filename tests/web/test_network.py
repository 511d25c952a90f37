"""The address that a teacher's page shows."""

import ipaddress

import pytest

from quad.web.network import network_host


@pytest.mark.parametrize(
    ("bound", "host"),
    [
        ("127.0.0.1", None),
        ("::1", None),
        ("localhost", None),
        ("192.168.1.20", "192.168.1.20"),
        ("fd00::20", "[fd00::20]"),
        ("quad.example.org", "quad.example.org"),
    ],
)
def test_what_is_bound_is_what_others_use(bound: str, host: str | None) -> None:
    assert network_host(bound) == host


@pytest.mark.parametrize("bound", ["0.0.0.0", "::"])
def test_a_server_on_every_address_is_reached_by_the_one_of_its_way_out(bound: str) -> None:
    host = network_host(bound)
    # A machine without a network has none.
    assert host is None or not ipaddress.ip_address(host).is_unspecified
