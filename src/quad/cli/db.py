"""``quad db``: the database's revision, and how it gets to the newest one."""

import asyncio

import typer

from quad.cli import options
from quad.cli.failures import Failed, naming_database
from quad.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    help="Look after the database. `quad serve` upgrades SQLite by itself; this does the others.",
)


@app.command(epilog="Example: quad db upgrade --database postgresql://quad@db.example.org/quad")
def upgrade(
    database: options.Database = None, data: options.Data = None, config: options.Config = None
) -> None:
    """Bring the database to the newest revision.

    Safe to repeat. Stop the server first: while one has the database, it is refused.
    """
    settings = options.settings_from(config, {"--database": database, "--data": data})
    _know_all_tables()
    with naming_database(settings.server.database_url):
        asyncio.run(_upgrade(settings))


def _know_all_tables() -> None:
    # The store looks for those that somebody has told it of.
    import quad.admin.tables
    import quad.alert.tables
    import quad.chat.tables
    import quad.classroom.tables
    import quad.identity.tables
    import quad.nearby.tables
    import quad.retention  # noqa: F401


async def _upgrade(settings: Settings) -> None:
    from quad.starting import take_database
    from quad.store import migrate

    ownership = await take_database(settings.server, "quad db upgrade")
    try:
        await migrate(settings.server.database_url)
    finally:
        await ownership.aclose()
    await _print_revision(settings)


@app.command(epilog="Example: quad db current --data /var/lib/quad")
def current(
    database: options.Database = None, data: options.Data = None, config: options.Config = None
) -> None:
    """Print the database's revision and the newest one."""
    settings = options.settings_from(config, {"--database": database, "--data": data})
    server = settings.server
    # Connecting would make the file.
    if server.database is None and not (server.data / "quad.sqlite3").exists():
        raise Failed(f"there is no database in {server.data} yet; `quad db upgrade` makes it.")
    _know_all_tables()
    with naming_database(server.database_url):
        asyncio.run(_print_revision(settings))


async def _print_revision(settings: Settings) -> None:
    from quad.store import current_revision, head_revision, is_current, safe_url

    url = settings.server.database_url
    revision, newest = await current_revision(url), await head_revision()
    state = "the newest" if await is_current(url) else f"the newest is {newest}: quad db upgrade"
    print(f"{safe_url(url)}: revision {revision or 'none'} ({state})")
