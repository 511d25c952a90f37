"""`python -m bench`: measure, print, and on request write the JSON and the plots."""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.item import Item
from bench.items import ITEMS
from bench.machine import describe
from bench.plot import write_plots
from bench.report import as_json, show, write_json
from bench.rig import MeasurementFailed, build_rig
from bench.run import run
from bench.subject import Subject
from bench.subjects import SUBJECTS

ROUNDS = 5


def main(
    quick: Annotated[
        bool, typer.Option("--quick", help="One short round: does everything work? Not a figure.")
    ] = False,
    only: Annotated[
        str, typer.Option(help="Items to measure, by the beginnings of their keys: fanout,relay.")
    ] = "",
    subjects: Annotated[
        str, typer.Option(help="Subjects to measure, by key: quad,limit. Default: all.")
    ] = "",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; the medians are shown.")] = ROUNDS,
    out: Annotated[
        Path | None, typer.Option(help="Folder for bench.json, bench.svg and bench-dark.svg.")
    ] = None,
) -> None:
    """Measure Quad beside python-socketio, Node Socket.IO and the C limit, in one run."""
    chosen_items = _items(only)
    chosen_subjects = _subjects(subjects)
    # Being asked to stop is a way out like any other: the servers are ended on it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # A file or a pipe has no width of its own.
    console = Console(width=None if sys.stdout.isatty() else 100)
    log = Console(stderr=True, style="dim", highlight=False)
    machine = describe()
    try:
        with build_rig(quick=quick) as rig:
            log.print(", ".join(f"{name} {value}" for name, value in machine.items()))
            log.print(rig.cores)
            tables = run(rig, chosen_items, chosen_subjects, 1 if quick else rounds, log.print)
    except MeasurementFailed as failure:
        log.print(str(failure), style="red")
        raise typer.Exit(1) from None
    show(console, tables)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_json(as_json(tables, machine, quick=quick), out / "bench.json")
        write_plots(tables, out)
    if any(table.failures for table in tables):
        raise typer.Exit(1)


def _items(only: str) -> Sequence[Item]:
    beginnings = tuple(filter(None, only.split(",")))
    chosen = [item for item in ITEMS if not beginnings or item.key.startswith(beginnings)]
    if not chosen:
        raise typer.BadParameter(f"no such item; there are {', '.join(i.key for i in ITEMS)}")
    return chosen


def _subjects(keys: str) -> Sequence[Subject]:
    wanted = set(filter(None, keys.split(",")))
    known = {subject.key for subject in SUBJECTS}
    if wanted - known:
        raise typer.BadParameter(f"no such subject; there are {', '.join(sorted(known))}")
    return [subject for subject in SUBJECTS if not wanted or subject.key in wanted]


if __name__ == "__main__":
    typer.run(main)
