"""The scenes that the page's tests replay are what the server says today."""

import json
from pathlib import Path

from tests.chat import scenes


async def test_the_scenes_are_what_the_server_says(empty_database: Path, tmp_path: Path) -> None:
    """If not, and rightly: `python -m tests.chat.scenes` writes them anew."""
    recorded = await scenes.record(empty_database, tmp_path)
    assert recorded == json.loads(scenes.FILE.read_text(encoding="utf-8"))
