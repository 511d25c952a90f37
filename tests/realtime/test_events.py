"""What handlers may rely on: order, typed payloads, one answer each, and a farewell at the end."""

import asyncio
import json
import logging
import re
from typing import Any

import pytest

from quad.realtime import (
    AckTimeout,
    Client,
    Finished,
    Payload,
    Refused,
    SocketServer,
)
from tests.garbage import no_errors_in_garbage
from tests.patience import patience
from tests.realtime.memory import MemoryClient, Message, entered, turn
from tests.realtime.sessions import session_of

PLACE = '{"_placeholder":true,"num":0}'


class Say(Payload, frozen=True):
    text: str
    to: int | None = None


class Full(Refused):
    code = "room_full"


def event(message: Message) -> list[Any]:
    """Name and arguments of a plain event on the main namespace."""
    assert isinstance(message, str)
    assert message.startswith("42["), message
    parsed: list[Any] = json.loads(message[2:])
    return parsed


# --- order ----------------------------------------------------------------------------------------


class Desk:
    """A server whose handlers wait until the test lets them go on."""

    def __init__(self) -> None:
        self.server = SocketServer()
        self.began: list[str] = []
        self.ended: list[str] = []
        self.farewells: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.server.on("slow")(self.slow)
        self.server.on("overlapping", overlap=True)(self.slow)
        self.server.on("quick")(self.quick)
        self.server.on_disconnect(self.farewell)

    async def slow(self, client: Client, name: str) -> str:
        self.began.append(name)
        await self.gates.setdefault(name, asyncio.Event()).wait()
        self.ended.append(name)
        return name

    def quick(self, client: Client, name: str) -> str:
        self.began.append(name)
        self.ended.append(name)
        return name

    def farewell(self, client: Client, reason: str) -> None:
        assert not client.is_open
        self.farewells.append(reason)

    async def let(self, *names: str) -> None:
        for name in names:
            self.gates[name].set()
            await turn(4)


async def test_events_of_one_client_are_handled_in_order_one_at_a_time() -> None:
    desk = Desk()
    client = await entered(desk.server.engine)
    client.emit("slow", "a", id=1)
    client.emit("quick", "b", id=2)
    client.emit("slow", "c", id=3)
    client.emit("quick", "d", id=4)
    await turn(3)
    assert desk.began == ["a"]
    await desk.let("a")
    assert desk.began == ["a", "b", "c"]
    await desk.let("c")
    assert client.take() == ['431["a"]', '432["b"]', '433["c"]', '434["d"]']


async def test_events_of_two_clients_do_not_wait_for_each_other() -> None:
    desk = Desk()
    one, two = await entered(desk.server.engine), await entered(desk.server.engine)
    one.emit("slow", "a")
    two.emit("slow", "b")
    await turn(2)
    assert desk.began == ["a", "b"]
    await desk.let("b", "a")
    assert desk.ended == ["b", "a"]


async def test_overlapping_handlers_are_at_work_together_and_others_wait_for_all() -> None:
    desk = Desk()
    client = await entered(desk.server.engine)
    client.emit("overlapping", "a", id=1)
    client.emit("overlapping", "b", id=2)
    client.emit("quick", "c", id=3)
    client.emit("overlapping", "d", id=4)
    client.emit("overlapping", "e", id=5)
    await turn(3)
    assert desk.began == ["a", "b"]
    await desk.let("b", "a")
    assert desk.began == ["a", "b", "c", "d", "e"]
    await desk.let("e", "d")
    assert client.take() == ['432["b"]', '431["a"]', '433["c"]', '435["e"]', '434["d"]']


async def test_an_overlapping_handler_waits_for_one_that_does_not_overlap() -> None:
    desk = Desk()
    client = await entered(desk.server.engine)
    client.emit("slow", "a")
    client.emit("overlapping", "b")
    await turn(2)
    assert desk.began == ["a"]
    await desk.let("a")
    assert desk.began == ["a", "b"]
    await desk.let("b")


