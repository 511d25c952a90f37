"""Who may log in as which phone."""

from pathlib import Path

import pytest
from sqlalchemy import select
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from quad.chat import tables
from quad.realtime import Site
from quad.settings import ChatSettings
from tests.chat.phones import Phone, Station, open_chat

OWN_TOKEN = "a-token-of-my-own-making-0123456789"


async def refusal(phone: Phone, **keys: object) -> str:
    user = {"name": "Somebody", "phone": phone.number}
    await phone.say("register", user=user, protocol=2, **keys)
    return str((await phone.expect("error"))["code"])


@pytest.mark.parametrize(
    "spelling",
    [
        "+491701",
        "+49 170-1",
        " + 4 9 1 7 0 1 ",
        "-+491701-",
        "(+49) 170/1",
        "+49.170.1",
        "[+49]1701",
        "+49\u00a0170\u20131",
    ],
)
async def test_no_spelling_makes_another_phone_and_the_last_one_is_shown(
    station: Station, spelling: str
) -> None:
    ann, ben = await station.phone("+491701", "Ann"), await station.phone("222")
    await ann.create("team", ben)
    await station.phone(spelling, "Ann")
    await ben.register()
    assert ben.state["chats"][0]["chat"]["owner"]["phone"] == spelling.strip()
    await ben.say("remove_member", chat="team", phone="+49 1701")
    assert "owner" in (await ben.expect("error"))["detail"]
    await ann.say("remove_member", chat="team", phone="(222)")
    for each in (ann, ben):
        assert (await each.expect("member_removed"))["user"]["phone"] == "222"


async def test_a_phone_may_come_as_a_number_and_is_told_as_text(station: Station) -> None:
    ann = await station.connect("612345678")
    await ann.say("register", user={"name": "Ann", "phone": 612345678})
    await ann.expect("state")
    await ann.say("create_chat", name="team")
    assert (await ann.expect("new_member"))["user"]["phone"] == "612345678"
    await station.phone("222")
    await ann.say("add_member", chat="team", phone=222)
    assert (await ann.expect("new_member"))["user"]["phone"] == "222"


async def test_a_plus_makes_another_phone(station: Station) -> None:
    ann = await station.phone("491701")
    await ann.create("team")
    assert (await station.phone("+491701")).state == {"chats": []}


async def test_phones_of_original_clients_stay_open(station: Station) -> None:
    ann = await station.phone("111")
    await ann.create("team")
    assert "token" not in ann.state
    assert len((await station.phone("111")).state["chats"]) == 1


async def test_a_phone_with_a_token_is_logged_in_with_it_alone(station: Station) -> None:
    ann = await station.phone("111", protocol=2)
    stranger = await station.connect("111")
    assert await refusal(stranger) == "token_required"
    assert await refusal(stranger, token="") == "wrong_token"
    assert await refusal(stranger, token=ann.token + "x") == "wrong_token"
    await stranger.say("register", user={"name": "Original", "phone": "111"})
    assert "token" in (await stranger.expect("error"))["detail"]
    await stranger.register(protocol=2, token=ann.token)
    assert stranger.state == {"chats": []}
    # An original client that knows it may use it, too.
    assert (await station.phone("111", token=ann.token)).state == {"chats": []}


async def test_only_a_hash_of_the_token_is_kept(station: Station) -> None:
    ann = await station.phone("111", protocol=2)
    ((kept,),) = await station.system.chats._store.read(select(tables.users.c.token_hash))
    assert len(kept) == 64
    assert ann.token not in kept


async def test_a_current_client_gets_no_phone_that_original_clients_use(station: Station) -> None:
    before = await station.phone("111")
    ann = await station.connect("111")
    assert await refusal(ann) == "phone_in_use"
    assert await refusal(ann, token=OWN_TOKEN) == "phone_in_use"
    await before.say("register", user={"name": "Ann", "phone": "111"}, protocol=2)
    assert (await before.expect("error"))["code"] == "phone_in_use"
    await station.phone("111")


