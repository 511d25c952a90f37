import pytest

from quad.identity import AddressRateLimit, KeyedRateLimit


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("rate_per_s", "burst"), [(0, 1), (-1, 1), (1, 0), (1, 0.5)])
def test_numbers_that_would_refuse_everyone_for_ever_are_no_limit(
    rate_per_s: float, burst: float
) -> None:
    with pytest.raises(ValueError, match="rate limit needs"):
        KeyedRateLimit(rate_per_s, burst)


# --- a bucket per key -----------------------------------------------------------------------------


def test_keys_do_not_take_from_each_other() -> None:
    limit = KeyedRateLimit(rate_per_s=1, burst=2, clock=Clock())
    assert [limit.take("a") for _ in range(3)] == [0.0, 0.0, 1.0]
    assert limit.take("b") == 0.0


def test_a_class_of_300_behind_one_address_passes_at_once() -> None:
    limit = KeyedRateLimit(rate_per_s=10, burst=600, clock=Clock())
    assert not any(limit.take("10.0.0.1") for _ in range(300))


def test_keys_that_have_been_quiet_are_forgotten() -> None:
    clock = Clock()
    limit = KeyedRateLimit(rate_per_s=1, burst=5, clock=clock)
    for key in range(100):
        limit.take(key)
    assert len(limit) == 100
    clock.now = 60.0
    for key in range(100, 200):
        limit.take(key)
    assert len(limit) == 100


def test_memory_is_bounded_whoever_comes() -> None:
    limit = KeyedRateLimit(rate_per_s=0.001, burst=5, clock=Clock(), capacity=50)
    for key in range(10_000):
        limit.take(key)
    assert len(limit) == 50


def test_beyond_the_bound_the_key_unused_for_longest_goes_first() -> None:
    limit = KeyedRateLimit(rate_per_s=0.001, burst=1, clock=Clock(), capacity=2)
    limit.take("old")
    limit.take("busy")
    limit.take("old")  # used again: "busy" is now the one to go
    limit.take("new")
    assert limit.take("old") > 0.0
    assert limit.take("busy") == 0.0


def test_asking_for_the_wait_of_a_key_takes_and_remembers_nothing() -> None:
    limit = KeyedRateLimit(rate_per_s=1, burst=1, clock=Clock())
    assert limit.wait("a") == 0.0
    assert len(limit) == 0
    limit.take("a")
    assert limit.wait("a") == limit.wait("a") == 1.0
    assert limit.wait("b") == 0.0


def test_a_keyed_limit_needs_room_for_a_key() -> None:
    with pytest.raises(ValueError, match="at least one key"):
        KeyedRateLimit(1, 1, capacity=0)


def test_an_exhausted_key_stays_refused_while_others_come_and_go() -> None:
    clock = Clock()
    limit = KeyedRateLimit(rate_per_s=0.01, burst=1, clock=clock)
    limit.take("greedy")
    for key in range(1000):
        clock.now += 0.01
        limit.take(key)
    assert limit.take("greedy") > 0.0


# --- a bucket per address -------------------------------------------------------------------------

BLOCKS = [f"2001:db8:1:{number:x}::1" for number in range(40)]


def test_addresses_of_a_block_share_its_bucket() -> None:
    limit = AddressRateLimit(rate_per_s=1, burst=2, clock=Clock())
    ours = ("2001:db8::1", "2001:DB8::2", "2001:db8:0:0:ffff::3")
    assert [limit.take(address) for address in ours] == [0.0, 0.0, 1.0]
    ours = ("203.0.113.5", "::ffff:203.0.113.5", "203.0.113.5")
    assert [limit.take(address) for address in ours] == [0.0, 0.0, 1.0]
    assert limit.take("203.0.113.6") == limit.take("2001:db8:0:1::1") == 0.0


def test_the_blocks_of_a_site_share_a_larger_bucket() -> None:
    clock = Clock()
    limit = AddressRateLimit(rate_per_s=1, burst=2, clock=clock)
    assert [limit.take(address) for address in BLOCKS].count(0.0) == 32
    assert limit.take("2001:db8:2::1") == 0.0
    limit.give_back(BLOCKS[0])
    assert [limit.take(address) for address in BLOCKS].count(0.0) == 1
    # Sixteen a second for all of them, and still no more than one for each.
    clock.now = 1.0
    assert [limit.take(address) for address in (BLOCKS[0],) * 3].count(0.0) == 1 + 1
    assert [limit.take(address) for address in BLOCKS[1:]].count(0.0) == 14


def test_a_refusal_costs_nothing_anywhere() -> None:
    limit = AddressRateLimit(rate_per_s=1, burst=1, clock=Clock())
    assert limit.take(BLOCKS[0]) == 0.0
    assert all(limit.take(BLOCKS[0]) for _ in range(100))
    assert [limit.take(address) for address in BLOCKS].count(0.0) == 15


def test_a_site_that_has_none_left_takes_no_memory_for_its_blocks() -> None:
    limit = AddressRateLimit(rate_per_s=1, burst=1, clock=Clock())
    for number in range(10_000):
        limit.take(f"2001:db8:1:{number:x}::1")
    assert {times: len(buckets) for times, buckets in limit.levels.items()} == {1: 16, 16: 1}


def test_ipv4_addresses_have_nothing_above_them() -> None:
    limit = AddressRateLimit(rate_per_s=1, burst=1, clock=Clock())
    assert not any(limit.take(f"203.0.113.{number}") for number in range(200))
