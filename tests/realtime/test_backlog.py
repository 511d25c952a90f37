"""What waits for a peer is counted by what it costs."""

from quad.realtime.backlog import Backlog, Shared


def test_parts_come_out_in_their_order_by_size() -> None:
    backlog = Backlog()
    backlog.put([b"ab", b"cd"])
    backlog.put([b"ef"])
    assert backlog.size_bytes == 6
    assert [backlog.take(3), backlog.take(3), backlog.take(3)] == [b"abcd", b"ef", b""]
    assert backlog.size_bytes == 0
    assert not backlog


def test_shared_bytes_count_once_until_the_last_of_them_has_gone() -> None:
    backlog, chat, other = Backlog(), Shared(b"x" * 100), Shared(b"x" * 100)
    backlog.put([b"1", chat, b"2", chat, b"3", other])
    assert backlog.size_bytes == 203
    assert backlog.take(101) == b"1" + chat
    assert backlog.size_bytes == 202
    assert backlog.take(101) == b"2" + chat
    assert backlog.size_bytes == 101
    backlog.take(1_000)
    assert backlog.size_bytes == 0
