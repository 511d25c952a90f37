"""The front door."""

import pytest
from playwright.async_api import expect

from tests.browser import Visitors
from tests.e2e.axe import serious_faults


async def test_a_room_number_goes_straight_into_the_class(visitors: Visitors) -> None:
    page = await visitors.page()
    await page.goto("/")
    await page.get_by_label("Room number").fill("123 456")
    await page.get_by_role("button", name="Join").click()
    await page.wait_for_url("**/classroom/123456")


async def test_what_is_no_room_number_is_explained(visitors: Visitors) -> None:
    page = await visitors.page()
    await page.goto("/")
    await page.get_by_label("Room number").fill("12x")
    await page.get_by_role("button", name="Join").click()
    await expect(page.get_by_role("alert")).to_contain_text("six digits")
    await expect(page.get_by_label("Room number")).to_have_attribute("aria-invalid", "true")


@pytest.mark.parametrize(
    ("locale", "title"),
    [("en-GB", "Your campus, live."), ("pt-BR", "Seu campus, ao vivo."), ("ru", "Ваш кампус")],
)
async def test_it_speaks_the_language_of_the_browser(
    visitors: Visitors, locale: str, title: str
) -> None:
    page = await visitors.page(locale=locale)
    await page.goto("/")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(title)


async def test_another_language_is_remembered(visitors: Visitors) -> None:
    page = await visitors.page()
    await page.goto("/")
    await page.get_by_label("Language").select_option(label="Русский")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Ваш кампус")
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Ваш кампус")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_serious_fault(visitors: Visitors, scheme: str) -> None:
    page = await visitors.page(width=390, color_scheme=scheme)
    await page.goto("/")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert await serious_faults(page) == []


async def test_a_question_mark_shows_what_keys_do_and_stays_one_where_somebody_writes(
    visitors: Visitors,
) -> None:
    page = await visitors.page(width=390)
    await page.goto("/chat")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    await page.get_by_role("textbox").first.press("?")
    await expect(page.get_by_role("textbox").first).to_have_value("?")
    await expect(sheet).to_have_count(0)
    await page.locator("h1").first.click()
    await page.keyboard.press("?")
    await expect(sheet.get_by_text("A new line in the message")).to_be_visible()
    assert await serious_faults(page) == []
    await page.keyboard.press("Escape")
    await expect(sheet).to_have_count(0)
    await page.get_by_label("Settings").click()
    await page.get_by_role("button", name="Keyboard shortcuts").click()
    await expect(sheet).to_be_visible()


async def test_chosen_colours_count_at_once_and_on_all_pages(visitors: Visitors) -> None:
    page = await visitors.page(color_scheme="light")
    await page.goto("/")
    behind = "getComputedStyle(document.documentElement).backgroundColor"
    light = await page.evaluate(behind)
    await page.get_by_label("Settings").click()
    await page.get_by_label("Colours").select_option(label="Dark")
    dark = await page.evaluate(behind)
    assert dark != light
    await page.goto("/v1")
    assert await page.evaluate(behind) == dark
    # The server's own pages have the same menu.
    await page.locator("summary").click()
    await page.get_by_label("Colours").select_option(label="As on the device")
    await page.wait_for_function(f"{behind} === '{light}'")
    await page.locator("summary").click()
    await page.get_by_label("Language").select_option(label="Português")
    await expect(page.get_by_label("Seu nome")).to_be_visible()
    assert await serious_faults(page) == []
    await page.get_by_role("link", name="Quad").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Seu campus")


async def test_it_can_be_installed_and_says_when_there_is_no_network(visitors: Visitors) -> None:
    page = await visitors.page(service_workers="allow", locale="pt-BR", color_scheme="dark")
    await page.goto("/")
    manifest = await page.evaluate(
        """async () => {
            const link = document.querySelector("link[rel=manifest]").href;
            const { icons, start_url } = await (await fetch(link)).json();
            const files = await Promise.all(icons.map(({ src }) => fetch(new URL(src, link))));
            const kinds = files.map((file) => file.headers.get("content-type"));
            return [new URL(start_url, link).pathname, ...kinds];
        }"""
    )
    assert manifest == ["/", *["image/png"] * 3]
    await page.evaluate("navigator.serviceWorker.ready")
    await page.context.set_offline(True)
    for address in ("/classroom", "/v1"):
        await page.goto(address)
        await expect(page.get_by_role("heading", level=1)).to_have_text("Não há conexão")
    colour = await page.locator("h1").evaluate("e => getComputedStyle(e).fontFamily")
    assert "system-ui" in colour  # it has its style sheets, too
    await page.context.set_offline(False)
    await page.goto("/v1")
    await expect(page.get_by_label("Seu nome")).to_be_visible()
