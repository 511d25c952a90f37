"""Declarations of TypeScript as text, laid out as Prettier would."""

import inspect
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

_WIDTH: Final = 100
_INDENT: Final = "  "


def declare_interface(name: str, members: Sequence[str]) -> str:
    """An interface."""
    return f"export interface {name} {block(members)}"


def declare_type(name: str, text: str) -> str:
    """A name for an expression."""
    return _assignment(f"export type {name} =", text, "")


def member(name: str, text: str, mark: str = "", indent: str = _INDENT) -> str:
    """A member of an interface; `mark` is `?` if it may be missing."""
    return _assignment(f"{indent}{_key(name)}{mark}:", text, indent)


def function(name: str, parameters: Sequence[str], indent: str = _INDENT) -> str:
    """A member that is a function which returns nothing."""
    line = f"{indent}{_key(name)}: ({', '.join(parameters)}) => void;"
    if len(line) <= _WIDTH:
        return line
    broken = [f"{indent}{_INDENT}{parameter}," for parameter in parameters]
    return "\n".join([f"{indent}{_key(name)}: (", *broken, f"{indent}) => void;"])


def block(members: Sequence[str], indent: str = "") -> str:
    """The members of an interface, or of a type without a name."""
    return "\n".join(["{", *members, indent + "}"])


def comment(doc: str | None, indent: str = "") -> str:
    """A docstring as a comment, with the end of its last line; nothing if there is none."""
    if not doc:
        return ""
    lines = inspect.cleandoc(doc).replace("*/", "* /").splitlines()
    line = f"{indent}/** {lines[0]} */"
    if len(lines) == 1 and len(line) <= _WIDTH:
        return f"{line}\n"
    starred = [f"{indent} * {line}".rstrip() for line in lines]
    return "\n".join([f"{indent}/**", *starred, f"{indent} */", ""])


def union(texts: Iterable[str]) -> str:
    """One of these; null comes last."""
    return " | ".join(sorted(dict.fromkeys(texts), key="null".__eq__))


def literal(value: object) -> str:
    """A value."""
    return msgspec.json.encode(value).decode()


def _key(name: str) -> str:
    return name if name.isidentifier() else literal(name)


def _assignment(head: str, text: str, indent: str) -> str:
    line = f"{head} {text};"
    if max(map(len, line.splitlines())) <= _WIDTH or " | " not in text:
        return line
    indent += _INDENT
    line = f"{indent}{text};"
    if len(line) <= _WIDTH:
        return f"{head}\n{line}"
    broken = [f"{indent}| {part}" for part in text.split(" | ")]
    return "\n".join([head, *broken]) + ";"
