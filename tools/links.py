"""Checks that every relative link in the documentation leads to a file, and to a heading in it.

``python -m tools.links`` from the root of the project; `broken` for tests.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

_FENCE = re.compile(r"^\s*(```|~~~).*?^\s*\1\s*$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
_ELSEWHERE = re.compile(r"^([a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)


def pages(root: Path) -> list[Path]:
    """Every page of documentation: those at the root, and all below docs."""
    return sorted([*root.glob("*.md"), *root.glob("docs/**/*.md")])


def broken(page: Path) -> Iterator[str]:
    """One sentence for each link of the page that leads nowhere."""
    for target in _LINK.findall(_CODE.sub("", _FENCE.sub("", page.read_text(encoding="utf-8")))):
        if _ELSEWHERE.match(target):
            continue
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        if not file.exists():
            yield f"{page}: {target}: no such file"
        elif anchor and file.suffix == ".md" and anchor not in _anchors(file):
            yield f"{page}: {target}: no such heading"


def _anchors(page: Path) -> set[str]:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return {_anchor(heading) for heading in _HEADING.findall(text)}


def _anchor(heading: str) -> str:
    """What the usual hosts of repositories make of a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def main() -> int:
    """Print what is broken; the exit code says whether anything is."""
    found = [sentence for page in pages(Path()) for sentence in broken(page)]
    print("\n".join(found) or "every link in the documentation leads somewhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
