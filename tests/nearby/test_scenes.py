"""The scenes that the page's tests replay are what the server says today."""

from pathlib import Path

from tests.nearby import scenes
from tests.scenes import hold


async def test_the_scenes_are_what_the_server_says(empty_database: Path, tmp_path: Path) -> None:
    """If not, and rightly: `python -m tests.nearby.scenes` writes them anew."""
    await hold(scenes.record, scenes.FILE, empty_database, tmp_path)
