"""Long-polling: one GET waits for packets, POST delivers them."""

import asyncio
import contextlib
import json

import httpx
import pytest

from tests.protocol.peers import (
    PROMPT_S,
    Packet,
    Polling,
    Target,
    payload,
    unpack,
)

BOTH = pytest.mark.parametrize("eio", [4, 3], ids=["V4", "V3"])


@BOTH
async def test_a_message_comes_back_by_the_next_poll(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)

    posted = await session.post(payload(eio, "4hello"))
    assert (posted.status_code, posted.text) == (200, "ok")

    polled = await session.get()
    assert polled.text == payload(eio, "4hello")
    assert polled.headers["content-type"].lower() == "text/plain; charset=utf-8"


@BOTH
async def test_several_packets_travel_in_one_body_both_ways(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    await session.send("4test1", "4test2", "4test3")
    assert (await session.get()).text == payload(eio, "4test1", "4test2", "4test3")


async def test_binary_packets_travel_as_base64_without_a_type_digit(
    http: httpx.AsyncClient, patient: Target
) -> None:
    session = await Polling.open(http, patient)
    await session.send("4hello", "bAQIDBA==", "4bye")
    assert (await session.get()).text == "4hello\x1ebAQIDBA==\x1e4bye"


@pytest.mark.parametrize("encoded", ["bAQ==", "b+/+/", "b", "bAAECAwQF"])
async def test_binary_of_every_padding_comes_back_unchanged(
    http: httpx.AsyncClient, patient: Target, encoded: str
) -> None:
    session = await Polling.open(http, patient)
    await session.send(encoded)
    assert (await session.get()).text == encoded


@BOTH
@pytest.mark.parametrize("text", ["Привет, класс!", "日本語", "😀 é", "line\nbreak\t", '"\\/', ""])
async def test_any_text_comes_back_unchanged(
    http: httpx.AsyncClient, patient: Target, eio: int, text: str
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    await session.send(f"4{text}")
    assert (await session.get()).content.decode() == payload(eio, f"4{text}")


@BOTH
async def test_a_waiting_get_is_answered_as_soon_as_a_packet_comes(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    async with session.waiting_get() as waiting:
        assert not waiting.done()
        await session.send("4now")
        async with asyncio.timeout(PROMPT_S):
            assert (await waiting).text == payload(eio, "4now")


@BOTH
async def test_five_hundred_packets_fit_one_body_and_keep_their_order(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    sent = [f"4message {number}" for number in range(500)]
    await session.send(*sent)
    assert await session.receive(500) == sent


@BOTH
async def test_order_is_kept_over_many_bodies_while_polling(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    sent = [f"4{number}" for number in range(60)]

    async def post_all() -> None:
        for at in range(0, 60, 3):
            await session.send(*sent[at : at + 3])

    got, _ = await asyncio.gather(session.receive(60), post_all())
    assert got == sent


@BOTH
async def test_sessions_do_not_hear_each_other(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    sessions = [await Polling.open(http, patient, eio=eio) for _ in range(5)]
    await asyncio.gather(*(session.send(f"4{session.sid}") for session in sessions))
    polled = await asyncio.gather(*(session.poll() for session in sessions))
    assert polled == [[f"4{session.sid}"] for session in sessions]


@BOTH
@pytest.mark.parametrize("body", ["abc", "7", "xhello"])
@pytest.mark.differs("Node ends the session without answering the POST by 400")
async def test_a_packet_that_cannot_be_decoded_is_answered_400_and_ends_the_session(
    http: httpx.AsyncClient, patient: Target, eio: int, body: str
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    answer = await session.post(body)
    assert answer.status_code == 400
    assert (await session.get()).status_code == 400


@pytest.mark.parametrize("body", ["abc", "9", "4ok\x1eabc", "4ok\x1e"])
async def test_an_undecodable_body_ends_a_v4_session_whatever_the_post_is_answered(
    http: httpx.AsyncClient, patient: Target, body: str
) -> None:
    session = await Polling.open(http, patient)
    with contextlib.suppress(httpx.TransportError):
        await session.post(body)
    await session.expect_ended()


@pytest.mark.differs("Node decodes what it can of bad base64")
@pytest.mark.parametrize("body", ["b***", "bAQI", "bы"])
async def test_bad_base64_is_a_packet_that_cannot_be_decoded(
    http: httpx.AsyncClient, patient: Target, body: str
) -> None:
    session = await Polling.open(http, patient)
    assert (await session.post(body)).status_code == 400
    await session.expect_ended()


@pytest.mark.differs("Node decodes the bytes with replacement characters")
async def test_a_body_that_is_not_utf_8_is_a_packet_that_cannot_be_decoded(
    http: httpx.AsyncClient, patient: Target
) -> None:
    session = await Polling.open(http, patient)
    assert (await session.post(b"4\xff\xfe")).status_code == 400
    await session.expect_ended()


@BOTH
async def test_a_waiting_get_is_released_when_an_undecodable_packet_ends_the_session(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    async with session.waiting_get() as waiting:
        with contextlib.suppress(httpx.TransportError):
            await session.post("abc")
        async with asyncio.timeout(PROMPT_S):
            await asyncio.wait([waiting])
    await session.expect_ended()


@BOTH
async def test_a_second_get_closes_the_first_is_refused_itself_and_ends_the_session(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    async with session.waiting_get() as first, asyncio.timeout(PROMPT_S):
        second = await session.get(t="burst")
        assert second.status_code == 400
        answer = await first
        assert (answer.status_code, answer.text) == (200, payload(eio, "1"))
    assert (await session.get()).status_code == 400


async def test_two_gets_five_milliseconds_apart_end_the_session(
    http: httpx.AsyncClient, lenient: Target
) -> None:
    """The timing of the public suite."""
    session = await Polling.open(http, lenient)
    first = asyncio.create_task(session.get())
    await asyncio.sleep(0.005)
    second = await session.get(t="burst")

    answer = await first
    assert (answer.status_code, answer.text) == (200, "1")
    assert second.status_code == 400
    assert (await session.get()).status_code == 400


@BOTH
async def test_two_posts_at_once_are_refused_and_end_the_session(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    half_sent = asyncio.Event()
    release = asyncio.Event()

    async def slow_body() -> object:
        yield payload(eio, "4first")[:3].encode()
        half_sent.set()
        await release.wait()
        yield payload(eio, "4first")[3:].encode()

    first = asyncio.create_task(
        http.post(session.url(), content=slow_body(), headers={"content-type": "text/plain"})  # type: ignore[arg-type]
    )
    await half_sent.wait()
    await asyncio.sleep(0.05)  # the first half is on its way; nothing tells when it is there

    second = await session.post(payload(eio, "4second"))
    assert second.status_code == 400

    release.set()
    (outcome,) = await asyncio.gather(first, return_exceptions=True)
    if isinstance(outcome, httpx.Response):
        assert outcome.status_code == 400
    else:
        assert isinstance(outcome, httpx.TransportError)
    assert (await session.get()).status_code == 400


@BOTH
async def test_get_and_post_may_run_at_the_same_time(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    for number in range(20):
        packets, _ = await asyncio.gather(session.poll(), session.send(f"4{number}"))
        assert packets == [f"4{number}"]


@BOTH
async def test_an_aborted_get_loses_nothing_in_silence(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    """Afterwards either the session is over and says so, or what comes next is delivered."""
    session = await Polling.open(http, patient, eio=eio)
    async with session.waiting_get():
        pass
    await asyncio.sleep(0.05)

    posted = await session.post(payload(eio, "4after the abort"))
    if posted.status_code == 400:
        assert (await session.get()).status_code == 400
    else:
        async with asyncio.timeout(PROMPT_S):
            assert await session.poll() == ["4after the abort"]


async def test_the_get_after_an_aborted_one_is_no_second_get(
    http: httpx.AsyncClient, patient: Target
) -> None:
    """An immediate next GET waits for packets of its own, or learns that the session is over."""
    session = await Polling.open(http, patient)
    async with session.waiting_get():
        pass
    async with session.waiting_get() as waiting:
        posted = await session.post("4for the second")
        async with asyncio.timeout(PROMPT_S):
            answer = await waiting
    if posted.status_code == 200:
        assert (answer.status_code, answer.text) == (200, "4for the second")
    else:
        assert answer.status_code == 400


@BOTH
async def test_a_close_packet_releases_the_waiting_get_with_a_noop(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    async with session.waiting_get() as waiting:
        await session.send("1")
        async with asyncio.timeout(PROMPT_S):
            answer = await waiting
    assert (answer.status_code, answer.text) == (200, payload(eio, "6"))
    assert (await session.get()).status_code == 400


@BOTH
async def test_get_and_close_sent_together_end_with_a_noop(
    http: httpx.AsyncClient, lenient: Target, eio: int
) -> None:
    """The order of the public suite: nothing but luck says which of both arrives first."""
    session = await Polling.open(http, lenient, eio=eio)
    waiting = asyncio.create_task(session.get())
    await asyncio.sleep(0)
    await session.send("1")
    answer = await waiting
    assert (answer.status_code, answer.text) == (200, payload(eio, "6"))
    assert (await session.get()).status_code == 400


@BOTH
async def test_a_close_packet_ends_the_session_when_no_get_waits(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    await session.send("1")
    await session.expect_ended()


async def test_what_is_posted_before_a_close_packet_still_counts(
    http: httpx.AsyncClient, patient: Target
) -> None:
    session = await Polling.open(http, patient)
    async with session.waiting_get() as waiting:
        await session.send("4last words", "1")
        async with asyncio.timeout(PROMPT_S):
            answer = await waiting
    assert unpack(4, answer.text)[0] == "4last words"
    await session.expect_ended()


@BOTH
async def test_a_body_of_exactly_the_limit_is_delivered(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    overhead = len(payload(eio, "4" + "x" * 900_000)) - 900_000
    message = "4" + "x" * (1_000_000 - overhead)
    body = payload(eio, message)
    assert len(body) == 1_000_000
    assert (await session.post(body)).text == "ok"
    assert await session.poll() == [message]


@BOTH
async def test_a_body_over_the_limit_is_answered_413(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    answer = await session.post("4" + "x" * 1_000_000)
    assert answer.status_code == 413


async def test_a_chunked_body_over_the_limit_is_answered_413(
    http: httpx.AsyncClient, patient: Target
) -> None:
    session = await Polling.open(http, patient)

    async def chunks() -> object:
        yield b"4"
        for _ in range(11):
            yield b"x" * 100_000

    answer = await http.post(
        session.url(),
        content=chunks(),  # type: ignore[arg-type]
        headers={"content-type": "text/plain"},
    )
    assert answer.status_code == 413


async def test_the_limit_counts_bytes_not_characters(
    http: httpx.AsyncClient, patient: Target
) -> None:
    session = await Polling.open(http, patient)
    assert (await session.post("4" + "ы" * 500_000)).status_code == 413


async def test_a_refusal_is_json_of_exactly_code_and_message(
    http: httpx.AsyncClient, patient: Target
) -> None:
    session = await Polling.open(http, patient)
    await session.send("1")
    answer = await session.get()
    assert answer.text == '{"code":1,"message":"Session ID unknown"}'
    assert json.loads(answer.text) == answer.json()


async def test_no_packet_comes_unasked(http: httpx.AsyncClient, patient: Target) -> None:
    session = await Polling.open(http, patient)
    got: list[Packet] = []
    async with session.waiting_get() as waiting:
        await asyncio.wait([waiting], timeout=0.6)
        if waiting.done():
            got = [(await waiting).text]
    assert got == []
