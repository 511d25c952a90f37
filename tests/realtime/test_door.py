"""Connections count by what somebody surely has: an IPv4 address, or a /64 and the /48 above."""

import pytest

from quad.realtime import Counters, Door, EngineOptions, HandshakeRefused


def door(limit: int | None = 2, **admitting: object) -> Door:
    return Door(EngineOptions(connections_per_address=limit), Counters(), **admitting)  # type: ignore[arg-type]


def lets_in(door: Door, address: str) -> bool:
    try:
        door.check(address)
    except HandshakeRefused:
        return False
    door.enter(address)
    return True


@pytest.mark.parametrize(
    ("addresses", "other"),
    [
        (("203.0.113.5", "::ffff:203.0.113.5", "203.0.113.5"), "203.0.113.6"),
        (("2001:db8:1:2::1", "2001:DB8:1:2::2", "2001:db8:1:2:ffff::3"), "2001:db8:1:3::1"),
    ],
    ids=["IPv4", "IPv6"],
)
def test_all_addresses_of_a_block_share_its_connections(
    addresses: tuple[str, ...], other: str
) -> None:
    counted = door()
    assert [lets_in(counted, address) for address in addresses] == [True, True, False]
    assert lets_in(counted, other)
    counted.leave(addresses[1])
    assert lets_in(counted, addresses[2])


def test_the_blocks_of_a_site_have_a_bound_together() -> None:
    counted = door(limit=1)
    blocks = [f"2001:db8:1:{number:x}::1" for number in range(17)]
    assert [lets_in(counted, address) for address in blocks] == [True] * 16 + [False]
    assert lets_in(counted, "2001:db8:2::1")
    counted.leave(blocks[3])
    assert lets_in(counted, blocks[16])


def test_ipv4_addresses_have_nothing_above_them() -> None:
    counted = door(limit=1)
    assert all(lets_in(counted, f"203.0.113.{number}") for number in range(40))


def test_plain_connections_have_the_same_bounds() -> None:
    counted = door(limit=1)
    for number in range(16):
        address = f"2001:db8:1:{number:x}::1"
        assert not counted.is_full(address)
        counted.enter_plain(address)
        assert counted.is_full(address)
    assert counted.is_full("2001:db8:1:ff::1")
    counted.leave_plain("2001:db8:1:3::9")
    assert not counted.is_full("2001:db8:1:ff::1")


def test_how_fast_connections_come_is_asked_for_each() -> None:
    asked: list[str] = []

    def admit(address: str) -> float:
        asked.append(address)
        return 1.5 * (len(asked) > 1)

    counted = door(None, admit=admit)
    assert lets_in(counted, "2001:db8::1")
    assert not lets_in(counted, "2001:db8::2")
    assert asked == ["2001:db8::1", "2001:db8::2"]
