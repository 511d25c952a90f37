"""The program ``quad`` and its commands."""

import sys
from typing import Annotated

import typer

from quad import __version__
from quad.cli import admin_rooms, bench, bot, db, manual, retention, share
from quad.cli.failures import sentences
from quad.cli.printing import write_on_anything
from quad.cli.serve import serve

app = typer.Typer(
    name="quad",
    no_args_is_help=True,
    add_completion=False,
    # A bug is reported by `sentences`, not drawn as a box with local variables, secrets among them.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command that the arguments name; leaves by ``SystemExit`` with its code."""
    write_on_anything()
    with sentences(with_traceback="--traceback" in sys.argv):
        app()


def _print_version(*, wanted: bool) -> None:
    if wanted:
        print(f"quad {__version__}")
        raise typer.Exit


@app.callback()
def quad(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
    traceback: Annotated[
        bool, typer.Option("--traceback", help="Show where a bug happened.")
    ] = False,
) -> None:
    """The real-time server of a campus.

    Start it with `quad serve`, and open the address that it prints.
    """


app.command(
    epilog="Examples:\n\n"
    "quad serve\n\n"
    "quad serve --host 0.0.0.0 --port 80 --data /var/lib/quad\n\n"
    "QUAD_DATABASE=postgresql://quad@db.example.org/quad quad serve"
)(serve)
app.command(epilog=share.EPILOG)(share.share)
app.command(epilog=bench.EPILOG)(bench.bench)
app.add_typer(bot.app, name="bot")
app.add_typer(admin_rooms.app, name="admin")
app.add_typer(db.app, name="db")
app.command(epilog=retention.EPILOG)(retention.retention)
app.command()(manual.settings)