@pytest.mark.parametrize("protocol", [3, 99])
async def test_a_newer_protocol_counts_as_the_newest_known(station: Station, protocol: int) -> None:
    assert (await station.phone("111", protocol=protocol)).token


async def test_a_client_may_bring_a_token_of_its_own_making(station: Station) -> None:
    ann = await station.phone("111", protocol=2, token=OWN_TOKEN)
    assert ann.token == OWN_TOKEN
    again = await station.phone("111", protocol=2, token=OWN_TOKEN)
    assert "token" not in again.state
    assert await refusal(await station.connect("222"), token="short") == "bad_payload"


async def test_a_connection_may_ask_for_its_state_again(station: Station) -> None:
    ann = await station.phone("111", protocol=2)
    await ann.create("team")
    await ann.register(protocol=2)
    assert [each["chat"]["name"] for each in ann.state["chats"]] == ["team"]
    await ann.send("team", "once")
    await ann.expect_texts("once")
    await ann.expect_silence()


async def test_a_declined_login_leaves_the_connection_free_for_another_phone(
    station: Station,
) -> None:
    await station.phone("111", protocol=2)
    stranger = await station.connect("111")
    assert await refusal(stranger) == "token_required"
    stranger.number = "222"
    await stranger.register()


async def test_a_setting_demands_tokens_of_everyone(database: Path) -> None:
    async with open_chat(database) as station:
        await station.phone("111")
    async with open_chat(database, ChatSettings(demand_tokens=True)) as station:
        for number in ("111", "222"):
            original = await station.connect(number)
            await original.say("register", user={"name": "Original", "phone": number})
            assert "token" in (await original.expect("error"))["detail"]
        assert (await station.phone("222", protocol=2)).token
        code = (await station.system.admission.make_code("111")).code
        assert (await station.phone("111", protocol=2, token=code)).token


async def test_who_tries_tokens_is_slowed_and_the_right_one_always_passes(database: Path) -> None:
    settings = ChatSettings(wrong_tokens_per_minute_per_address=1, wrong_tokens_burst=3)
    async with open_chat(database, settings) as station:
        ann = await station.phone("111", protocol=2)
        stranger = await station.connect("111")
        codes = [await refusal(stranger, token=f"guess {index}") for index in range(12)]
        assert codes == ["wrong_token"] * 3 + ["rate_limited"] * 9
        # From the same address, and even on the same connection.
        await station.phone("111", protocol=2, token=ann.token)
        await stranger.register(protocol=2, token=ann.token)


async def test_who_walks_through_the_phones_learns_few_of_them(station: Station) -> None:
    """On however many connections: it is the phone of who asks that counts, too."""
    ann = [await station.phone("111") for _ in range(3)]
    await ann[0].create("team")
    for other in ann[1:]:
        await other.expect("new_member")
    await station.phone("900")
    details = []
    for number in range(801, 813):
        walker = ann[number % 3]
        await walker.say("add_member", chat="team", phone=str(number))
        details.append((await walker.expect("error"))["detail"])
    assert sum("nobody is registered" in detail for detail in details) == 10
    await ann[0].say("add_member", chat="team", phone="900")
    assert "too many wrong tries" in (await ann[0].expect("error"))["detail"]
    # Nobody else at this address waits for them for long.
    ben = await station.phone("222")
    await ben.create("another")
    await ben.say("add_member", chat="another", phone="900")
    await ben.expect("new_member")


async def test_pages_of_other_sites_may_not_connect(database: Path) -> None:
    site = Site(origins=("https://friend.example",))
    async with open_chat(database, site=site) as station:
        for origin in (None, station.url, "https://friend.example"):
            await station.connect(origin=origin)
        with pytest.raises(InvalidStatus) as refused:
            await connect(station.ws_url, origin=Origin("https://foe.example"))
        assert refused.value.response.status_code == 403
