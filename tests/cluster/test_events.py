"""Events of a client that are handled on another node: nobody notices, but for the distance."""

import asyncio
import itertools
import json
import time
from typing import Any

import pytest

from quad.cluster import records
from quad.cluster.shards import shard_of
from quad.realtime import Client
from tests.cluster.halls import Node, make_nodes
from tests.patience import patience
from tests.realtime.memory import MemoryClient, entered, turn, until


class Visitor:
    """A client of a node, and what it has heard."""

    def __init__(self, client: MemoryClient) -> None:
        self.client = client
        self.heard: list[str | bytes] = []
        self._asked = itertools.count(100)

    @classmethod
    async def of(cls, node: Node, hall: str | None = None) -> "Visitor":
        visitor = cls(await entered(node.server.engine))
        if hall is not None:
            await visitor.say("enter", {"hall": hall}, until=f'42["welcome","{hall}"]')
        return visitor

    async def say(self, event: str, *args: object, until: str, id: int | str = "") -> None:
        self.client.emit(event, *args, id=id)
        await self.hears(until)

    async def hears(self, message: str) -> None:
        async with asyncio.timeout(patience(5)):
            while message not in self.take():
                await turn()

    async def answer(self, event: str, *args: object) -> Any:
        """What an event is acknowledged with."""
        number = next(self._asked)
        self.client.emit(event, *args, id=number)
        async with asyncio.timeout(patience(5)):
            while True:
                for message in self.take():
                    if isinstance(message, str) and message.startswith(f"43{number}"):
                        return json.loads(message[5:])
                await turn()

    def take(self) -> list[str | bytes]:
        self.heard += self.client.take()
        return self.heard


async def settle(*visitors: Visitor) -> None:
    """Until nothing is under way any more."""
    await turn(20)
    for visitor in visitors:
        visitor.take()


async def test_an_event_is_handled_where_its_hall_is_at_home() -> None:
    edge, home = make_nodes(red=2)
    visitor = await Visitor.of(edge, "red")
    await visitor.say("say", {"text": "hello"}, until='42["said","hello"]')
    assert (edge.heard, home.heard) == ([], ["hello"])


async def test_something_new_is_opened_elsewhere_only_by_a_node_that_is_no_home() -> None:
    edge, _ = make_nodes(red=1, green=2)
    assert await (await Visitor.of(edge)).answer("build") == [1]
    edge, _ = make_nodes(red=2, green=2)
    assert await (await Visitor.of(edge)).answer("build") == [2]


async def test_a_hall_at_home_here_sends_nothing_to_anybody() -> None:
    node, other = make_nodes(red=1)
    visitor = await Visitor.of(node, "red")
    await visitor.say("say", {"text": "hello"}, until='42["said","hello"]')
    assert (node.heard, node.pipes.sent, other.pipes.sent) == (["hello"], 0, 0)


async def test_a_system_with_one_key_has_all_its_events_there() -> None:
    edge, _ = make_nodes(news=2)
    visitor = await Visitor.of(edge)
    assert await visitor.answer("news") == [2]


async def test_whoever_has_no_seat_is_refused_at_the_edge() -> None:
    edge, home = make_nodes(red=2)
    visitor = await Visitor.of(edge)
    (error,) = await visitor.answer("say", {"text": "hello"})
    assert (error["code"], error["event"]) == ("full", "say")
    assert home.events.home.__len__() == 0


@pytest.mark.parametrize("is_here", [True, False], ids=["here", "elsewhere"])
async def test_what_comes_before_its_hall_is_opened_waits_and_keeps_its_order(
    is_here: bool,
) -> None:
    edge, home = make_nodes(red=1 if is_here else 2)
    if is_here:
        home = edge
    home.owners.coming.add("red")
    visitor = await Visitor.of(edge)
    visitor.client.emit("enter", {"hall": "red"}, id=1)
    for text in ("one", "two"):
        visitor.client.emit("say", {"text": text})
    await settle(visitor)
    assert visitor.heard == []
    home.owners.coming.clear()
    home.events.edge.release([shard_of("red")])
    home.events.home.opened()
    await visitor.hears('42["said","two"]')
    assert home.heard == ["one", "two"]
    assert '431["red"]' in visitor.heard