async def test_thousands_of_waiting_events_are_handled_in_order() -> None:
    """Most of them wait unread until those before them have had their turn."""
    desk = Desk()
    client, other = await entered(desk.server.engine), await entered(desk.server.engine)
    client.emit("slow", "first")
    names = [str(number) for number in range(5_000)]
    sending = asyncio.create_task(client.send_all(*(client.event("quick", name) for name in names)))
    await turn(2)
    other.emit("quick", "fine", id=0)
    assert await other.news() == ['430["fine"]']
    assert not sending.done()
    await desk.let("first")
    async with asyncio.timeout(patience(10)):
        await sending
        while len(desk.ended) < len(names) + 2:
            await asyncio.sleep(0.01)
    assert [name for name in desk.ended if name != "fine"] == ["first", *names]
    assert desk.farewells == []


# --- arrival and farewell -------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["lost", "leaves", "closes", "breaks"])
async def test_the_farewell_comes_after_the_last_handler(end: str) -> None:
    desk = Desk()
    client = await entered(desk.server.engine)
    client.emit("slow", "a", id=1)
    client.emit("quick", "b", id=2)
    await turn(2)
    if end == "lost":
        client.transport.lose()
    else:
        client.send({"leaves": "41", "closes": "1", "breaks": "9"}[end])
    await turn(2)
    assert desk.farewells == []
    await desk.let("a")
    assert desk.ended == ["a", "b"]
    assert len(desk.farewells) == 1
    assert not [message for message in client.take() if str(message).startswith("43")]


@pytest.mark.parametrize(
    ("act", "reason"),
    [("41", "client namespace disconnect"), ("1", "client close"), ("9", "parse error")],
    ids=["leaves", "closes", "breaks"],
)
async def test_the_farewell_says_why(act: str, reason: str) -> None:
    desk = Desk()
    client = await entered(desk.server.engine)
    client.send(act)
    await turn()
    assert len(desk.farewells) == 1
    assert desk.farewells[0].startswith(reason)


async def test_a_handler_may_send_its_own_client_away() -> None:
    desk = Desk()

    @desk.server.on("bye")
    def bye(client: Client) -> None:
        client.emit("last", 1)
        client.disconnect("you asked")
        client.disconnect("twice")
        client.emit("never")
        assert desk.farewells == []

    client = await entered(desk.server.engine)
    client.emit("bye", id=7)
    client.emit("quick", "too late")
    assert await client.news() == ['42["last",1]', "41"]
    assert client.close is not None
    assert client.close.reason == "you asked"
    assert desk.farewells == ["you asked"]
    assert desk.began == []


async def test_who_was_sent_away_from_one_namespace_stays_in_the_other() -> None:
    server = SocketServer()
    server.namespace("/chat")
    server.on_connect(lambda client: client.disconnect(), namespace="/chat")
    client = await entered(server.engine)
    client.enter("/chat")
    entry, away = await client.news()
    assert str(entry).startswith('40/chat,{"sid":"')
    assert away == "41/chat,"
    assert client.close is None
    client.enter("/chat")
    assert len(await client.news()) == 2


async def test_everybody_who_enters_is_told_of_and_so_is_everybody_who_leaves() -> None:
    server = SocketServer()
    told: list[str] = []

    @server.on_connect
    async def hello(client: Client) -> None:
        await asyncio.sleep(0)
        told.append(f"{client.namespace} {client.auth}")
        client.emit("hello")

    server.on_connect()(lambda client: told.append(repr(client)))

    @server.on_disconnect
    async def goodbye(client: Client, reason: str) -> None:
        await asyncio.sleep(0)
        told.append(reason)

    client = MemoryClient(server.engine)
    client.enter(auth={"name": "a"})
    await turn(4)
    assert client.take()[-1] == '42["hello"]'
    client.send("41")
    await turn(3)
    assert told[0].startswith("<Client ")
    assert told[1:] == ["/ {'name': 'a'}", "client namespace disconnect"]


