"""The administrator hands a phone over, or resets its token, with a code of one use."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from quad.chat.refusals import UnknownPhone
from quad.chat.tables import users
from tests.chat.phones import Phone, Station, open_chat

START = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def station(database: Path, clock: Clock) -> AsyncIterator[Station]:
    async with open_chat(database, now=clock) as station:
        yield station


async def code_for(station: Station, number: str) -> str:
    return (await station.system.admission.make_code(number)).code


async def refusal(phone: Phone, **keys: object) -> str:
    user = {"name": "Somebody", "phone": phone.number}
    await phone.say("register", user=user, **keys)
    return str((await phone.expect("error"))["code"])


async def expect_logged_out(phone: Phone, *, is_current: bool) -> None:
    error = await phone.expect("error")
    assert "new token" in error["detail"]
    if is_current:
        assert (error["operation"], error["code"]) == (None, "logged_out")
    else:
        assert list(error) == ["detail"]
    await phone.socket.wait_closed()
    assert phone.socket.close_code == 1008


async def test_a_code_brings_a_phone_of_original_clients_to_a_current_one(
    station: Station,
) -> None:
    before = [await station.phone("111", "Ann") for _ in range(2)]
    await before[0].create("team")
    await before[1].expect("new_member")
    code = await code_for(station, "111")
    await before[0].send("team", "nothing has changed yet")
    for each in before:
        await each.expect_texts("nothing has changed yet")
    ann = await station.phone("111", "Ann", protocol=2, token=code)
    assert ann.state["chats"][0]["chat"]["name"] == "team"
    for each in before:
        await expect_logged_out(each, is_current=False)
    # From now on as with any token; it is never open again.
    original = await station.connect("111")
    await original.say("register", user={"name": "Ann", "phone": "111"})
    assert "token" in (await original.expect("error"))["detail"]
    assert await refusal(original, protocol=2, token=code) == "wrong_token"
    await original.register(protocol=2, token=ann.token)


async def test_a_code_resets_a_lost_token(station: Station) -> None:
    lost = await station.phone("111", protocol=2)
    code = await code_for(station, "111")
    await station.phone("111", protocol=2, token=lost.token)
    ann = await station.phone("111", protocol=2, token=code.lower().replace("-", " "))
    assert ann.token != lost.token
    await expect_logged_out(lost, is_current=True)
    again = await station.connect("111")
    assert await refusal(again, protocol=2, token=lost.token) == "wrong_token"
    await again.register(protocol=2, token=ann.token)


async def test_letters_that_look_like_digits_are_taken_for_them(station: Station) -> None:
    await station.phone("111")
    codes = [await code_for(station, "111")]
    while not {"0", "1"} & set(codes[-1]):
        codes.append(await code_for(station, "111"))
    typed = codes[-1].replace("0", "o").replace("1", "l")
    assert (await station.phone("111", protocol=2, token=typed)).token


async def test_a_code_lasts_for_a_day_and_a_second_one_replaces_it(
    station: Station, clock: Clock
) -> None:
    await station.phone("111", protocol=2)
    first = await code_for(station, "111")
    second = await code_for(station, "111")
    stranger = await station.connect("111")
    assert await refusal(stranger, protocol=2, token=first) == "wrong_token"
    clock.now += timedelta(hours=24)
    assert await refusal(stranger, protocol=2, token=second) == "wrong_token"
    third = await code_for(station, "111")
    clock.now += timedelta(hours=23, minutes=59)
    await stranger.register(protocol=2, token=third)


async def test_a_code_is_of_no_use_to_original_clients_and_to_other_phones(
    station: Station,
) -> None:
    await station.phone("111", protocol=2)
    await station.phone("222", protocol=2)
    code = await code_for(station, "111")
    other = await station.connect("222")
    assert await refusal(other, protocol=2, token=code) == "wrong_token"
    original = await station.connect("111")
    await original.say("register", user={"name": "Ann", "phone": "111"}, token=code)
    assert "token" in (await original.expect("error"))["detail"]
    assert (await station.phone("111", protocol=2, token=code)).token


async def test_a_code_is_made_for_known_phones_and_kept_as_a_hash(station: Station) -> None:
    with pytest.raises(UnknownPhone):
        await code_for(station, "999")
    await station.phone("111")
    code = await code_for(station, "111")
    (row,) = await station.system.chats.read(users.select())
    assert len(row.code_hash) == 64
    assert code not in str(row)


async def test_codes_outlive_a_restart(database: Path, clock: Clock) -> None:
    async with open_chat(database, now=clock) as station:
        await station.phone("111")
        code = await code_for(station, "111")
    async with open_chat(database, now=clock) as station:
        token = (await station.phone("111", protocol=2, token=code)).token
    async with open_chat(database, now=clock) as station:
        stranger = await station.connect("111")
        assert await refusal(stranger, protocol=2, token=code) == "wrong_token"
        await stranger.register(protocol=2, token=token)


async def test_whoever_is_in_may_have_a_new_token_and_the_others_are_out(station: Station) -> None:
    ann = await station.phone("111", protocol=2)
    old = ann.token
    tablet = await station.phone("111", protocol=2, token=old)
    code = await code_for(station, "111")
    await ann.say("reset_token")
    new = (await ann.expect("token"))["token"]
    await expect_logged_out(tablet, is_current=True)
    stranger = await station.connect("111")
    for worthless in (old, code):
        assert await refusal(stranger, protocol=2, token=worthless) == "wrong_token"
    await stranger.register(protocol=2, token=new)
    await ann.create("team")  # the one who asked stays in
