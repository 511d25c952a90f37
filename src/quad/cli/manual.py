"""``quad settings``: the manual of all settings, printed from the code."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from quad.settings import ALIASES, FLAGS, Field, Settings, fields


def settings(
    *,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page docs/reference/settings.md.")
    ] = False,
) -> None:
    """Print every setting: its name, default, variable and meaning."""
    if markdown:
        print(page(), end="")
    else:
        _print_to_terminal(Console(highlight=False))


def page() -> str:
    """Return the reference page as it is kept in the documentation."""
    return "\n".join(_page()) + "\n"


def _sections() -> Iterator[tuple[str, str, Iterable[Field]]]:
    abouts = {section.name: _about(section.type) for section in msgspec.structs.fields(Settings)}
    for name, group in groupby(fields().values(), key=lambda field: field.path.partition(".")[0]):
        yield name, abouts[name], group


def _about(section: type) -> str:
    return (section.__doc__ or "").strip()


def _key(field: Field) -> str:
    return field.path.partition(".")[2]


def _toml(value: object) -> str:
    match value:
        case None:
            return "unset"
        case tuple():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case str() | Path():
            return json.dumps(str(value), ensure_ascii=False)
        case _:
            return json.dumps(value)


# --- terminal -------------------------------------------------------------------------------------


def _print_to_terminal(console: Console) -> None:
    for section, about, group in _sections():
        console.print(Text(f"[{section}]", style="bold"), Text(about, style="dim"))
        for field in group:
            console.print(_entry(field))


def _entry(field: Field) -> Padding:
    entry = Text(f"{_key(field)} = {_toml(field.default)}", style="cyan")
    entry.append(f"   {field.alias or field.environment}\n", style="dim")
    meaning = f"{field.description} ({field.kind})".replace("`", "")
    entry.append(meaning, style="default")
    return Padding(entry, (0, 0, 1, 2))


# --- the page in docs -----------------------------------------------------------------------------


def _page() -> Iterator[str]:
    yield "# Settings"
    yield ""
    yield _INTRODUCTION.format(flags=_flags(), aliases=_aliases())
    for section, about, group in _sections():
        yield f"## {section}"
        yield ""
        yield about
        yield ""
        yield "| Setting | Default | Meaning |"
        yield "|---|---|---|"
        yield from map(_row, group)
        yield ""
    yield "`quad settings --markdown` prints this page."


def _row(field: Field) -> str:
    names = f"`{_key(field)}`<br>`{field.environment}`"
    kind = field.kind[0].upper() + field.kind[1:]
    return f"| {names} | `{_toml(field.default)}` | {field.description} *{kind}.* |"


def _flags() -> str:
    return ", ".join(f"`{flag}`" for flag in FLAGS)


def _aliases() -> str:
    return ", ".join(f"`{alias}`" for alias in ALIASES)


_INTRODUCTION = """\
Each setting has a default. A TOML file overrides it, a variable of the environment overrides that,
and a flag of `quad serve` overrides both.

- **File**: `quad serve --config quad.toml`, or its path in `QUAD_CONFIG`. None is read otherwise.

  ```toml
  [server]
  host = "0.0.0.0"
  database = "postgresql://quad:secret@db.example.org/quad"

  [engine]
  origins = ["https://class.example.org"]
  ```

- **Environment**: `QUAD_`, the section and the setting in capitals, joined by `_`:
  `QUAD_ENGINE_PING_INTERVAL_MS=10000`. Parts of a list are separated by commas. Short names for
  the most common: {aliases}.
- **Flags**: {flags}.

Anything unknown or ill-typed stops the start: one message names all of it, and the exit code is 2.
That goes for every variable that begins with `QUAD_`. (A Kubernetes service called `quad` injects
some; `enableServiceLinks: false` keeps them out.)
"""