async def test_a_bug_in_arrival_or_farewell_is_logged_and_costs_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = SocketServer()
    told: list[str] = []

    @server.on_connect
    def broken(client: Client) -> None:
        raise ZeroDivisionError("on the way in")

    @server.on_connect
    async def broken_later(client: Client) -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError("a little later")

    server.on_connect(lambda client: told.append("in"))

    @server.on_disconnect
    def broken_again(client: Client, reason: str) -> None:
        raise ZeroDivisionError("on the way out")

    server.on_disconnect(lambda client, reason: told.append("out"))
    client = await entered(server.engine)
    await turn(3)
    client.send("41")
    await turn()
    assert told == ["in", "out"]
    for sentence in ("on the way in", "a little later", "on the way out"):
        assert sentence in caplog.text


async def test_the_connect_timeout_is_over_with_the_first_connect() -> None:
    server = SocketServer()
    client = await entered(server.engine)
    assert len(server.reception.connects) == 0
    MemoryClient(server.engine)
    assert len(server.reception.connects) == 1
    await server.aclose()
    assert len(server.reception.connects) == 0
    assert client.session.is_open


# --- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (None, [b"430[]"]),
        (0, [b"430[0]"]),
        ([1, 2], [b"430[[1,2]]"]),
        ((), [b"430[]"]),
        ((1, None, "x"), [b'430[1,null,"x"]']),
        ({"a": b"\1"}, [f'461-0[{{"a":{PLACE}}}]'.encode(), b"\1"]),
        (Say(text="hi"), [b'430[{"text":"hi","to":null}]']),
    ],
    ids=repr,
)
async def test_what_a_handler_returns_is_the_acknowledgement(
    value: object, answer: list[bytes], is_async: bool
) -> None:
    server = SocketServer()

    def now(client: Client) -> object:
        return value

    async def later(client: Client) -> object:
        await asyncio.sleep(0)
        return value

    server.on("ask")(later if is_async else now)
    client = await entered(server.engine)
    client.emit("ask", id=0)
    client.emit("ask")
    await turn(8)
    got = [item.encode() if isinstance(item, str) else item for item in client.take()]
    assert got == answer


async def test_the_application_hears_of_a_refusal_before_the_client_does() -> None:
    server = SocketServer()

    @server.on("say")
    def say(client: Client, said: Say) -> None:
        raise Full("no place is left")

    @server.on_refused
    def tell(client: Client, event: str, refused: Refused) -> None:
        client.emit("told", event, refused.code)

    client = await entered(server.engine)
    client.emit("say", {"text": "Hi"})
    client.emit("say", {"text": 5})
    await turn(4)
    told = [event(message) for message in client.take()]
    assert [each[0] for each in told] == ["told", "error", "told", "error"]
    assert [each[1:] for each in told[::2]] == [["say", "room_full"], ["say", "bad_payload"]]


@pytest.mark.parametrize("overlap", [False, True], ids=["in turn", "overlapping"])
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
async def test_a_refusal_is_an_error_for_that_client_alone_and_the_acknowledgement(
    is_async: bool, overlap: bool
) -> None:
    server = SocketServer()

    def refuse_now(client: Client) -> None:
        raise Full("no place is left", places=0)

    async def refuse_later(client: Client) -> None:
        await asyncio.sleep(0)
        raise Full("no place is left", places=0)

    server.on("join", overlap=overlap)(refuse_later if is_async else refuse_now)
    client, other = await entered(server.engine), await entered(server.engine)
    error = (
        '{"message":"Error: no place is left","event":"join","code":"room_full","places":0}'
    )  # fmt: skip
    client.emit("join", id=3)
    await turn(4)
    assert client.take() == [f'42["error",{error}]', f"433[{error}]"]
    client.emit("join")
    await turn(4)
    assert client.take() == [f'42["error",{error}]']
    assert other.take() == []
    assert server.counters.event("join").refused == 2


