"""Who is to have which shard: the same for all who compute it, even, and with few moves."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from quad.cluster.shards import SHARDS, Placing, ShardMap, shard_of, spread, surplus

LOADS = st.dictionaries(st.integers(1, 99), st.integers(0, 60), min_size=1, max_size=12)
PLACINGS = st.lists(
    st.builds(Placing, st.integers(0, 3), st.integers(1, 4), st.integers(0, 30)), max_size=30
)


def test_a_key_is_in_the_same_shard_for_ever() -> None:
    assert [shard_of(key) for key in ("campus", "alert", "class/817349", "комната")] == [
        17,
        193,
        232,
        201,
    ]


def test_keys_spread_over_all_shards() -> None:
    counted = Counter(shard_of(f"class/{number}") for number in range(100_000, 200_000))
    assert len(counted) == SHARDS
    assert max(counted.values()) < 2 * min(counted.values())


@given(LOADS)
def test_what_all_give_makes_all_have_equally_many_or_one_more(loads: dict[int, int]) -> None:
    after = dict(loads)
    for giver in loads:
        for taker, count in surplus(giver, loads).items():
            after[giver] -= count
            after[taker] += count
    assert sum(after.values()) == sum(loads.values())
    assert max(after.values()) - min(after.values()) <= 1


@given(LOADS)
def test_nobody_gives_who_gets_and_no_more_moves_than_must(loads: dict[int, int]) -> None:
    given_by = {giver: surplus(giver, loads) for giver in loads}
    takers = {taker for gifts in given_by.values() for taker in gifts}
    givers = {giver for giver, gifts in given_by.items() if gifts}
    assert not takers & givers
    each, left = divmod(sum(loads.values()), len(loads))
    ranked = sorted(loads.values(), reverse=True)
    least = sum(max(0, load - each - (rank < left)) for rank, load in enumerate(ranked))
    assert sum(count for gifts in given_by.values() for count in gifts.values()) == least


@given(LOADS)
def test_who_is_not_among_them_gives_nothing(loads: dict[int, int]) -> None:
    assert surplus(0, loads) == {}
    assert surplus(0, {}) == {}


@given(st.sets(st.integers(0, SHARDS - 1)), LOADS)
def test_the_shards_of_the_dead_go_to_those_who_have_the_fewest(
    shards: set[int], loads: dict[int, int]
) -> None:
    shared = spread(shards, loads)
    assert sorted(shard for some in shared.values() for shard in some) == sorted(shards)
    assert shared == spread(sorted(shards, reverse=True), dict(reversed(list(loads.items()))))
    after = {node: load + len(shared.get(node, [])) for node, load in loads.items()}
    # Whoever got one had no more than any other before its last.
    assert all(after[node] - 1 <= min(after.values()) for node in shared)


@given(PLACINGS)
def test_a_map_is_the_same_in_whatever_order_and_however_often_it_is_told(
    placings: list[Placing],
) -> None:
    # One epoch of a shard is one node: the table has seen to that.
    unique = list({(each.shard, each.epoch): each for each in placings}.values())
    first, second = ShardMap(), ShardMap()
    first.apply(unique)
    second.apply(reversed(unique + unique))
    assert [first[shard] for shard in range(4)] == [second[shard] for shard in range(4)]


def test_a_map_says_what_has_moved_and_who_has_what() -> None:
    shards = ShardMap()
    assert shards.apply([Placing(1, 7, 0), Placing(2, 8, 0)]) == {1, 2}
    assert shards.apply([Placing(1, 8, 1), Placing(2, 9, 0)]) == {1}
    assert (shards.of(8), shards[3]) == ({1, 2}, 0)
    assert shards.without({8}) == set(range(SHARDS)) - {1, 2}
    assert shards.loads([7, 8]) == {7: 0, 8: 2}
