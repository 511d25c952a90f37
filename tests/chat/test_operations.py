"""Every operation does what the contract says, for clients of both protocols."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.chat.phones import Station, open_chat

DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
ID = re.compile(r"[0-9a-f]{16}")


Shown = dict[str, Any]


def user(name: str, phone: str) -> Shown:
    return {"name": name, "phone": phone, "disconnection_date": None}


def chat_of(name: str, *members: Shown) -> Shown:
    """A chat as clients see one, owned by the first member."""
    return {"name": name, "members": list(members), "owner": members[0]}


async def test_whoever_registers_gets_their_state_which_is_empty_at_first(
    station: Station,
) -> None:
    ann = await station.phone("+49 170-1", "Ann")
    assert ann.state == {"chats": []}


async def test_both_addresses_serve_the_same_chat(station: Station) -> None:
    root = await station.connect("111", url=station.url.replace("http", "ws") + "/")
    await root.register()
    path = await station.phone("222")
    await root.create("team", path)
    await path.send("team", "hello")
    await root.expect_texts("hello")


async def test_a_new_chat_has_its_creator_as_owner_and_only_member(station: Station) -> None:
    ann = await station.phone("111", "Ann")
    await ann.say("create_chat", name="Team 😀")
    me = user("Ann", "111")
    chat = chat_of("Team 😀", me)
    assert await ann.expect("new_member") == {"chat": chat, "user": me}
    await ann.register("Ann")
    assert ann.state == {"chats": [{"chat": chat, "messages": []}]}


async def test_a_message_reaches_all_members_and_the_sender(station: Station) -> None:
    ann, ben, eve = [await station.phone(number) for number in ("111", "222", "333")]
    await ann.create("team", ben)
    await ben.send("team", "Olá\n\u0000😀")
    first = await ann.expect("message")
    assert DATE.fullmatch(first.pop("date"))
    owner, sender = [user(f"Owner of {number}", number) for number in ("111", "222")]
    chat = chat_of("team", owner, sender)
    assert first == {"chat": chat, "from": sender, "message": "Olá\n\0😀"}
    await ben.expect_texts("Olá\n\0😀")
    await eve.expect_silence()


async def test_protocol_1_gets_exactly_the_keys_of_the_original_in_their_order(
    station: Station,
) -> None:
    ann = await station.phone("111", "Ann")
    await ann.create("team")
    await ann.send("team", "hi")
    assert list(await ann.hear()) == ["type", "chat", "from", "date", "message"]
    await ann.say("nonsense")
    assert list(await ann.hear()) == ["type", "detail"]


@pytest.mark.parametrize("protocol", [None, 1, 0, -1])
async def test_who_says_no_protocol_or_an_old_one_is_an_original_client(
    station: Station, protocol: int | None
) -> None:
    ann = await station.connect("111")
    await ann.say("register", user={"name": "Ann", "phone": "111"}, protocol=protocol)
    assert await ann.expect("state") == {"chats": []}


async def test_protocol_2_also_gets_ids_that_sort_by_time(station: Station) -> None:
    ann = await station.phone("111", "Ann", protocol=2)
    await ann.create("team")
    await ann.send("team", *map(str, range(20)))
    ids = [(await ann.expect("message"))["id"] for _ in range(20)]
    assert all(map(ID.fullmatch, ids))
    assert ids == sorted(set(ids))


async def test_messages_of_one_sender_keep_their_order_for_everyone(station: Station) -> None:
    ann, ben = [await station.phone(number, protocol=2) for number in ("111", "222")]
    await ann.create("team", ben)
    for index in range(50):
        await ann.send("team", f"a{index}")
        await ben.send("team", f"b{index}")
    heard = [[await each.expect("message") for _ in range(100)] for each in (ann, ben)]
    assert heard[0] == heard[1]
    texts = [message["message"] for message in heard[0]]
    for letter in "ab":
        of_one = [text for text in texts if text.startswith(letter)]
        assert of_one == [f"{letter}{index}" for index in range(50)]


async def test_operations_sent_at_once_are_done_in_order(station: Station) -> None:
    ben = await station.phone("222")
    ann = await station.connect("111")
    who = {"name": "Ann", "phone": "111"}
    await ann.say("register", user=who)
    await ann.say("create_chat", name="team")
    await ann.send("team", "one")
    await ann.say("add_member", chat="team", phone="222")
    await ann.send("team", "two")
    await ann.say("delete_chat", chat="team")
    await ann.send("team", "three")
    types = [(await ann.hear())["type"] for _ in range(7)]
    expected = ["state", "new_member", "message", "new_member", "message", "chat_deleted", "error"]
    assert types == expected
    assert [(await ben.hear())["type"] for _ in range(3)] == expected[3:6]


async def test_a_new_member_gets_what_is_sent_from_then_on(station: Station) -> None:
    ann, ben = await station.phone("111", "Ann"), await station.phone("222", "Ben")
    await ann.create("team")
    await ann.send("team", "before")
    await ann.expect_texts("before")
    await ann.say("add_member", chat="team", phone=" 2-2 2")
    for each in (ann, ben):
        heard = await each.expect("new_member")
        chat = chat_of("team", user("Ann", "111"), user("Ben", "222"))
        assert heard == {"chat": chat, "user": user("Ben", "222")}
    await ann.send("team", "after")
    await ben.expect_texts("after")
    await ben.register("Ben")
    assert [member["phone"] for member in ben.state["chats"][0]["chat"]["members"]] == [
        "111",
        "222",
    ]
    assert "before" not in ben.missed("team")


async def test_any_member_may_add_another(station: Station) -> None:
    ann, ben, eve = [await station.phone(number) for number in ("111", "222", "333")]
    await ann.create("team", ben)
    await ben.say("add_member", chat="team", phone="333")
    for each in (ann, ben, eve):
        assert (await each.expect("new_member"))["user"]["phone"] == "333"


@pytest.mark.parametrize(
    "name", ["👩\u200d🎓 Ana", "👨\u200d👩\u200d👧 family", "می\u200cخواهم", "नमस्\u200dते"]
)
async def test_names_with_joiners_inside_of_emoji_and_words_are_kept(
    station: Station, name: str
) -> None:
    ann = await station.phone("111", name)
    await ann.say("create_chat", name=name)
    me = user(name, "111")
    assert await ann.expect("new_member") == {"chat": chat_of(name, me), "user": me}
    await ann.send(name, "hi")
    await ann.expect_texts("hi")


async def test_whoever_was_removed_hears_of_it_and_of_nothing_after(station: Station) -> None:
    ann, ben, eve = [await station.phone(number) for number in ("111", "222", "333")]
    await ann.create("team", ben, eve)
    await ann.say("remove_member", chat="team", phone="222")
    for each in (ann, ben, eve):
        heard = await each.expect("member_removed")
        left = chat_of("team", *[user(f"Owner of {number}", number) for number in ("111", "333")])
        assert heard == {"chat": left, "user": user("Owner of 222", "222")}
    await eve.send("team", "he is gone")
    await ann.expect_texts("he is gone")
    await ben.expect_silence()
    await ben.register()
    assert ben.state == {"chats": []}
    await ann.say("add_member", chat="team", phone="222")
    await ben.expect("new_member")
    await ben.expect_silence()


async def test_a_member_who_owns_nothing_may_leave(station: Station) -> None:
    ann, ben = [await station.phone(number) for number in ("111", "222")]
    await ann.create("team", ben)
    await ben.say("remove_member", chat="team", phone="222")
    for each in (ann, ben):
        assert (await each.expect("member_removed"))["user"]["phone"] == "222"


async def test_current_clients_get_names_where_they_know_the_chat(station: Station) -> None:
    ann, ben = [await station.phone(number, protocol=2) for number in ("111", "222")]
    await ann.create("team")
    await ann.say("add_member", chat="team", phone="222")
    both = [user(f"Owner of {number}", number) for number in ("111", "222")]
    for each in (ann, ben):
        assert (await each.expect("new_member"))["chat"] == chat_of("team", *both)
    await ann.send("team", "hi")
    assert (await ben.expect("message"))["chat"] == "team"
    await ann.say("remove_member", chat="team", phone="222")
    assert (await ben.expect("member_removed"))["chat"] == "team"
    await ann.expect("message")
    await ann.expect("member_removed")
    await ann.say("delete_chat", chat="team")
    assert await ann.expect("chat_deleted") == {"chat": "team"}


async def test_the_chat_of_a_message_is_encoded_once_until_it_changes(station: Station) -> None:
    ann, ben = await station.phone("111", "Ann"), await station.phone("222", "Ben")
    await ann.create("team", ben)
    chat = station.system.chats.by_name["team"]
    await ann.send("team", "one")
    await ben.expect_texts("one")
    encoded = chat.object
    eve = await station.phone("333")
    await eve.leave()
    await ann.send("team", "two")
    await ben.expect_texts("two")
    assert chat.object is encoded
    # A name, a spelling and a new owner are changes.
    await ben.register("Benjamin")
    assert chat.object is not encoded
    assert chat.object.count(b"Benjamin") == 1
    await ann.say("remove_member", chat="team", phone="111")
    assert (await ben.expect("member_removed"))["chat"] == chat_of("team", user("Benjamin", "222"))


async def test_who_is_online_is_told_with_the_state_and_is_no_change_of_the_chat(
    station: Station,
) -> None:
    ann, ben = await station.phone("111", "Ann"), await station.phone("222", "Ben")
    await ann.create("team", ben)
    await ann.send("team", "one")
    await ann.expect_texts("one")
    await ben.leave()
    await ann.send("team", "two")
    assert (await ann.expect("message"))["chat"] == chat_of(
        "team", user("Ann", "111"), user("Ben", "222")
    )
    await ann.register("Ann")
    assert DATE.fullmatch(ann.state["chats"][0]["chat"]["members"][1]["disconnection_date"])


async def test_a_connection_may_go_on_as_another_phone(station: Station) -> None:
    ann, ben = [await station.phone(number) for number in ("111", "222")]
    await ann.create("team", ben)
    await ann.send("team", "for Ann")
    await ann.expect_texts("for Ann")
    ann.number = "333"
    await ann.register()
    assert ann.state == {"chats": []}
    await ben.send("team", "while Ann is away")
    await ben.expect_texts("for Ann", "while Ann is away")
    await ann.expect_silence()
    await ben.register()
    assert ben.state["chats"][0]["chat"]["members"][0]["disconnection_date"] is not None
    ann.number = "111"
    await ann.register()
    assert ann.missed("team") == ["while Ann is away"]


async def test_a_login_as_another_phone_that_is_declined_changes_nothing(station: Station) -> None:
    await station.phone("222", protocol=2)
    ann = await station.phone("111", protocol=2)
    await ann.create("team")
    await ann.say("register", user={"name": "Ben", "phone": "222"}, protocol=2, token="guess")
    assert (await ann.expect("error"))["code"] == "wrong_token"
    await ann.send("team", "still Ann")
    assert (await ann.expect("message"))["from"]["phone"] == "111"


async def test_members_may_leave_and_the_oldest_takes_over_from_the_owner(
    station: Station,
) -> None:
    ann, ben, eve = [await station.phone(number) for number in ("111", "222", "333")]
    await ann.create("team", ben, eve)
    await ann.say("remove_member", chat="team", phone="111")
    for each in (ann, ben, eve):
        await each.expect("member_removed")
    await eve.register()
    assert eve.state["chats"][0]["chat"]["owner"]["phone"] == "222"
    await ben.say("remove_member", chat="team", phone="333")
    await eve.expect("member_removed")


async def test_the_last_one_to_leave_takes_the_chat_along(station: Station) -> None:
    ann, ben = await station.phone("111"), await station.phone("222")
    await ann.create("team")
    await ann.send("team", "old")
    await ann.expect_texts("old")
    await ann.say("remove_member", chat="team", phone="111")
    await ann.expect("member_removed")
    await ben.create("team", ann)
    await ann.register()
    assert ann.missed("team") == []


async def test_everybody_hears_of_the_end_of_a_chat_and_its_name_is_free(
    station: Station,
) -> None:
    ann, ben = await station.phone("111"), await station.phone("222")
    await ann.create("team", ben)
    await ann.say("delete_chat", chat="team")
    for each in (ann, ben):
        was = chat_of("team", *[user(f"Owner of {number}", number) for number in ("111", "222")])
        assert await each.expect("chat_deleted") == {"chat": was}
    await ben.create("team")


async def test_the_date_of_disconnection_is_null_while_a_connection_is_open(
    station: Station,
) -> None:
    ann, ben, ben_too = [await station.phone(number) for number in ("111", "222", "222")]
    await ann.create("team")
    await ann.say("add_member", chat="team", phone="222")
    for each in (ann, ben, ben_too):
        await each.expect("new_member")

    async def date_of_ben() -> object:
        await ann.register()
        return ann.state["chats"][0]["chat"]["members"][1]["disconnection_date"]

    await ben.leave()
    assert await date_of_ben() is None
    await ben_too.leave()
    assert DATE.fullmatch(str(await date_of_ben()))
    await station.phone("222")
    assert await date_of_ben() is None


async def test_every_device_of_a_phone_gets_everything(station: Station) -> None:
    ann, ann_too, ben = [await station.phone(number) for number in ("111", "111", "222")]
    await ann.create("team")
    await ann_too.expect("new_member")
    await ann_too.say("add_member", chat="team", phone="222")
    for each in (ann, ann_too, ben):
        await each.expect("new_member")
    await ben.send("team", "to both")
    for each in (ann, ann_too):
        await each.expect_texts("to both")
    await ann.leave()
    await ben.send("team", "to one")
    await ann_too.expect_texts("to one")


async def test_a_later_login_may_bring_another_name(station: Station) -> None:
    ann = await station.phone("111", "Ann")
    await ann.create("team")
    await ann.register("Anne")
    assert ann.state["chats"][0]["chat"]["owner"] == user("Anne", "111")


async def test_all_of_it_is_there_after_a_restart(database: Path) -> None:
    async with open_chat(database) as station:
        ann, ben = await station.phone("111", "Ann"), await station.phone("222", "Ben", protocol=2)
        await ann.create("team", ben)
        await ann.create("other")
        await ann.say("remove_member", chat="team", phone="111")
        await ann.expect("member_removed")
        token = ben.token
    async with open_chat(database) as station:
        ben = await station.phone("222", "Ben", protocol=2, token=token)
        chat = {"name": "team", "members": [user("Ben", "222")], "owner": user("Ben", "222")}
        assert ben.state == {"chats": [{"chat": chat, "messages": []}]}
        ann = await station.phone("111", "Ann")
        assert [each["chat"]["name"] for each in ann.state["chats"]] == ["other"]
