"""axe-core's verdict on a page."""

from pathlib import Path

from playwright.async_api import Page

_SOURCE = Path(__file__).parents[2] / "ui" / "node_modules" / "axe-core" / "axe.min.js"
# Said in the page: all that axe has looked at is a megabyte, and most of it is well.
_FAULTS = """
async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .flatMap(({ id, help, nodes }) =>
      nodes.slice(0, 3).map(({ html }) => `${id}: ${help}: ${html.slice(0, 200)}`));
}
"""


async def serious_faults(page: Page) -> list[str]:
    """What makes the page hard or impossible to use for some, one line for each kind of fault."""
    if not await page.evaluate("'axe' in window"):
        # By the debugger, which the page's security policy does not bind.
        await page.evaluate(_SOURCE.read_text())
    faults: list[str] = await page.evaluate(_FAULTS)
    return faults