@pytest.mark.parametrize("overlap", [False, True], ids=["in turn", "overlapping"])
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
async def test_a_bug_is_logged_with_an_id_that_the_client_is_told(
    is_async: bool, overlap: bool, caplog: pytest.LogCaptureFixture
) -> None:
    server = SocketServer()

    def fail_now(client: Client) -> None:
        raise ZeroDivisionError("secret detail")

    async def fail_later(client: Client) -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError("secret detail")

    server.on("compute", overlap=overlap)(fail_later if is_async else fail_now)
    server.on("fine")(lambda client: "yes")
    client = await entered(server.engine)
    client.emit("compute", id=0)
    client.emit("fine", id=1)
    await turn(5)
    error, ack, fine = client.take()
    name, content = event(error)
    assert name == "error"
    assert (content["event"], content["code"]) == ("compute", "internal")
    assert content["id"] in content["message"]
    assert "secret" not in str(error)
    assert json.loads(str(ack)[3:]) == [content]
    assert fine == '431["yes"]'
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert content["id"] in record.getMessage()
    assert record.exc_info is not None
    assert "secret detail" in str(record.exc_info[1])
    assert server.counters.event("compute").failed == 1
    assert server.counters.event("fine").succeeded == 1


@pytest.mark.parametrize("overlap", [False, True], ids=["in turn", "overlapping"])
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
async def test_an_answer_that_is_no_json_is_a_bug_of_the_handler(
    is_async: bool, overlap: bool, caplog: pytest.LogCaptureFixture
) -> None:
    server = SocketServer()

    def answer_now(client: Client) -> object:
        return object()

    async def answer_later(client: Client) -> object:
        await asyncio.sleep(0)
        return object()

    server.on("ask", overlap=overlap)(answer_later if is_async else answer_now)
    server.on("fine")(lambda client: "yes")
    client = await entered(server.engine)
    client.emit("ask", id=0)
    client.emit("fine", id=1)
    await turn(5)
    error, ack, fine = client.take()
    assert event(error)[1]["code"] == "internal"
    assert str(ack).startswith("430[{")
    assert fine == '431["yes"]'
    assert "bug" in caplog.text


async def test_a_handler_whose_client_has_gone_answers_nobody() -> None:
    desk = Desk()
    client = await entered(desk.server.engine)
    client.emit("slow", "a", id=0)
    await turn()
    client.send("41")
    await desk.let("a")
    assert client.take() == []


async def test_an_answer_is_counted_with_its_time() -> None:
    server = SocketServer()
    server.on("fine")(lambda client: None)
    client = await entered(server.engine)
    client.emit("fine")
    latency = server.counters.event("fine").latency_s
    assert sum(latency.buckets) == 1
    assert latency.total > 0


# --- payloads -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([{"text": 5}], "say: Expected `str`, got `int` - at `text`"),
        ([{}], "say: Object missing required field `text`"),
        ([], "say: Object missing required field `text`"),
        (["hi"], "say: Expected `object`, got `str`"),
    ],
    ids=["a wrong key", "a missing key", "nothing", "another type"],
)
async def test_a_wrong_payload_is_answered_with_event_and_key(
    arguments: list[object], sentence: str
) -> None:
    server = SocketServer()
    said: list[Say] = []
    server.on("say")(_keep(said))
    client = await entered(server.engine)
    client.emit("say", *arguments, id=0)
    error, ack = await client.news()
    assert event(error) == [
        "error",
        {"message": f"Error: {sentence}", "event": "say", "code": "bad_payload"},
    ]
    assert json.loads(str(ack)[3:]) == event(error)[1:]
    assert said == []
    client.emit("say", {"text": "hi", "unknown": [1]})
    assert said == [Say(text="hi")]


