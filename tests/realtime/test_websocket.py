"""The WebSocket shell on a transport in memory: however the bytes are cut, and whoever stalls."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Close, Frame, Opcode

from quad.realtime.sessions.websocket import MESSAGE_TOO_BIG, WebSocket
from quad.wire.websocket import TEXT, encode_frame
from tests.patience import patience
from tests.realtime.memory import MemoryPeer, Message, turn
from tests.thoroughness import examples

KIB = 1_024


@dataclass
class Listener:
    """Keeps what arrives."""

    got: list[Message] = field(default_factory=list)
    pongs: list[bytes] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    slow: int = 0
    is_crowded: bool = False

    def text_received(self, text: str) -> None:
        self.got.append(text)

    def binary_received(self, data: bytes) -> None:
        self.got.append(data)

    def pong_received(self, data: bytes) -> None:
        self.pongs.append(data)

    def connection_ended(self, reason: str) -> None:
        self.ends.append(reason)

    def write_path_changed(self, direct: Callable[[bytes], object] | None) -> None:
        pass

    def slow_reader_closed(self) -> None:
        self.slow += 1


def frame(opcode: Opcode, data: bytes = b"", *, fin: bool = True, mask: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=mask)


def feed(websocket: WebSocket, data: bytes, *cuts: int) -> None:
    """The data in segments that end at the cuts."""
    edges = [0, *sorted(cuts), len(data)]
    for begin, end in itertools.pairwise(edges):
        if begin < end:
            websocket.data_received(data[begin:end])


# --- reading --------------------------------------------------------------------------------------

MESSAGES: list[Message] = ["", "4hello €😀", "x" * 125, "y" * 126, b"", b"\0\xff", "z" * 300]


async def test_frames_may_be_cut_anywhere() -> None:
    whole = MemoryPeer(Listener()).frames(*MESSAGES)
    for cut in range(len(whole) + 1):
        listener = Listener()
        peer = MemoryPeer(listener)
        feed(peer.websocket, whole, cut)
        assert listener.got == MESSAGES, cut
        assert listener.ends == []


async def test_text_frames_may_be_cut_anywhere() -> None:
    texts: list[Message] = ["a", "", "€" * 41, "b" * 130, "c"]
    whole = MemoryPeer(Listener()).frames(*texts)
    for cut in range(len(whole) + 1):
        listener = Listener()
        feed(MemoryPeer(listener).websocket, whole, cut, cut + 1, cut + 3)
        assert listener.got == texts, cut


async def test_frames_may_come_byte_by_byte() -> None:
    listener = Listener()
    peer = MemoryPeer(listener)
    whole = peer.frames(*MESSAGES)
    feed(peer.websocket, whole, *range(len(whole)))
    assert listener.got == MESSAGES


async def test_many_frames_may_come_in_one_segment() -> None:
    listener = Listener()
    peer = MemoryPeer(listener)
    texts: list[Message] = [str(number) for number in range(1_000)]
    await peer.send_all(*texts)
    assert listener.got == texts


async def test_a_long_message_is_one() -> None:
    listener = Listener()
    peer = MemoryPeer(listener)
    long: list[Message] = ["x" * 65_535, "y" * 65_536, "z" * 200_000, b"b" * 100_000]
    feed(peer.websocket, peer.frames(*long), 10, 70_000, 140_000, 140_001)
    assert listener.got == long


async def test_fragments_are_one_message_and_control_frames_may_come_between() -> None:
    euro = "€".encode()
    whole = b"".join(
        [
            frame(Opcode.TEXT, b"a" + euro[:1], fin=False),
            frame(Opcode.PING, b"1"),
            frame(Opcode.CONT, euro[1:], fin=False),
            frame(Opcode.PONG, b"2"),
            frame(Opcode.CONT, b"", fin=False),
            frame(Opcode.CONT, b"z"),
            frame(Opcode.BINARY, b"\1", fin=False),
            frame(Opcode.CONT, b"\2"),
        ]
    )
    for cut in range(len(whole) + 1):
        listener = Listener()
        peer = MemoryPeer(listener)
        feed(peer.websocket, whole, cut)
        assert listener.got == ["a€z", b"\1\2"]
        assert listener.pongs == [b"2"]
        assert peer.take() == []
        assert peer.pongs == [b"1"]


@settings(max_examples=examples(30, 1_000))
@given(
    st.lists(st.text(max_size=200) | st.binary(max_size=200), max_size=6),
    st.lists(st.integers(0, 1_500), max_size=8),
)
def test_whatever_the_messages_and_the_cuts_they_arrive(
    messages: list[Message], cuts: list[int]
) -> None:
    async def play() -> None:
        listener = Listener()
        peer = MemoryPeer(listener)
        whole = peer.frames(*messages)
        feed(peer.websocket, whole, *(min(cut, len(whole)) for cut in cuts))
        assert listener.got == messages

    asyncio.run(play())


@settings(max_examples=examples(50, 2_000))
@given(st.lists(st.binary(max_size=60), max_size=4))
def test_any_bytes_are_messages_or_the_end(segments: list[bytes]) -> None:
    async def play() -> None:
        listener = Listener()
        peer = MemoryPeer(listener, max_message_bytes=100)
        peer.send("before")
        for segment in segments:
            peer.websocket.data_received(segment)
        assert listener.got[0] == "before"
        assert len(listener.ends) <= 1
        peer.transport.lose()
        await turn(2)
        assert len(listener.ends) == 1

    asyncio.run(play())


async def test_who_takes_over_gets_what_follows() -> None:
    first, second = Listener(), Listener()
    peer = MemoryPeer(first)
    peer.send("a")
    peer.websocket.receiver = second
    peer.send("b")
    assert (first.got, second.got) == (["a"], ["b"])


async def test_a_ping_of_ours_between_cut_frames_costs_none_of_them() -> None:
    class Pinging(Listener):
        def text_received(self, text: str) -> None:
            super().text_received(text)
            if text == "ping me":
                peer.websocket.ping(b"now")

    listener = Pinging()
    peer = MemoryPeer(listener)
    whole = peer.frames("ping me", "after", "and more")
    for cut in range(len(whole) + 1):
        listener = Pinging()
        peer = MemoryPeer(listener)
        feed(peer.websocket, whole, cut)
        assert listener.got == ["ping me", "after", "and more"], cut
        peer.websocket.data_received(frame(Opcode.PONG, b"now"))
        assert listener.pongs == [b"now"]


# --- breaches -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(frame(Opcode.TEXT, b"hi", mask=False), 1002, id="not masked"),
        pytest.param(frame(Opcode.BINARY, b"hi", mask=False), 1002, id="bytes not masked"),
        pytest.param(frame(Opcode.CONT, b"hi"), 1002, id="a stray continuation"),
        pytest.param(frame(Opcode.TEXT, b"a", fin=False) + frame(Opcode.TEXT, b"b"), 1002,
                     id="a message inside a message"),
        pytest.param(b"\x83\x80\0\0\0\0", 1002, id="an unknown opcode"),
        pytest.param(b"\xc1\x80\0\0\0\0", 1002, id="a reserved bit"),
        pytest.param(b"\x89\xfe\0\x7e" + bytes(130), 1002, id="a long control frame"),
        pytest.param(b"\x09\x80\0\0\0\0", 1002, id="a control frame in fragments"),
        pytest.param(frame(Opcode.TEXT, b"\xff"), 1007, id="not UTF-8"),
        pytest.param(frame(Opcode.TEXT, b"\xed\xa0\xbd"), 1007, id="half a character"),
        pytest.param(frame(Opcode.TEXT, b"a\xe2", fin=False) + frame(Opcode.CONT, b"z"), 1007,
                     id="fragments that are not UTF-8"),
        pytest.param(frame(Opcode.TEXT, b"x" * 1_001), 1009, id="too long"),
        pytest.param(frame(Opcode.BINARY, b"x" * 1_001), 1009, id="too many bytes"),
        pytest.param(b"\x81\xff" + (2**40).to_bytes(8, "big") + bytes(4), 1009,
                     id="only announced"),
        pytest.param(frame(Opcode.TEXT, b"x" * 600, fin=False) + frame(Opcode.CONT, b"x" * 600),
                     1009, id="fragments too long together"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_split", [False, True], ids=["whole", "byte by byte"])
async def test_a_breach_ends_the_connection_with_its_code(
    data: bytes, code: int, is_split: bool
) -> None:
    listener = Listener()
    peer = MemoryPeer(listener, max_message_bytes=1_000)
    whole = peer.frames("before") + data + peer.frames("after")
    feed(peer.websocket, whole, *(range(len(whole)) if is_split else ()))
    assert listener.got == ["before"]
    assert len(listener.ends) == 1
    peer.take()
    assert peer.close is not None
    assert peer.close.code == code
    assert not peer.websocket.is_open
    peer.transport.lose()


async def test_the_longest_message_is_let_in() -> None:
    listener = Listener()
    peer = MemoryPeer(listener, max_message_bytes=1_000)
    peer.send("x" * 1_000, b"y" * 1_000)
    assert len(listener.got) == 2


async def test_empty_fragments_without_end_cost_no_memory() -> None:
    listener = Listener()
    peer = MemoryPeer(listener)
    peer.websocket.data_received(frame(Opcode.TEXT, b"a", fin=False))
    peer.websocket.data_received(frame(Opcode.CONT, b"", fin=False) * 2_000)
    await peer.is_read()
    held = peer.websocket._fragments
    assert held is not None
    assert len(held) == 1
    peer.websocket.data_received(frame(Opcode.CONT, b"z"))
    assert listener.got == ["az"]


# --- closing --------------------------------------------------------------------------------------


async def test_our_close_is_behind_everything_and_theirs_ends_it() -> None:
    listener = Listener()
    peer = MemoryPeer(listener)
    peer.websocket.write([encode_frame(TEXT, b"last")])
    peer.websocket.close(1012, "restart")
    assert listener.ends == ["restart"]
    peer.websocket.write([encode_frame(TEXT, b"too late")])
    peer.websocket.close(1000)
    assert (peer.take(), peer.transport.has_eof) == (["last"], False)
    assert peer.close == Close(1012, "restart")
    peer.websocket.data_received(frame(Opcode.CLOSE, Close(1012, "restart").serialize()))
    assert peer.transport.has_eof
    assert not peer.websocket.eof_received()  # so asyncio closes the transport
    peer.transport.close()
    await turn()
    assert listener.ends == ["restart"]
    assert not peer.transport.is_aborted


async def test_their_close_is_answered_with_its_code() -> None:
    listener = Listener()
    peer = MemoryPeer(listener)
    peer.send("last")
    peer.websocket.data_received(frame(Opcode.CLOSE, Close(1001, "bye").serialize()))
    assert listener.got == ["last"]
    assert listener.ends == ["transport close"]
    peer.take()
    assert peer.close is not None
    assert peer.close.code == 1001
    assert peer.transport.has_eof
    peer.websocket.data_received(frame(Opcode.TEXT, b"after the close"))
    assert listener.got == ["last"]
    peer.transport.lose()


async def test_their_close_behind_the_message_that_made_us_close_is_seen() -> None:
    class Leaving(Listener):
        def text_received(self, text: str) -> None:
            super().text_received(text)
            peer.websocket.close(1000, "enough")

    listener = Leaving()
    peer = MemoryPeer(listener)
    segment = peer.frames("a", "b") + frame(Opcode.CLOSE, Close(1000, "").serialize())
    peer.websocket.data_received(segment)
    assert listener.got == ["a"]
    assert listener.ends == ["enough"]
    assert peer.transport.has_eof
    peer.transport.lose()


CLOSE = frame(Opcode.CLOSE, b"\x03\xe8")


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(frame(Opcode.BINARY, b"abc"), id="bytes"),
        pytest.param(
            frame(Opcode.TEXT, b"a", fin=False) + frame(Opcode.CONT, b"b"), id="fragments"
        ),
        pytest.param(frame(Opcode.TEXT, b"\xff", fin=False) + frame(Opcode.CONT), id="not UTF-8"),
        pytest.param(frame(Opcode.TEXT, b"x" * 66_000), id="a long text"),
        pytest.param(frame(Opcode.TEXT, b"x"), id="a text"),
    ],
)
@pytest.mark.parametrize("has_parser", [False, True], ids=["first", "later"])
async def test_a_message_that_makes_us_close_and_their_close_may_be_one_segment(
    message: bytes, has_parser: bool
) -> None:
    class Closing(Listener):
        def text_received(self, text: str) -> None:
            peer.websocket.write_messages(["answer"])
            peer.websocket.close(1003, "no")

        def binary_received(self, data: bytes) -> None:
            self.text_received("")

    listener = Closing()
    peer = MemoryPeer(listener)
    if has_parser:
        peer.websocket._make_parser()
    peer.websocket.data_received(message + CLOSE)
    await peer.is_read()
    peer.take()
    assert peer.close is not None
    assert len(listener.ends) == 1
    peer.websocket.write([text(1)])
    peer.websocket.write_messages(["late"])
    peer.transport.lose()


async def test_a_long_reason_is_cut_between_characters() -> None:
    peer = MemoryPeer(Listener())
    peer.websocket.close(1000, "€" * 100)
    peer.take()
    assert peer.close == Close(1000, "€" * 41)
    peer.transport.lose()


async def test_without_an_answer_the_connection_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quad.realtime.sessions.websocket._CLOSE_GRACE_S", 0.02)
    listener = Listener()
    peer = MemoryPeer(listener)
    peer.websocket.close()
    async with asyncio.timeout(patience(5)):
        while not peer.transport.is_aborted:
            await asyncio.sleep(0.005)
    assert listener.ends == [""]


@pytest.mark.parametrize(
    ("error", "reason"), [(None, "transport close"), (OSError(), "transport error")], ids=repr
)
async def test_a_lost_connection_is_the_end(error: Exception | None, reason: str) -> None:
    listener = Listener()
    peer = MemoryPeer(listener)
    peer.transport.lose(error)
    await turn()
    assert listener.ends == [reason]
    assert not peer.websocket.is_open
    peer.websocket.write([encode_frame(TEXT, b"nobody reads this")])
    peer.websocket.close()
    peer.websocket.ping(b"")
    assert listener.ends == [reason]


async def test_an_abort_is_the_end_at_once() -> None:
    listener = Listener()
    peer = MemoryPeer(listener)
    peer.websocket.abort("enough")
    await turn()
    assert listener.ends == ["enough"]
    assert peer.transport.is_aborted


# --- readers that do not read ---------------------------------------------------------------------


def text(length: int) -> bytes:
    return encode_frame(TEXT, b"x" * length)


async def test_what_is_held_goes_out_in_order_when_the_peer_reads_again() -> None:
    listener = Listener()
    peer = MemoryPeer(listener)
    peer.transport.stall()
    sent = []
    for number in range(100):
        sent.append(f"{number} " + "x" * KIB)
        peer.websocket.write([encode_frame(TEXT, sent[-1].encode())])
    assert peer.websocket.queued_bytes > 100 * KIB
    peer.transport.read_on()
    sent.append("and on")
    peer.websocket.write([encode_frame(TEXT, b"and on")])
    assert peer.take() == sent
    assert peer.websocket.queued_bytes == 0
    assert listener.slow == 0


@pytest.mark.parametrize("size", [100, 10 * KIB, 70 * KIB, 300 * KIB])
async def test_a_stalled_peer_is_cut_at_the_limit_and_no_byte_later(size: int) -> None:
    listener = Listener()
    peer = MemoryPeer(listener, outbox_limit_bytes=256 * KIB)
    peer.transport.stall()
    most = 0
    while not listener.ends:
        most = max(most, peer.websocket.queued_bytes)
        peer.websocket.write([text(size)])
    assert most <= 256 * KIB
    assert most + size > 256 * KIB - 200
    assert (listener.ends, listener.slow) == (["slow reader"], 1)
    assert peer.transport.is_aborted
    await turn()
    assert peer.websocket.queued_bytes == 0
    peer.websocket.write([text(size)])
    assert peer.websocket.queued_bytes == 0


async def test_one_write_that_is_over_the_limit_by_itself_cuts_the_peer() -> None:
    listener = Listener()
    peer = MemoryPeer(listener, outbox_limit_bytes=KIB)
    peer.transport.stall()
    peer.websocket.write([text(100 * KIB)])
    assert listener.slow == 1


async def test_a_flood_of_pings_from_a_peer_that_does_not_read_is_bounded() -> None:
    listener = Listener()
    peer = MemoryPeer(listener, outbox_limit_bytes=72 * KIB)
    peer.transport.stall()
    flood = frame(Opcode.PING, b"x" * 125) * 100
    for _ in range(100):
        if listener.ends:
            break
        peer.websocket.data_received(flood)
        await peer.is_read()
        assert peer.websocket.queued_bytes < 72 * KIB + 2 * len(flood)
    assert (listener.ends, listener.slow) == (["slow reader"], 1)


async def test_a_close_goes_out_behind_what_is_held() -> None:
    listener = Listener()
    peer = MemoryPeer(listener)
    peer.transport.stall()
    for number in range(100):
        peer.websocket.write([encode_frame(TEXT, f"{number} ".encode() + b"x" * KIB)])
    peer.websocket.close(1012, "restart")
    peer.websocket.write([encode_frame(TEXT, b"too late")])
    peer.transport.read_on()
    got = peer.take()
    assert [str(text).split()[0] for text in got] == [str(number) for number in range(100)]
    assert peer.close == Close(1012, "restart")
    peer.transport.lose()


@pytest.mark.parametrize("end", ["close", "breach"])
async def test_nothing_is_written_after_the_end_of_a_peer_that_reads_late(end: str) -> None:
    listener = Listener()
    peer = MemoryPeer(listener)
    peer.transport.stall()
    for _ in range(100):
        peer.websocket.write([text(KIB)])
    ending = frame(Opcode.CLOSE, b"") if end == "close" else frame(Opcode.CONT, b"")
    peer.websocket.data_received(ending)
    peer.websocket.write([encode_frame(TEXT, b"too late")])
    peer.transport.read_on()
    assert "too late" not in peer.take()
    assert peer.close is not None
    peer.transport.lose()


async def test_several_frames_are_one_write() -> None:
    peer = MemoryPeer(Listener())
    peer.websocket.write([text(1), text(2), text(3)])
    assert len(peer.transport.arrived) == 1
    assert peer.take() == ["x", "xx", "xxx"]


async def test_messages_may_be_framed_by_the_connection_itself() -> None:
    peer = MemoryPeer(Listener())
    peer.websocket.write_messages(["a€", b"\1"])
    assert peer.take() == ["a€", b"\1"]
    peer.websocket.ping(b"x")
    assert not peer.websocket.is_compressed
    assert MESSAGE_TOO_BIG == 1009
