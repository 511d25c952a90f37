"""Addresses have one spelling, and limits count by what one client can have."""

import pytest

from quad.addresses import (
    block,
    is_loopback,
    is_within,
    normal,
    parse_network,
    shares,
    wider_block,
)

SAME = [
    ("2001:db8::1", "2001:DB8:0::1"),
    ("2001:db8::1", "2001:0db8:0000:0000:0000:0000:0000:0001"),
    ("203.0.113.5", "::ffff:203.0.113.5"),
    ("203.0.113.5", "::FFFF:cb00:7105"),
    ("fe80::1", "fe80::1%eth0"),
    ("203.0.113.5", " 203.0.113.5 "),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_address_are_one(one: str, other: str) -> None:
    assert normal(one) == normal(other) == one


def test_what_is_no_address_stays_as_it_is() -> None:
    assert normal("") == ""
    assert normal("unix:") == block("unix:") == wider_block("unix:") == "unix:"
    assert not is_loopback("unix:")
    assert not is_within("unix:", (parse_network("::/0"), parse_network("0.0.0.0/0")))


def test_limits_count_ipv4_by_address_and_ipv6_by_64_bits() -> None:
    assert block("203.0.113.5") == wider_block("::ffff:203.0.113.5") == "203.0.113.5"
    assert block("2001:db8:1:2::1") == block("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert block("2001:db8:1:3::1") != block("2001:db8:1:2::1")
    assert wider_block("2001:db8:1:3::1") == wider_block("2001:db8:1:2::1") == "2001:db8:1::/48"
    assert shares("::ffff:203.0.113.5") == (("203.0.113.5", 1),)
    assert shares("2001:db8:1:2::1") == (("2001:db8:1:2::/64", 1), ("2001:db8:1::/48", 16))


@pytest.mark.parametrize("written", ["10.0.0.0/8", "::ffff:10.0.0.0/104", "10.9.9.9/8"])
def test_a_network_of_mapped_addresses_is_one_of_ipv4(written: str) -> None:
    networks = (parse_network(written),)
    assert is_within("10.1.2.3", networks)
    assert is_within("::ffff:10.1.2.3", networks)
    assert not is_within("11.1.2.3", networks)


def test_a_network_that_holds_all_mapped_addresses_and_more_stays() -> None:
    assert not is_within("10.1.2.3", (parse_network("::/0"),))
    assert is_within("2001:db8::1", (parse_network("::/0"),))


@pytest.mark.parametrize("text", ["", "10.0.0.0/33", "school", "1.2.3"])
def test_what_spells_no_network_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_network(text)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_every_spelling_of_it(address: str) -> None:
    assert is_loopback(address)
    assert not is_loopback("203.0.113.5")