def _keep(said: list[Say]) -> Any:
    def say(client: Client, request: Say) -> None:
        said.append(request)

    return say


async def test_half_an_emoji_costs_nothing_but_itself() -> None:
    server = SocketServer()
    said: list[Say] = []
    server.on("say")(_keep(said))
    client = await entered(server.engine)
    client.send('42["say",{"text":"a\\ud83d","to":1}]')
    assert said == [Say(text="a\ufffd", to=1)]
    assert await client.news() == []


async def test_bytes_travel_both_ways() -> None:
    server = SocketServer()
    got: list[object] = []

    @server.on("upload")
    def upload(client: Client, name: str, data: bytes, rest: Any) -> tuple[bytes, str]:
        got.extend([name, data, rest])
        client.emit("echo", {"data": data, "again": [data]})
        return data, name

    client = await entered(server.engine)
    client.send(f'452-5["upload","a",{PLACE},[{{"_placeholder":true,"num":1}}]]', b"\0", b"\1")
    assert got == ["a", b"\0", [b"\1"]]
    assert await client.news() == [
        f'452-["echo",{{"data":{PLACE},"again":[{{"_placeholder":true,"num":1}}]}}]',
        b"\0",
        b"\0",
        f'461-5[{PLACE},"a"]',
        b"\0",
    ]


async def test_a_wrong_argument_beside_bytes_is_refused() -> None:
    server = SocketServer()

    @server.on("upload")
    def upload(client: Client, name: int, data: bytes) -> None: ...

    client = await entered(server.engine)
    client.send(f'451-["upload","a",{PLACE}]', b"\0")
    (error,) = await client.news()
    assert event(error)[1]["code"] == "bad_payload"


async def test_an_overlapping_handler_that_awaits_something_cancelled_gives_its_turn_back() -> None:
    server = SocketServer()

    @server.on("wait", overlap=True)
    async def wait(client: Client) -> None:
        nothing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        nothing.cancel()
        await nothing

    server.on("fine")(lambda client: "yes")
    client = await entered(server.engine)
    client.emit("wait", id=0)
    client.emit("fine", id=1)
    await turn(3)
    error, ack, fine = client.take()
    assert event(error)[1]["code"] == "cancelled"
    assert (str(ack)[:4], fine) == ("430[", '431["yes"]')


async def test_a_handler_whose_end_is_a_future_answers_when_that_has_come() -> None:
    server = SocketServer()
    answers: list[asyncio.Future[str]] = []

    @server.on("wait")
    def wait(client: Client) -> "asyncio.Future[str]":
        answers.append(asyncio.get_running_loop().create_future())
        return answers[-1]

    client = await entered(server.engine)
    for id in range(3):
        client.emit("wait", id=id)
    assert await client.news() == []
    assert len(answers) == 1
    answers[0].set_result("yes")
    await turn()  # the future calls back in the turn behind its result
    assert await client.news() == ['430["yes"]']
    answers[1].set_exception(Refused("no"))
    await turn()
    error, ack = await client.news()
    assert (event(error)[1]["message"], str(ack)[:4]) == ("Error: no", "431[")
    answers[2].cancel()
    await turn()
    error, ack = await client.news()
    assert (event(error)[1]["code"], str(ack)[:4]) == ("cancelled", "432[")


# --- unknown events -------------------------------------------------------------------------------


async def test_an_unknown_event_is_ignored_and_counted_under_one_name() -> None:
    server = SocketServer()
    client = await entered(server.engine)
    client.emit("what", id=0)
    client.emit("ever")
    assert await client.news() == []
    assert list(server.counters.events) == ["(unknown)"]
    assert server.counters.event("(unknown)").refused == 2


async def test_an_unknown_event_is_refused_where_that_is_wanted() -> None:
    server = SocketServer(refuses_unknown_events=True)
    client = await entered(server.engine)
    client.emit("what", id=0)
    error, ack = await client.news()
    assert event(error)[1] == {
        "message": "Error: there is no event 'what' here",
        "event": "what",
        "code": "unknown_event",
    }
    assert str(ack).startswith("430[")


