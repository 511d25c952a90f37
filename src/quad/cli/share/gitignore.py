"""The patterns of ``.gitignore`` files, matched exactly as git matches them. Pure.

Like git's, it works on bytes: of UTF-8, `?` and a set in brackets are one byte. gitignore(5) says
what a pattern means; where it is silent, git's behaviour is the rule, and tests compare the two.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

_BOM: Final = b"\xef\xbb\xbf"
_GLOB: Final = re.compile(rb"[*?\[\\]")
_NAMED: Final = re.compile(rb"\[:([^\]]*):\]")
_CLASSES: Final = {
    b"alnum": b"0-9A-Za-z",
    b"alpha": b"A-Za-z",
    b"blank": b"\\ \\\t",
    b"cntrl": b"\\\x00-\\\x1f\\\x7f",
    b"digit": b"0-9",
    b"graph": b"!-~",
    b"lower": b"a-z",
    b"print": b"\\ -~",
    b"punct": b"!-/:-@\\[-`{-~",
    b"space": b"\\ \\\t-\\\r",
    b"upper": b"A-Z",
    b"xdigit": b"0-9A-Fa-f",
}


class Rule(NamedTuple):
    """One line. Of a rule with a slash the whole path is compared, of others the name alone."""

    is_negated: bool
    is_for_directories: bool
    is_of_path: bool
    pattern: re.Pattern[bytes]


class Rules(NamedTuple):
    """What one file says, its last line first."""

    rules: tuple[Rule, ...]

    def verdict(self, path: bytes, *, is_directory: bool) -> bool | None:
        """Whether the path (as seen from where the file lies) is left out, or let in again.

        None if the file says nothing of it. What lies below an excluded directory is not asked
        for: no rule lets it in again.
        """
        name = path[path.rfind(b"/") + 1 :]
        for rule in self.rules:
            if rule.is_for_directories and not is_directory:
                continue
            if rule.pattern.fullmatch(path if rule.is_of_path else name):
                return not rule.is_negated
        return None


@lru_cache(maxsize=256)
def parse(content: bytes, *, is_caseless: bool = False) -> Rules:
    """The rules of a file with this content. A line that can match nothing is no rule."""
    found = (_rule(line, is_caseless=is_caseless) for line in _lines(content))
    return Rules(tuple(rule for rule in found if rule is not None)[::-1])


def _lines(content: bytes) -> Iterator[bytes]:
    # Only these are ends of lines: not U+2028 and the like, which are parts of names.
    for line in content.removeprefix(_BOM).split(b"\n"):
        if line.startswith(b"#"):
            continue
        yield _without_blanks(line.removesuffix(b"\r").partition(b"\0")[0])


def _without_blanks(line: bytes) -> bytes:
    """Without the blanks at its end, but for one that a backslash keeps. Tabs stay."""
    kept = line.rstrip(b" ")
    backslashes = len(kept) - len(kept.rstrip(b"\\"))
    return line[: len(kept) + backslashes % 2]


def _rule(line: bytes, *, is_caseless: bool) -> Rule | None:
    is_negated = line.startswith(b"!")
    glob = line.removeprefix(b"!")
    is_for_directories = glob.endswith(b"/")
    glob = glob.removesuffix(b"/")
    is_of_path = b"/" in glob
    found = _GLOB.search(glob)
    start = len(glob) if found is None else found.start()
    literal, rest = glob[:start], glob[start:]
    # Without the slash that ties it to its directory.
    regex = _regex(rest, is_of_path=is_of_path)
    if not glob or regex is None:
        return None
    if is_of_path:
        literal = literal.removeprefix(b"/")
    flags = re.DOTALL | (re.IGNORECASE if is_caseless else 0)
    pattern = re.compile(re.escape(literal) + regex, flags)
    return Rule(is_negated, is_for_directories, is_of_path, pattern)


def _regex(glob: bytes, *, is_of_path: bool) -> bytes | None:
    """A glob, from its first special character on, as a regular expression; None if it is broken.

    A star's shortest match that goes on as it should is never taken back (`(?>`): a later star in
    the same name makes up for it. So no line of stars takes for ever.
    """
    done, part, has_star = b"", b"", False
    place = 0
    while place < len(glob):
        if glob[place] == ord("*"):
            end = len(glob) - len(glob[place:].lstrip(b"*"))
            if is_of_path and _is_double(glob, place, end):
                done += (b"[^/]*" if has_star else b"") + part
                has_star, part = False, b""
                if glob[end : end + 1] == b"/":
                    done, end = done + b"(?:.*/)?", end + 1
                else:
                    done += b".*"
            else:
                done += b"(?>[^/]*?" + part + b")" if has_star else part
                has_star, part = True, b""
            place = end
            continue
        step = _one(glob, place)
        if step is None:
            return None
        matched, place = step
        part += matched
    return done + (b"[^/]*" if has_star else b"") + part


def _is_double(glob: bytes, start: int, end: int) -> bool:
    """Whether these stars stand for any directories: two or more, alone between slashes.

    Git compares what comes before the first special character by itself, and then takes the rest
    for the beginning: in `foo**/bar` they stand for directories as well.
    """
    is_begun = start == 0 or glob[start - 1] == ord("/")
    rest = glob[end:]
    return end - start > 1 and is_begun and (not rest or rest.startswith((b"/", b"\\/")))


def _one(glob: bytes, place: int) -> tuple[bytes, int] | None:
    """What matches one character, and where the next one begins; None if the glob is broken."""
    match glob[place : place + 1]:
        case b"\\":
            kept = glob[place + 1 : place + 2]
            return (re.escape(kept), place + 2) if kept else None
        case b"?":
            return b"[^/]", place + 1
        case b"[":
            return _set(glob, place + 1)
        case literal:
            return re.escape(literal), place + 1


def _set(glob: bytes, place: int) -> tuple[bytes, int] | None:
    """A set in brackets, from behind the first one on. A slash is in none."""
    is_negated = glob[place : place + 1] in (b"!", b"^")
    place += is_negated
    members = b""
    # The character before a hyphen, if it may begin a range.
    before = b""
    is_first = True
    while is_first or glob[place : place + 1] != b"]":
        is_first = False
        one = glob[place : place + 1]
        if not one:
            return None
        named = _NAMED.match(glob, place)
        if one == b"-" and before and glob[place + 1 : place + 2] not in (b"", b"]"):
            step = _literal(glob, place + 1)
            if step is None:
                return None
            last, place = step
            if before <= last:
                members += re.escape(before) + b"-" + re.escape(last)
            before = b""
        elif named is not None:
            if named[1] not in _CLASSES:
                return None
            members, before, place = members + _CLASSES[named[1]], b"", named.end()
        else:
            step = _literal(glob, place)
            if step is None:
                return None
            before, place = step
            members += re.escape(before)
    if is_negated:
        return b"[^/" + members + b"]", place + 1
    return (b"(?!/)[" + members + b"]" if members else b"(?!)"), place + 1


def _literal(glob: bytes, place: int) -> tuple[bytes, int] | None:
    """One character of a set, which a backslash may keep."""
    if glob[place : place + 1] == b"\\":
        place += 1
    one = glob[place : place + 1]
    return (one, place + 1) if one else None
