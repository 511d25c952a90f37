"""The glossary names files that are there."""

import re

from tests.process import ROOT


def test_every_file_of_the_glossary_is_there() -> None:
    page = (ROOT / "docs/reference/glossary.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+/[\w]+\.py|retention\.py|addresses\.py)`", page)
    assert len(named) > 40
    assert [name for name in named if not (ROOT / "src/quad" / name).is_file()] == []
