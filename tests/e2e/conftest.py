"""The whole server as a process, and browsers before it; one browser for all tests of a worker."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser import Visitors, a_chromium
from tests.nodes import Served, serve
from tests.patience import patience
from tests.process import free_port

# A page that has lost its server waits up to ten seconds before it tries again.
expect.set_options(timeout=patience(5) * 1_000)

ADMIN_PASSWORD = "correct horse battery staple"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these share an event loop, because they share the browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            item.add_marker(pytest.mark.browser)


@pytest.fixture(autouse=True)
def _every_task_ends() -> None:
    """The browser's tasks outlive a test."""


class Campus:
    """A server that can be killed and started again on the same port and data."""

    def __init__(self, data: Path) -> None:
        self._port = free_port()
        self._data = data
        self.process = self._start()

    @property
    def url(self) -> str:
        return self.process.url

    def kill(self) -> None:
        """As a power cut does."""
        self.process.kill()

    def restart(self) -> None:
        """After `kill`."""
        self.process = self._start()

    def _start(self) -> Served:
        env = {
            "QUAD_ADMIN_PASSWORD": ADMIN_PASSWORD,
            # Where a test plays Notion.
            "QUAD_CLASSROOM_IMPORT_HOSTS": "127.0.0.1",
            "QUAD_CLASSROOM_IMPORT_ALLOW_PRIVATE": "true",
        }
        return serve(data=self._data, port=self._port, env=env)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with a_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campus]:
    """One for all tests of a file; nobody kills it for longer than a moment."""
    campus = Campus(tmp_path_factory.mktemp("campus"))
    yield campus
    campus.process.terminate()


@pytest_asyncio.fixture(loop_scope="session")
async def visitors(chromium: Browser, server: Campus) -> AsyncIterator[Visitors]:
    """Who visits the server in a browser; their pages must have nothing to complain of."""
    visitors = Visitors(chromium, server.url)
    yield visitors
    await visitors.leave()