@pytest.mark.parametrize("name", ["connect", "disconnect"])
def test_a_reserved_name_cannot_be_registered(name: str) -> None:
    with pytest.raises(ValueError, match="reserved"):
        SocketServer().on(name)


def test_an_event_has_one_handler() -> None:
    server = SocketServer()
    server.on("say")(lambda client: None)
    server.on("say", namespace="/other")(lambda client: None)
    with pytest.raises(ValueError, match="has a handler already"):
        server.on("say")(lambda client: None)


# --- calls ----------------------------------------------------------------------------------------


async def only_client(server: SocketServer) -> tuple[Client, MemoryClient]:
    clients: list[Client] = []
    server.on_connect(clients.append)
    peer = await entered(server.engine)
    return clients[0], peer


async def test_a_call_brings_what_the_client_answers() -> None:
    server = SocketServer()
    client, peer = await only_client(server)
    calls = [asyncio.create_task(client.call("ask", number)) for number in range(2)]
    await turn(2)
    assert peer.take() == ['420["ask",0]', '421["ask",1]']
    peer.send('431["one",2]', f"461-0[{PLACE}]", b"\7")
    assert await calls[1] == ["one", 2]
    assert await calls[0] == [b"\7"]


async def test_a_call_that_is_not_answered_in_time_fails() -> None:
    server = SocketServer()
    client, peer = await only_client(server)
    with pytest.raises(AckTimeout, match=re.escape("'ask' within 0.01 s")):
        await client.call("ask", timeout_s=0.01)
    peer.send("430[]", "4399[]")  # too late, and one that nobody asked
    assert peer.session.is_open


async def test_only_the_first_answer_counts_and_leaving_takes_it_back_from_nobody() -> None:
    client, peer = await only_client(SocketServer())
    call = asyncio.create_task(client.call("ask"))
    await turn(2)
    peer.send("430[1]", "430[2]", "41")
    assert await call == [1]


async def test_a_call_fails_when_the_client_leaves_or_has_left() -> None:
    client, peer = await only_client(SocketServer())
    call = asyncio.create_task(client.call("ask"))
    await turn(2)
    peer.send("41")
    with pytest.raises(AckTimeout, match="has left"):
        await call
    with pytest.raises(AckTimeout, match="has left"):
        await client.call("ask")


async def test_an_acknowledgement_that_is_no_json_value_of_ours_closes() -> None:
    server = SocketServer()
    _, peer = await only_client(server)
    peer.send("430[1e999]")
    assert not peer.session.is_open


# --- topics ---------------------------------------------------------------------------------------


async def test_publishing_reaches_subscribers_in_the_order_of_the_calls() -> None:
    server = SocketServer()
    clients: dict[str, Client] = {}
    server.on_connect(lambda client: clients.update({client.auth["name"]: client}))
    peers = {}
    for name in "abc":
        peers[name] = MemoryClient(server.engine)
        peers[name].enter(auth={"name": name})
    await turn()
    for peer in peers.values():
        peer.take()
    for name in "ab":
        clients[name].subscribe("room")
        clients[name].subscribe("room")
    assert server.publish("room", "say", 1) == 2
    clients["a"].emit("say", 2)
    assert server.publish("room", "say", 3, skip=clients["a"]) == 1
    assert server.publish("room", "say", 4, skip=clients["c"]) == 2
    clients["b"].unsubscribe("room")
    clients["b"].unsubscribe("room")
    assert server.publish("room", "say", 5) == 1
    assert server.publish("nowhere", "say", 6) == 0
    await turn()
    got = {name: [event(message)[1] for message in peer.take()] for name, peer in peers.items()}
    assert got == {"a": [1, 2, 4, 5], "b": [1, 3, 4], "c": []}


