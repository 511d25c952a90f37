"""Checks as files: `name.in` with `name.out`, or `name.py` or `name.js` with code."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import UNSET

from quad.folders.model import BadFolder, Check
from quad.folders.naming import can_be_stem, order_of

_CODE: Final = (".py", ".js")
_ENDINGS: Final = (".in", ".out", *_CODE)


def files_of(checks: Sequence[Check], *, is_javascript: bool) -> tuple[dict[str, str], Any]:
    """The files of checks, and what has to stand before the page for what they cannot say."""
    stems = _stems(checks)
    files: dict[str, str] = {}
    for check, stem in zip(checks, stems, strict=True):
        if check.code is UNSET:
            files[f"{stem}.in"], files[f"{stem}.out"] = str(check.stdin), str(check.stdout)
        else:
            files[stem + _CODE[is_javascript]] = check.code
    said: dict[str, object] = {}
    names = [check.name for check in checks]
    if names != stems or stems != sorted(stems, key=order_of):
        said["checks"] = dict(zip(stems, names, strict=True))
    hidden = [check.name for check in checks if check.is_hidden]
    return files, said | ({"hidden": hidden} if hidden else {})


def checks_of(files: Mapping[str, str], said: Mapping[str, Any], where: str) -> list[Check]:
    """The checks that files are; raises BadFolder."""
    names = said.get("checks", {})
    hidden = said.get("hidden", [])
    if not _is_texts(names) or not _is_list(hidden):
        raise BadFolder("bad_front_matter", f"{where}: 'checks' or 'hidden' cannot be read")
    given = list(names)
    stems = {name.rpartition(".")[0] for name in files if name.endswith(_ENDINGS)}
    ordered = [
        *(stem for stem in given if stem in stems),
        *sorted(stems.difference(given), key=order_of),
    ]
    return [_check(stem, names.get(stem, stem), files, hidden, where) for stem in ordered]


def is_check(name: str) -> bool:
    """Whether a file in the folder of checks is one."""
    return "/" not in name and name.endswith(_ENDINGS)


def _check(
    stem: str, name: str, files: Mapping[str, str], hidden: Sequence[str], where: str
) -> Check:
    is_hidden = name in hidden
    given, wanted = files.get(f"{stem}.in"), files.get(f"{stem}.out")
    codes = [code for code in (files.get(stem + ending) for ending in _CODE) if code is not None]
    if len(codes) + (wanted is not None) > 1:
        raise BadFolder("bad_check", f"{where}: {stem!r} is more than one check")
    if codes and given is None:
        return Check(name, code=codes[0], is_hidden=is_hidden)
    if wanted is None:
        raise BadFolder("bad_check", f"{where}: there is no '{stem}.out'")
    return Check(name, stdin=given or "", stdout=wanted, is_hidden=is_hidden)


def _stems(checks: Iterable[Check]) -> list[str]:
    """What the files of each are called: nothing that differs in case alone."""
    stems: list[str] = []
    taken: set[str] = {check.name.casefold() for check in checks if can_be_stem(check.name)}
    used: set[str] = set()
    for check in checks:
        stem = check.name
        if not can_be_stem(stem) or stem.casefold() in used:
            number = len(stems) + 1
            while (stem := f"check-{number}") in taken | used:
                number += 1
        used.add(stem.casefold())
        stems.append(stem)
    return stems


def _is_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())


def _is_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
