"""The lesson that the pages' tests replay is what the server says today."""

from pathlib import Path

from tests.classroom import scenes
from tests.scenes import hold


async def test_the_lesson_is_what_the_server_says(
    empty_database: Path, tmp_path: Path, impatient_store: None
) -> None:
    """If not, and rightly: `python -m tests.classroom.scenes` writes it anew."""
    await hold(scenes.record, scenes.FILE, empty_database, tmp_path)