async def test_what_waits_for_a_hall_that_is_not_opened_is_refused(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("quad.cluster.home._COMING_S", 0.01)
    edge, home = make_nodes(red=2)
    home.owners.coming.add("red")
    visitor = await Visitor.of(edge)
    (refused,) = await visitor.answer("enter", {"hall": "red"})
    assert refused["code"] == "unavailable"
    assert "were not opened" in caplog.text


async def test_what_waits_is_forgotten_with_the_node_that_sent_it() -> None:
    edge, home = make_nodes(red=2)
    home.owners.coming.add("red")
    visitor = await Visitor.of(edge)
    visitor.client.emit("enter", {"hall": "red"}, id=1)
    await settle(visitor)
    home.events.reset(1)
    home.owners.coming.clear()
    home.events.home.opened()
    await settle(visitor)
    assert home.clients == []


async def test_acknowledgements_refusals_and_bugs_come_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    edge, home = make_nodes(red=2)
    visitor = await Visitor.of(edge)
    assert await visitor.answer("enter", {"hall": "red"}) == ["red"]
    (refused,) = await visitor.answer("enter", {"hall": "blue"})
    assert refused == {"message": "Error: already somewhere", "event": "enter", "code": "full"}
    assert '42["alert","full"]' in visitor.heard
    assert f'42["error",{json.dumps(refused, separators=(",", ":"))}]' in visitor.heard
    (bad,) = await visitor.answer("say", {"text": 1})
    assert (bad["code"], "say" in bad["message"]) == ("bad_payload", True)
    (bug,) = await visitor.answer("bug", {"text": "oh"})
    assert bug["code"] == "internal"
    assert bug["id"] in caplog.text
    assert len(home.clients) == 1


async def test_the_home_knows_the_client_as_its_edge_does() -> None:
    edge, home = make_nodes(red=2)
    client = MemoryClient(
        edge.server.engine, address="192.0.2.7", headers=((b"cookie", b"a=1"), (b"host", b"x"))
    )
    client.enter(auth={"word": "open"})
    await turn()
    visitor = Visitor(client)
    await visitor.say("enter", {"hall": "red"}, until='42["welcome","red"]')
    (seen,) = await visitor.answer("data")
    (local,) = edge.events.edge._known
    assert seen == {
        "id": local.id,
        "engine_id": client.session.sid,
        "address": "192.0.2.7",
        "is_certain": True,
        "is_of_another_page": False,
        "cookie": "a=1",
        "auth": {"word": "open"},
        "namespace": "/",
    }
    assert local.id in repr(local) or local.id[:6] in repr(home.clients[0])


async def test_a_message_right_behind_the_entering_finds_the_seat() -> None:
    edge, home = make_nodes(red=2)
    visitor = await Visitor.of(edge)
    event = visitor.client.event
    visitor.client.send(event("enter", {"hall": "red"}), event("say", {"text": "at once"}))
    await visitor.hears('42["said","at once"]')
    assert home.heard == ["at once"]


async def test_events_of_one_client_keep_their_order_and_wait_for_their_turn() -> None:
    edge, home = make_nodes(red=2)
    visitor = await Visitor.of(edge, "red")
    visitor.client.emit("slow", {"text": "first"})
    for number in range(50):
        visitor.client.emit("say", {"text": str(number)})
    visitor.client.emit("slow", {"text": "last"})
    await until(lambda: home.heard == ["first began"], patience(5))
    home.gates["first"].set()
    expected = ["first began", "first ended", *map(str, range(50)), "last began"]
    await until(lambda: home.heard == expected, patience(5))
    home.gates["last"].set()
    await settle(visitor)
    said = [message for message in visitor.heard if "said" in str(message)]
    assert said == [f'42["said","{number}"]' for number in range(50)]


async def test_what_is_published_reaches_all_nodes_once_and_is_counted() -> None:
    edge, home = make_nodes(red=2)
    far = [await Visitor.of(edge, "red") for _ in range(3)]
    near = [await Visitor.of(home, "red") for _ in range(2)]
    sent = home.pipes.sent
    await far[0].say("say", {"text": "to all"}, until='42["said","to all"]')
    await settle(*far, *near)
    assert home.told == [5]
    assert home.pipes.sent == sent + 2  # one for all of the edge, and the end of the event
    far[0].client.emit("whisper", {"text": "not to me"})
    await settle(*far, *near)
    near[0].client.emit("whisper", {"text": "nor to me"})
    await settle(*far, *near)
    assert home.told == [5, 4, 4]
    for visitor in (*far, *near):
        missed = {far[0]: "not to me", near[0]: "nor to me"}.get(visitor)
        texts = [text for text in ("to all", "not to me", "nor to me") if text != missed]
        heard = [message for message in visitor.heard if "said" in str(message)]
        assert heard == [f'42["said","{text}"]' for text in texts]


async def test_what_is_emitted_and_published_keeps_the_order_of_the_calls() -> None:
    edge, home = make_nodes(red=2)
    visitor = await Visitor.of(edge, "red")
    (client,) = home.clients
    for number in range(20):
        home.server.publish("red", "count", number)
        client.emit("count", number + 0.5)
    client.unsubscribe("red")
    assert home.server.publish("red", "count", 99) == 0
    client.subscribe("red")
    client.subscribe("red")
    assert home.server.publish("red", "count", 20) == 1
    assert home.server.publish("red", "count", 20.1, skip=client) == 0
    other = await Visitor.of(edge, "red")
    assert home.server.publish("red", "count", 21) == 2
    client.emit("count", 21.5)
    other.client.transport.lose()
    await until(lambda: len(home.clients) == 1, patience(5))
    assert home.server.publish("red", "count", 22) == 1
    await visitor.hears('42["count",22]')
    counts = [json.loads(str(each)[2:])[1] for each in visitor.heard if "count" in str(each)]
    assert counts == [*(number / 2 for number in range(40)), 20, 21, 21.5, 22]


async def test_one_subscriber_here_and_one_at_another_node_both_hear() -> None:
    edge, home = make_nodes(red=2)
    visitors = [await Visitor.of(node, "red") for node in (edge, home)]
    assert home.server.publish("red", "count", 1) == 2
    for visitor in visitors:
        await visitor.hears('42["count",1]')


async def test_a_home_knows_who_is_subscribed_whatever_node_they_are_at() -> None:
    edge, home = make_nodes(red=2)
    far = [await Visitor.of(edge, "red") for _ in range(2)]
    near = await Visitor.of(home, "red")
    found = home.server.subscribers("red")
    assert {client.id for client in found} == {client.id for client in home.clients}
    assert sorted(client.is_here for client in found) == [False, False, True]
    assert home.server.subscribers("green") == []
    for client in found:
        client.disconnect()
    assert home.server.subscribers("red") == []
    for visitor in (*far, near):
        await visitor.hears("41")


async def test_a_farewell_comes_after_the_last_handler_and_is_open_ends_at_once() -> None:
    edge, home = make_nodes(red=2)
    visitor = await Visitor.of(edge, "red")
    (client,) = home.clients
    visitor.client.emit("slow", {"text": "work"})
    await until(lambda: home.heard == ["work began"], patience(5))
    visitor.client.transport.lose()
    await until(lambda: not client.is_open, patience(5))
    assert home.farewells == []
    assert home.server.publish("red", "said", "nobody") == 0
    client.emit("nothing")
    home.gates["work"].set()
    await until(lambda: home.farewells, patience(5))
    assert home.heard == ["work began", "work ended"]
    assert not home.seats
    assert len(home.events.home) == len(home.events.seats) == 0
    assert not edge.events.edge._known


async def test_the_home_can_send_a_client_away_behind_what_it_was_told() -> None:
    edge, home = make_nodes(red=2)
    visitor = await Visitor.of(edge, "red")
    await visitor.say("go", {"text": "bye"}, until="41")
    assert '42["last","bye"]' in visitor.heard
    assert not any("nothing" in str(message) for message in visitor.heard)
    await until(lambda: home.farewells == ["sent away"], patience(5))


async def test_a_home_may_ask_the_client_and_hears_its_signs_of_life() -> None:
    edge, home = make_nodes(red=2)
    visitor = await Visitor.of(edge, "red")
    visitor.client.emit("ask", {"text": "how are you?"}, id=1)
    await visitor.hears('420["question","how are you?"]')
    visitor.client.send('430["well"]')
    await visitor.hears('431[["well"]]')
    visitor.client.emit("probe", {"text": ""}, id=2)
    await turn(5)
    visitor.client.send("3")
    await visitor.hears("432[true]")
    (client,) = home.clients
    heard_at = client.last_heard
    visitor.client.send("3")
    edge.events.edge._tell_heard()
    await until(lambda: client.last_heard > heard_at, patience(5))
    await edge.events.aclose()


async def test_a_sign_of_life_that_was_long_on_its_way_is_as_old_as_it_is() -> None:
    edge, home = make_nodes(red=2)
    await Visitor.of(edge, "red")
    (client,) = home.clients
    said_at = time.time() - 60  # as by an edge that was frozen
    home.events.received(1, records.encode(records.Heard([(1, 2.0)], said_at)))
    assert time.monotonic() - client.last_heard == pytest.approx(62, abs=patience(1))
    home.events.received(1, records.encode(records.Heard([(1, 2.0)], time.time() + 60)))
    assert time.monotonic() - client.last_heard == pytest.approx(2, abs=patience(1))
    assert not client.is_here


async def test_bytes_cross_both_ways() -> None:
    edge, _ = make_nodes(red=2)
    visitor = await Visitor.of(edge, "red")
    visitor.client.send('451-3["blob",{"_placeholder":true,"num":0}]', b"\x01\x02\x03")
    await until(lambda: b"\x03\x02\x01" in visitor.take(), patience(5))
    place = '{"_placeholder":true,"num":0}'
    start = visitor.heard.index(f'451-["blob",{place}]')
    assert visitor.heard[start:] == [
        f'451-["blob",{place}]',
        b"\x01\x02\x03",
        f"461-3[{place}]",
        b"\x03\x02\x01",
    ]


@pytest.mark.parametrize("why", ["moving", "silent", "suspended"])
async def test_what_cannot_be_reached_is_refused_and_nothing_has_changed(why: str) -> None:
    edge, home = make_nodes(red=2)
    visitor = await Visitor.of(edge, "red")
    if why == "moving":
        edge.owners.homes["red"] = None
    elif why == "silent":
        edge.pipes.silent_s = 60
    else:
        home.owners.is_suspended = True
    (error,) = await visitor.answer("say", {"text": "lost"})
    assert (error["code"], error["retry_after_s"]) == ("unavailable", 1)
    assert home.heard == []


async def test_whoever_is_seated_at_a_lost_node_is_cut_off_and_the_others_are_not() -> None:
    edge, home = make_nodes(red=2, blue=1, news=2)
    seated = await Visitor.of(edge, "red")
    local = await Visitor.of(edge, "blue")
    reader = await Visitor.of(edge)
    assert await reader.answer("news") == [2]
    working = await Visitor.of(edge, "blue")
    edge.owners.homes["blue"] = 2  # an event under way, without a seat there
    working.client.emit("slow", {"text": "work"})
    await until(lambda: home.heard == ["work began"], patience(5))
    edge.owners.homes["blue"] = 1
    edge.events.reset(2)
    home.events.reset(1)
    await until(lambda: not seated.client.session.is_open, patience(5))
    await until(lambda: not working.client.session.is_open, patience(5))
    assert local.client.session.is_open
    assert reader.client.session.is_open
    assert home.farewells == ["transport error"]
    assert len(home.events.home) == 0
    assert home.server.publish("red", "said", "nobody") == 0
    # Whoever was not cut off is introduced anew with their next event.
    assert await reader.answer("news") == [2]
    await local.say("say", {"text": "still here"}, until='42["said","still here"]')
    home.gates["work"].set()
    await edge.events.aclose()


@pytest.mark.parametrize("new_home", [1, 3], ids=["here", "elsewhere"])
async def test_whoever_waits_to_be_cut_off_hears_nothing_of_a_seat_that_is_lost(
    new_home: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quad.cluster.edge._SPREAD_S", 60.0)
    monkeypatch.setattr("quad.cluster.edge._SPREAD_LIMIT_S", 60.0)
    edge, _ = make_nodes(red=2)
    visitors = [await Visitor.of(edge, "red") for _ in range(3)]
    edge.owners.homes["red"] = new_home
    edge.events.reset(2)
    await until(lambda: sum(each.client.session.is_open for each in visitors) < 3, patience(5))
    waiting = next(each for each in visitors if each.client.session.is_open)
    (error,) = await waiting.answer("say", {"text": "who am I?"})
    assert error["code"] == "unavailable"
    await edge.events.aclose()


async def test_no_seat_outlives_its_client() -> None:
    edge, home = make_nodes(red=2)
    visitors = [await Visitor.of(edge, "red"), await Visitor.of(home, "red")]
    assert len(home.events.seats) == 2
    for visitor in visitors:
        visitor.client.transport.lose()
    await until(lambda: len(home.farewells) == 2, patience(5))
    assert len(home.events.seats) == 0
    assert len(edge.events.seats) == 0


async def test_a_question_to_a_client_that_has_left_is_answered_at_once() -> None:
    edge, home = make_nodes(red=2)
    visitor = await Visitor.of(edge, "red")
    (client,) = home.clients
    edge.pipes.nodes = {}  # what it says of the loss is late
    visitor.client.transport.lose()
    await until(lambda: not edge.events.edge._known, patience(5))
    edge.pipes.nodes = home.pipes.nodes
    async with asyncio.timeout(patience(0.5)):
        assert await client.is_alive() is False
    await edge.events.aclose()


async def test_a_question_to_a_lost_node_has_no_answer() -> None:
    edge, home = make_nodes(red=2)
    await Visitor.of(edge, "red")
    (client,) = home.clients
    asking = asyncio.ensure_future(client.is_alive())
    await turn(5)
    home.events.reset(1)
    assert await asking is False
    assert await client.is_alive() is False
    await edge.events.aclose()


async def test_what_is_no_record_is_dropped_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    _, home = make_nodes(red=2)
    for data in (b"", b"\xc1", records.encode(records.Ended(1))[:-1], b"\x91\x63"):
        home.events.received(1, data)
    assert home.events.unreadable == 4
    assert "cannot be read" in caplog.text


async def test_records_about_clients_that_have_left_are_ignored() -> None:
    edge, home = make_nodes(red=2)
    visitor = await Visitor.of(edge, "red")
    (client,) = home.clients
    visitor.client.transport.lose()
    await until(lambda: not edge.events.edge._known, patience(5))
    for record in (
        records.Packet(1, b'2["late"]', []),
        records.Ended(1),
        records.Subscribe(1, "red"),
        records.Dismiss(1, "late"),
        records.Ask(1, 1, None, b"[]", 1.0),
    ):
        edge.events.received(2, records.encode(record))
    assert isinstance(client, Client)
    for late in (
        records.Happened(1, "red", "say", b"[]", None, None),
        records.Left(1, 0.0, 0.0),
        records.Parted(1, "late"),
        records.Answered(99, None),
        records.Heard([(1, 0.0)], 0.0),
    ):
        home.events.received(1, records.encode(late))
    await turn(5)
    assert home.heard == []
