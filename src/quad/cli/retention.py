"""``quad retention``: what the server forgets, and when."""

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quad.cli import options
from quad.cli.failures import Failed, naming_database
from quad.cli.remote import AsJson

if TYPE_CHECKING:
    from quad.retention import Kind, Outlook
    from quad.settings import Settings

EPILOG = "Example: quad retention --dry-run --data /var/lib/quad"


def retention(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count what is too old, and change nothing.")
    ] = False,
    database: options.Database = None,
    data: options.Data = None,
    config: options.Config = None,
    as_json: AsJson = False,
) -> None:
    """Show what the server is about to forget because nobody uses it any more.

    Give it the server's own settings. It reads the database, beside a running server or without
    one; forgetting is the running server's work.
    """
    if not dry_run:
        raise Failed(
            "forgetting is the running server's work; `quad retention --dry-run` shows what is next"
        )
    settings = options.settings_from(config, {"--database": database, "--data": data})
    # Connecting would make the file.
    server = settings.server
    if server.database is None and not (server.data / "quad.sqlite3").exists():
        raise Failed(f"there is no database in {server.data} yet")
    with naming_database(server.database_url):
        found = asyncio.run(_outlook(settings))
    if as_json:
        print(json.dumps([_row(each) for each in found], indent=2))
    else:
        print("\n".join(map(_sentences, found)))


def _kinds() -> "tuple[Kind, ...]":
    from quad.alert.retention import KINDS as OF_ALERT
    from quad.chat.retention import KINDS as OF_CHAT
    from quad.classroom.retention import KINDS as OF_CLASSROOM
    from quad.nearby.retention import KINDS as OF_NEARBY

    return (*OF_CLASSROOM, *OF_ALERT, *OF_CHAT, *OF_NEARBY)


async def _outlook(settings: "Settings") -> "list[Outlook]":
    from quad.retention import outlook
    from quad.store import Store, is_current, safe_url

    url = settings.server.database_url
    kinds = _kinds()  # first: the store looks for the tables that it knows of
    if not await is_current(url):
        raise Failed(f"the tables in {safe_url(url)} are not of this version")
    store = await Store.open(url, read_connections=1)
    try:
        return await outlook(store, settings.retention, kinds)
    finally:
        await store.aclose()


def _sentences(outlook: "Outlook") -> str:
    row = _row(outlook)
    told = f"{row['what']}: kept for {row['kept']} ({row['setting']})"
    if outlook.age is None:
        return told
    told += f"\n    {row['due']} go now, {row['within_month']} within 30 days"
    return told + (f", none before {row['not_before']}" if row["not_before"] else "")


def _row(outlook: "Outlook") -> dict[str, Any]:
    age = outlook.age
    return {
        "what": outlook.kind.what,
        "setting": f"retention.{outlook.kind.setting}",
        "kept": "ever" if age is None else _shown(age.total_seconds()),
        "due": outlook.due,
        "within_month": outlook.within_month,
        "not_before": outlook.not_before.isoformat(" ", "minutes") if outlook.not_before else None,
    }


def _shown(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes} minutes" if minutes % 1440 else f"{minutes // 1440} days"