async def test_who_has_left_is_in_no_topic_and_hears_nothing() -> None:
    server = SocketServer()
    client, peer = await only_client(server)
    client.subscribe("room")
    server.publish("room", "last")
    peer.send("41")
    assert client.topics == ()
    client.subscribe("room")
    client.emit("never")
    assert server.publish("room", "never") == 0
    assert await peer.news() == ['42["last"]']


async def test_whoever_is_subscribed_to_a_topic_can_be_sent_away() -> None:
    server = SocketServer()
    server.on_connect(lambda client: client.subscribe(client.auth["name"]))
    peers = [MemoryClient(server.engine) for _ in "aab"]
    for peer, name in zip(peers, "aab", strict=True):
        peer.enter(auth={"name": name})
    await turn()
    assert [client.auth["name"] for client in server.subscribers("a")] == ["a", "a"]
    assert server.subscribers("nobody") == []
    for client in server.subscribers("a"):
        client.disconnect()
    assert server.subscribers("a") == []
    assert len(server.subscribers("b")) == 1
    assert [peer.session.is_open for peer in peers] == [False, False, True]


async def test_whoever_is_about_to_leave_a_namespace_is_no_subscriber_of_it() -> None:
    server = SocketServer()
    found: list[list[Client]] = []
    server.on_connect(lambda client: client.subscribe("mine"), namespace="/chat")
    server.on_disconnect(lambda *_: found.append(server.subscribers("mine", namespace="/chat")))
    peer = await entered(server.engine)
    peer.enter("/chat")
    await peer.news()
    assert len(server.subscribers("mine", namespace="/chat")) == 1
    assert server.subscribers("mine") == []
    peer.transport.lose()
    await turn()
    assert found == [[]]


async def test_namespaces_have_topics_of_their_own() -> None:
    server = SocketServer()
    for name in ("/", "/chat"):
        server.on_connect(lambda client: client.subscribe("room"), namespace=name)
    peer = await entered(server.engine)
    peer.enter("/chat")
    await peer.news()
    server.publish("room", "say", 1)
    server.publish("room", "say", 2, namespace="/chat")
    assert await peer.news() == ['42["say",1]', '42/chat,["say",2]']


async def test_one_turn_is_one_write_for_a_connection() -> None:
    server = SocketServer()
    client, peer = await only_client(server)
    client.subscribe("room")
    for number in range(10):
        server.publish("room", "say", number)
        client.emit("say", number)
    await turn()
    assert len(peer.transport.arrived) == 1
    assert len(peer.take()) == 20


# --- the end --------------------------------------------------------------------------------------


async def test_the_end_waits_for_handlers() -> None:
    desk = Desk()
    client = await entered(desk.server.engine)
    client.emit("slow", "a", id=0)
    await turn()
    closing = asyncio.create_task(desk.server.aclose())
    await turn(3)
    assert not closing.done()
    await desk.let("a")
    await closing
    assert client.take() == ['430["a"]']


async def test_the_end_cancels_handlers_that_take_too_long_and_all_that_wait_behind_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk()
    client = await entered(desk.server.engine)
    for name in ("a", "b", "c"):
        client.emit("slow", name)
    await turn()
    client.transport.lose()
    await turn()
    await desk.server.aclose(grace_s=0.01)
    assert desk.ended == []
    assert desk.farewells == ["transport close"]
    assert "still at work at the end" in caplog.text


async def test_the_clients_headers_and_ids_are_to_be_had() -> None:
    server = SocketServer()
    clients: list[Client] = []
    server.on_connect(clients.append)
    peer = MemoryClient(
        server.engine, address="192.0.2.7", headers=((b"cookie", b"a=1"), (b"host", b"x"))
    )
    peer.enter()
    (client,) = clients
    assert client.address == "192.0.2.7"
    assert client.headers["cookie"] == "a=1"
    assert client.engine_id == peer.session.sid != client.id
    assert session_of(client) is peer.session


