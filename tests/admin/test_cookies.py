"""The administrator's cookies at several nodes."""

from datetime import UTC, datetime, timedelta

from quad.admin.cookies import LIFETIME_S, AdminCookies
from tests.identity.nodes import make_nodes
from tests.nearby.campus import Campus


async def open_cookies(campus: Campus) -> AdminCookies:
    cookies = AdminCookies(campus.store, b"k" * 32, lambda: datetime.now(UTC))
    await cookies.open("the password")
    return cookies


async def test_a_logout_at_one_node_counts_at_all(campus: Campus) -> None:
    here, there = [await open_cookies(campus) for _ in range(2)]
    for cookies, news in zip((here, there), make_nodes(2), strict=True):
        cookies.share(news)
    value, other = here.sign(), here.sign()
    assert there.is_valid(value)
    assert await here.end(value)
    assert not there.is_valid(value)
    assert there.is_valid(other)


async def test_what_others_ended_is_forgotten_when_it_would_be_over(campus: Campus) -> None:
    cookies = AdminCookies(campus.store, b"k" * 32, lambda: now)
    here, there = make_nodes(2)
    cookies.share(here)
    there.on("admin.logout", lambda _: None)
    now = datetime.now(UTC)
    there.tell_all("admin.logout", ["first", now + timedelta(seconds=LIFETIME_S)])
    assert set(cookies._ended) == {"first"}
    now += timedelta(seconds=LIFETIME_S + 1)
    there.tell_all("admin.logout", ["second", now])
    assert set(cookies._ended) == {"second"}


async def test_a_logout_whose_news_are_lost_is_read(campus: Campus) -> None:
    here, there = [await open_cookies(campus) for _ in range(2)]
    value = here.sign()
    await here.end(value)
    assert there.is_valid(value)
    await there.read_logouts()
    assert not there.is_valid(value)
