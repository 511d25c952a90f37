"""The answers that the page's tests replay are what the server says today."""

from pathlib import Path

from tests.admin import scenes
from tests.scenes import hold


async def test_the_answers_are_what_the_server_says(empty_database: Path, tmp_path: Path) -> None:
    """If not, and rightly: `python -m tests.admin.scenes` writes them anew."""
    await hold(scenes.record, scenes.FILE, empty_database, tmp_path)
