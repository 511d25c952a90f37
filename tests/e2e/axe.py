"""axe-core's verdict on a page."""

from pathlib import Path

from playwright.async_api import Page

_SOURCE = Path(__file__).parents[2] / "ui" / "node_modules" / "axe-core" / "axe.min.js"
_SERIOUS = ("serious", "critical")


async def serious_faults(page: Page) -> list[str]:
    """What makes the page hard or impossible to use for some, one line for each kind of fault."""
    # By the debugger, which the page's security policy does not bind.
    await page.evaluate(_SOURCE.read_text())
    result = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{fault['id']}: {fault['help']}: {node['html'][:200]}"
        for fault in result["violations"]
        if fault["impact"] in _SERIOUS
        for node in fault["nodes"][:3]
    ]