# --- what cannot be read --------------------------------------------------------------------------

DEEP = "[" * 5_000 + "]" * 5_000


def relay() -> SocketServer:
    server = SocketServer()

    @server.on("send on")
    def send_on(client: Client, value: Any) -> Any:
        client.emit("sent", value)
        return value

    return server


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(DEEP, "nested too deeply", id="nested too deeply"),
        pytest.param('{"name":"\\ud800","x":1e999}', "out of range", id="half a pair and infinity"),
        pytest.param("9" * 5_000, "out of range", id="a huge number"),
    ],
)
@pytest.mark.parametrize("attachments", [0, 1])
async def test_arguments_that_cannot_be_read_cost_one_error_and_not_the_connection(
    arguments: str, says: str, attachments: int
) -> None:
    client = await entered(relay().engine)
    if attachments:
        client.send(f'451-7["send on",[{PLACE},{arguments}]]', b"x")
    else:
        client.send(f'427["send on",{arguments}]')
    error, answer = await client.news()
    name, content = event(error)
    assert name == "error"
    assert (content["event"], content["code"]) == ("send on", "bad_payload")
    assert says in content["message"]
    assert json.loads(str(answer)[3:]) == [content]
    assert client.session.is_open


async def test_an_answer_that_is_no_json_leaves_no_garbage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("quad.events"), "disabled", True)  # it keeps the error
    server = SocketServer()

    @server.on("what")
    def what(client: Client) -> object:
        return object()

    client = await entered(server.engine)
    with no_errors_in_garbage():
        client.send('427["what"]')
        assert "internal" in str(await client.news())


async def test_what_can_be_read_can_be_sent_on_however_deep() -> None:
    client = await entered(relay().engine)
    deepest = 0
    for levels in range(100, 1_000, 5):
        text = "[" * levels + "]" * levels
        client.send(f'42["send on",{text}]')
        (news,) = await client.news()
        name, content = event(news)
        if name == "sent":
            deepest = levels
        else:
            assert content["code"] == "bad_payload"
            assert "nested too deeply" in content["message"]
    assert deepest >= 500
    assert client.session.is_open


@pytest.mark.parametrize("eio", [3, 4])
async def test_who_brings_a_long_auth_is_told_so_and_it_is_not_kept(eio: int) -> None:
    server = relay()
    server.namespace("/space")
    client = await entered(server.engine, eio)
    connect = '40/space,{"a":"%s"}' if eio == 4 else "40/space?a=%s"
    client.send(connect % ("x" * 5_000))
    reason = "More than 4096 characters of auth"
    content = {"message": reason} if eio == 4 else reason
    assert await client.news() == [f"44/space,{json.dumps(content, separators=(',', ':'))}"]
    client.send("40/space")
    (answer,) = await client.news()
    assert str(answer).startswith("40/space,")


async def test_a_deferred_event_ends_when_it_says_so() -> None:
    server = SocketServer()
    waiting: list[tuple[int, Finished]] = []

    @server.on("later", overlap=True, deferred=True)
    def later(client: Client, number: int, finished: Finished) -> None:
        if number < 0:
            raise NotNow("not now")
        waiting.append((number, finished))

    @server.on("alone")
    def alone(client: Client) -> str:
        return "alone"

    client = await entered(server.engine)
    client.send('421["later",1]', '422["later",2]', '423["later",-1]', '424["alone"]')
    first = await client.news()
    assert [number for number, _ in waiting] == [1, 2]
    assert "not now" in str(first)
    assert "alone" not in str(first)  # it waits for those that have not ended
    waiting[1][1]("two", None)
    waiting[0][1](None, NotNow("no more"))
    after = str(await client.news())
    assert '432["two"]' in after
    assert "no more" in after
    assert '434["alone"]' in after


class NotNow(Refused):
    code = "not_now"
