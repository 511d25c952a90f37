"""Flags that several commands share. Their help is the settings' own description."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from quad.settings import FLAGS, BadSettings, Settings, fields, load


def _about(flag: str) -> str:
    field = fields()[FLAGS[flag]]
    variable = field.alias or field.environment
    return f"{field.description.replace('`', '')} [{variable}]"


Host = Annotated[str | None, typer.Option("--host", help=_about("--host"))]
Port = Annotated[int | None, typer.Option("--port", help=_about("--port"))]
Data = Annotated[Path | None, typer.Option("--data", metavar="DIR", help=_about("--data"))]
Database = Annotated[
    str | None, typer.Option("--database", metavar="URL", help=_about("--database"))
]
Workers = Annotated[int | None, typer.Option("--workers", metavar="N", help=_about("--workers"))]
Bus = Annotated[str | None, typer.Option("--bus", metavar="URL", help=_about("--bus"))]
Limits = Annotated[Literal["on", "off"] | None, typer.Option("--limits", help=_about("--limits"))]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"] | None,
    typer.Option("--log-level", help=_about("--log-level")),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="TOML file with settings; flags and QUAD_* variables win over it. [QUAD_CONFIG]",
    ),
]


def settings_from(config: Path | None, flags: Mapping[str, object]) -> Settings:
    """Return the settings of a command; raises ``BadSettings``, also for a database that no store
    can open.
    """
    # Only here: showing help needs no database.
    from quad.store import parse_url

    settings = load(config, flags=flags)
    try:
        parse_url(settings.server.database_url)
    except ValueError as error:
        raise BadSettings([f"server.database: {error}"]) from None
    return settings
