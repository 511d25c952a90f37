"""Which files a room does not want to see: gitignore-like lines, parsed as original clients need.

The original clients match plainly (no globs): a file name, a directory name, or what follows
the last dot. So an extension is kept without `*.` and a directory without `/` and `*`.
"""

import msgspec


class Ignores(msgspec.Struct, frozen=True):
    """What to leave out, in order of writing, each entry once; exactly the `settings` payload."""

    names: list[str]
    dirs: list[str]
    extensions: list[str]


def parse_ignores(text: str) -> Ignores:
    """Sort the lines of `text` into names, directories and extensions; never fails.

    `name/` and `/name` are directories (`*.egg-info/` becomes `.egg-info`), `*.ext` is the
    extension `ext`, anything else a name. Dropped are blank lines, lines with a `#`, and what
    original clients cannot match: `*$` and paths, that is more than one slash.
    """
    names: dict[str, None] = {}
    dirs: dict[str, None] = {}
    extensions: dict[str, None] = {}
    for line in map(str.strip, text.splitlines()):
        if not _is_wanted(line):
            continue
        if line.startswith("/") or line.endswith("/"):
            dirs[line.replace("*", "").replace("/", "")] = None
        elif line.startswith("*."):
            extensions[line.removeprefix("*.")] = None
        else:
            names[line] = None
    return Ignores(*(list(filter(None, found)) for found in (names, dirs, extensions)))


def _is_wanted(line: str) -> bool:
    return bool(line) and "#" not in line and "*$" not in line and line.count("/") <= 1
