"""What nearby says and hears over Socket.IO."""

from typing import Any

import pytest

from tests.nearby.campus import TOWER, Campus, Page


async def stranger(campus: Campus) -> Page:
    """Somebody who has connected and said nothing."""
    page = Page(campus, "", "")
    campus._pages.append(page)
    await page.connect()
    return page


@pytest.mark.parametrize("key", ["id", "ID"])
async def test_a_page_says_whose_it_is(campus: Campus, key: str) -> None:
    page = await stranger(campus)
    answer = await page.call("new_client", {key: "ana", "token": await campus.token("ana")})
    assert answer is None
    assert campus.nearby.presence.online_users() == ["ana"]
    assert await page.take() == [("new_movement",)]


async def test_a_wrong_token_is_an_error_and_nothing_else(campus: Campus) -> None:
    bobs = await campus.token("bob")
    await campus.token("ana")
    page = await stranger(campus)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"id": "ana", "token": "wrong"}, "wrong_token"),
        ({"id": "ana", "token": bobs}, "wrong_token"),
        ({"id": "ana"}, "wrong_token"),
        ({"token": bobs}, "wrong_token"),
        ({"id": "nobody", "token": ""}, "wrong_token"),
        ({"id": 5, "token": bobs}, "bad_payload"),
    ]
    for payload, code in wrong:
        answer = await page.call("new_client", payload)
        assert answer["code"] == code
        assert await page.take() == [("error", answer)]
    assert campus.nearby.presence.online_users() == []


async def test_a_newcomer_is_told_to_ask_in_every_tab_and_again_after_the_first_position(
    campus: Campus,
) -> None:
    token = await campus.token("ana")
    first, second = await stranger(campus), await stranger(campus)
    for page in (first, second):
        await page.call("new_client", {"id": "ana", "token": token})
        assert await page.take() == [("new_movement",)]
    assert await first.take() == []
    await campus.move("ana", TOWER.position)
    assert [await first.take(), await second.take()] == [[("new_movement",)]] * 2


async def test_saying_it_twice_is_once_and_another_name_is_a_change(campus: Campus) -> None:
    page = await campus.page("ana")
    await page.enter()
    assert len(await campus.log("ana")) == 1
    await page.call("new_client", {"id": "bob", "token": await campus.token("bob")})
    assert campus.nearby.presence.online_users() == ["bob"]
    assert (await campus.log("ana"))[-1] == "Logged out."
    await campus.send("cid", ["ana", "bob"], "hi")
    page.id, page.token = "bob", await campus.token("bob")
    assert await page.texts() == ["hi"]


async def test_whoever_takes_another_name_hears_nothing_of_the_tab_that_comes_back(
    campus: Campus,
) -> None:
    page = await campus.page("ana")
    await page.enter()
    await page.call("new_client", {"id": "bob", "token": await campus.token("bob")})
    back = await campus.page("ana")
    await page.take()
    await campus.send("cid", ["ana"], "hi")
    assert ("new_message", ["ana"]) in await back.take()
    assert await page.take() == []


@pytest.mark.parametrize("key", ["id", "ID"])
async def test_a_bot_runs_once_it_has_shown_its_password(campus: Campus, key: str) -> None:
    answer = await campus.http.post("/API/bot/register", json={"id": "bot", "b_id": TOWER.id})
    password = answer.json()["pass"]
    await campus.nearby.bots.authorise("bot", is_authorised=True)
    page = await stranger(campus)
    for payload in ({key: "bot"}, {}):
        refused = await page.call("new_bot", payload)
        assert refused["code"] == "not_allowed"
    proof = {"id": "bot", "pass": password}
    assert (await campus.http.post("/API/bot/auth", json=proof)).json() == {"auth": 1}
    assert await page.call("new_bot", {key: "bot"}) is None
    assert await page.call("new_bot", {key: "bot"}) is None
    check = "/API/bot/check/bot"
    running = {"available": 0, "state": "Bot currently running."}
    assert (await campus.http.get(check)).json() == running
    await page.close()
    await campus.until(lambda: campus.nearby.bots.check("bot").available == 1)
