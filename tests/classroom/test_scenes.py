"""The lesson that the pages' tests replay is what the server says today."""

import json
from pathlib import Path

from tests.classroom import scenes


async def test_the_lesson_is_what_the_server_says(
    empty_database: Path, tmp_path: Path, impatient_store: None
) -> None:
    """If not, and rightly: `python -m tests.classroom.scenes` writes it anew."""
    recorded = await scenes.record(empty_database, tmp_path)
    assert recorded == json.loads(scenes.FILE.read_text(encoding="utf-8"))
