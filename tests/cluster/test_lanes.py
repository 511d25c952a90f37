"""Lanes: order, windows, room on the link, and how they end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quad.bus.links import Channel
from quad.cluster.lanes import SLACK_BYTES, WINDOW_BYTES, Kind, Lane, Lanes
from tests.cluster.linking import Network
from tests.patience import patience
from tests.realtime.serving import until

ME, OTHER, THIRD = 1, 2, 3
CHANNEL = Channel.HTTP
Said = tuple[Kind, bytes]


class End:
    """A user that reads when it is told to."""

    def __init__(self) -> None:
        self.lane: Lane
        self.heard: list[Said] = []
        self.unread_bytes = 0
        self.most_unread_bytes = 0
        self.reads_at_once = True
        self.lost_times = 0
        self.bug: Exception | None = None

    def received(self, kind: Kind, data: bytes) -> None:
        if self.bug is not None:
            raise self.bug
        self.heard.append((kind, data))
        self.unread_bytes += len(data)
        self.most_unread_bytes = max(self.most_unread_bytes, self.unread_bytes)
        if self.reads_at_once:
            self.read()

    def read(self, most: int = 2**30) -> None:
        size = min(most, self.unread_bytes)
        self.unread_bytes -= size
        self.lane.have_read(size)

    def written(self) -> None:
        pass

    def lost(self) -> None:
        self.lost_times += 1

    @property
    def data(self) -> bytes:
        return b"".join(data for _, data in self.heard)


class Pair:
    """The lanes of two nodes, and one between them."""

    def __init__(self) -> None:
        self.network = Network()
        self.opened: list[bytes] = []
        self.asked = End()
        self.asking = End()
        self.theirs = Lanes(self.network.links_of(OTHER), CHANNEL, self._take)
        self.mine = Lanes(self.network.links_of(ME), CHANNEL, self._take)

    def _take(self, lane: Lane, data: bytes) -> None:
        if data == b"a bug":
            raise ZeroDivisionError
        self.opened.append(data)
        lane.user = self.asked
        self.asked.lane = lane

    async def open(self) -> None:
        self.asking.lane = self.mine.open(OTHER, b"hello", self.asking)
        await until(lambda: self.opened, patience(2))


@asynccontextmanager
async def pair() -> AsyncIterator[Pair]:
    both = Pair()
    await both.network.start()
    await both.open()
    yield both
    both.mine.close()
    both.theirs.close()
    await both.network.aclose()


async def test_data_passes_both_ways_in_order_with_what_is_said_beside_it() -> None:
    async with pair() as both:
        both.asking.lane.write(b"one")
        both.asking.lane.write(b"")
        both.asking.lane.write(b"two", Kind.LAST)
        both.asked.lane.say(Kind.CONTINUE)
        both.asked.lane.write(b"", Kind.LAST)
        await until(lambda: len(both.asking.heard) == 2, patience(2))
        assert both.opened == [b"hello"]
        assert both.asked.heard == [(Kind.DATA, b"one"), (Kind.LAST, b"two")]
        assert both.asking.heard == [(Kind.CONTINUE, b""), (Kind.LAST, b"")]


async def test_long_data_is_cut_and_its_kind_comes_with_the_end() -> None:
    async with pair() as both:
        data = bytes(range(250)) * 4_000
        both.asking.lane.write(data, Kind.LAST)
        await until(lambda: len(both.asked.data) == len(data), patience(5))
        kinds = [kind for kind, _ in both.asked.heard]
        assert set(kinds[:-1]) == {Kind.DATA}
        assert kinds[-1] is Kind.LAST
        assert both.asked.data == data
        assert both.asking.lane.unsent_bytes == 0
        await until(lambda: both.asking.lane.unread_bytes < SLACK_BYTES, patience(2))


async def test_who_does_not_read_gets_no_more_than_a_window() -> None:
    async with pair() as both:
        both.asked.reads_at_once = False
        both.asking.lane.write(b"x" * 2 * WINDOW_BYTES)
        both.asking.lane.write(b"y" * WINDOW_BYTES)
        await until(lambda: both.asked.unread_bytes == WINDOW_BYTES, patience(2))
        assert both.asking.lane.unsent_bytes == 2 * WINDOW_BYTES
        assert both.asking.lane.unread_bytes == 3 * WINDOW_BYTES
        both.asking.lane.say(Kind.GONE)  # a word is not held up by that
        await until(lambda: both.asked.heard[-1] == (Kind.GONE, b""), patience(2))
        while len(both.asked.data) < 3 * WINDOW_BYTES:
            both.asked.read(50_000)
            await asyncio.sleep(0)
        assert both.asked.data == b"x" * 2 * WINDOW_BYTES + b"y" * WINDOW_BYTES
        assert both.asked.most_unread_bytes == WINDOW_BYTES


Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["write", "read", "turn"]), st.integers(1, 400_000)), max_size=30
)


@given(STEPS)
def test_whatever_the_readers_pace_all_arrives_once_in_order(steps: list[Step]) -> None:
    async def run() -> None:
        async with pair() as both:
            both.asked.reads_at_once = False
            written = b""
            for number, (step, size) in enumerate(steps):
                if step == "write":
                    data = bytes([number]) * size
                    both.asking.lane.write(data)
                    written += data
                elif step == "read":
                    both.asked.read(size)
                else:
                    await asyncio.sleep(0)
                assert both.asked.unread_bytes <= both.asking.lane.unread_bytes
            async with asyncio.timeout(patience(10)):
                while len(both.asked.data) < len(written):
                    both.asked.read()
                    await asyncio.sleep(0)
            assert both.asked.data == written
            assert both.asked.most_unread_bytes <= WINDOW_BYTES

    asyncio.run(run())


async def test_all_lanes_together_leave_room_on_the_link() -> None:
    count = 60
    async with pair() as both:
        both.network.is_up = False
        lanes = [both.mine.open(OTHER, b"one of many", End()) for _ in range(count)]
        for lane in lanes:
            lane.write(b"x" * WINDOW_BYTES)
        waiting = sum(lane.unsent_bytes for lane in lanes)
        under_way = both.network.links[ME].unacknowledged_bytes(OTHER)
        assert waiting + under_way >= count * WINDOW_BYTES
        assert 8_000_000 <= under_way < 8_200_000
        both.network.is_up = True
        await until(lambda: not any(lane.unsent_bytes for lane in lanes), patience(5))


async def test_a_lane_that_ends_while_it_waits_for_room_sends_nothing() -> None:
    async with pair() as both:
        both.network.is_up = False
        both.network.links[ME].send(OTHER, Channel.CONTROL, b"x" * 8_000_000)
        both.asking.lane.write(b"too late")
        assert both.asking.lane.unsent_bytes == 8
        both.asking.lane.end()
        both.network.is_up = True
        links = both.network.links[ME]
        await until(lambda: not links.unacknowledged_bytes(OTHER), patience(5))
        await asyncio.sleep(0.05)
        assert both.asked.heard == []


async def test_what_comes_for_a_lane_that_has_ended_is_dropped() -> None:
    async with pair() as both:
        both.asking.lane.write(b"under way")
        both.asked.lane.end()
        both.asked.lane.write(b"too late")
        both.asked.lane.say(Kind.CUT)
        await asyncio.sleep(0.02)
        assert (both.asked.heard, both.asking.heard) == ([], [])


async def test_a_lost_node_loses_its_lanes_and_nobody_elses() -> None:
    async with pair() as both:
        beside = End()
        Lanes(both.network.links_of(THIRD), CHANNEL, lambda lane, data: None)
        await both.network.start()
        both.mine.open(THIRD, b"", beside)
        assert (both.mine.count(OTHER), both.mine.count(THIRD)) == (1, 1)
        both.network.kill(OTHER)
        assert (both.asking.lost_times, beside.lost_times) == (1, 0)
        assert (both.mine.count(OTHER), both.mine.count(THIRD)) == (0, 1)
        assert list(both.mine.users()) == [beside]


async def test_a_node_that_is_lost_already_loses_a_new_lane() -> None:
    async with pair() as both:
        both.network.kill(OTHER)
        late = End()
        both.mine.open(OTHER, b"", late)
        await until(lambda: late.lost_times == 1, patience(2))


async def test_closing_ends_every_lane_at_both_ends() -> None:
    async with pair() as both:
        both.mine.close()
        assert both.asking.lost_times == 1
        await until(lambda: both.asked.heard == [(Kind.GONE, b"")], patience(2))


async def test_a_bug_of_a_user_costs_its_lane_and_is_told_to_the_link() -> None:
    async with pair() as both:
        both.asked.bug = ZeroDivisionError()
        both.asking.lane.write(b"data")
        await until(lambda: both.asked.lost_times == 1, patience(2))
        assert both.network.links[OTHER].counters.failures == 1
        await until(lambda: both.asking.heard == [(Kind.CUT, b"")], patience(2))


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x02\0\0", id="half a head"),
        pytest.param(b"\x7f" + bytes(8), id="an unknown kind"),
    ],
)
async def test_a_malformed_record_harms_nobody(record: bytes) -> None:
    async with pair() as both:
        both.network.links[ME].send(OTHER, CHANNEL, record)
        both.asking.lane.write(b"as before")
        await until(lambda: both.asked.data == b"as before", patience(2))
        assert both.network.links[OTHER].counters.failures == 1


async def test_a_lane_that_cannot_be_taken_is_cut() -> None:
    async with pair() as both:
        late = End()
        both.mine.open(OTHER, b"a bug", late)
        await until(lambda: late.heard == [(Kind.CUT, b"")], patience(2))
        assert list(both.theirs.users()) == [both.asked]
