"""`python -m bench`: measure, print, and on request write the JSON and the plots."""

import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console

from bench.checkout import NoSuchRevision, checked_out, commit_of, present
from bench.compare import compare
from bench.item import Item
from bench.items import ITEMS
from bench.items.cluster import CLUSTER
from bench.items.hostile import HOSTILE
from bench.items.machine import MACHINE, THIS_MACHINE
from bench.machine import describe
from bench.report import as_json, comparisons_as_json, show, show_comparisons, write_json
from bench.rig import MeasurementFailed, Rig, build_rig
from bench.run import run, taking_part
from bench.subject import Subject
from bench.subjects import SUBJECTS

ROUNDS = 5

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


def _commit(revision: str) -> str:
    try:
        return commit_of(revision) if revision else ""
    except NoSuchRevision as problem:
        raise typer.BadParameter(str(problem)) from None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What was asked for on the command line."""

    items: Sequence[Item]
    subjects: Sequence[Subject]
    rounds: int
    out: Path | None


@app.command(
    epilog="Is a change no slower? [b]make bench ARGS='--against HEAD~1 --only relay'[/b] measures "
    "both commits in every round. A figure is marked [b]worse[/b] if its median is by more than "
    "3 %, and more rounds agree than chance explains: 5 of 5, 8 of 9, 12 of 15."
)
def main(
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="One short round: does everything work? Not a figure.")
    ] = False,
    only: Annotated[
        str, typer.Option(help="Items to measure, by the beginnings of their keys: fanout,relay.")
    ] = "",
    subjects: Annotated[
        str,
        typer.Option(
            help="Subjects, by key: quad,limit. Default: all; with --against all of Quad."
        ),
    ] = "",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; the medians are shown.")] = ROUNDS,
    against: Annotated[
        str,
        typer.Option(
            metavar="REV",
            callback=_commit,
            help="Compare what lies in the work tree with this commit of Quad, round by round.",
        ),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for bench.json, bench.svg and bench-dark.svg; or for against.json."
        ),
    ] = None,
) -> None:
    """Measure Quad beside python-socketio, Node Socket.IO and the C limit, or beside itself."""
    wanted = Wanted(
        items=_items(only, is_compared=bool(against)),
        subjects=_subjects(subjects, is_compared=bool(against)),
        rounds=1 if quick else rounds,
        out=out,
    )
    if not any(taking_part(wanted.subjects, item) for item in wanted.items):
        raise typer.BadParameter("none of these subjects takes part in one of these items")
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _stop)
    try:
        is_well = _measure(wanted, against, quick=quick)
    except MeasurementFailed as failure:
        LOG.print(str(failure), style="red")
        is_well = False
    finally:
        # What was just being started when we were asked to stop belongs to nobody yet.
        for child in psutil.Process().children(recursive=True):
            child.kill()
    raise typer.Exit(0 if is_well else 1)


LOG = Console(stderr=True, style="dim", highlight=False)


def _stop(signum: int, _frame: object) -> None:
    """Being asked to stop is a way out like any other: servers end on it, a work tree goes."""
    signal.signal(signum, signal.SIG_IGN)  # asked again, it would leave half of that undone
    sys.exit(128 + signum)


def _measure(wanted: Wanted, against: str, *, quick: bool) -> bool:
    """Whether everything could be measured."""
    machine = describe()
    # A file or a pipe has no width of its own.
    console = Console(width=None if sys.stdout.isatty() else 100)
    with build_rig(quick=quick) as rig:
        LOG.print(", ".join(f"{name} {value}" for name, value in machine.items()))
        LOG.print(rig.cores)
        if against:
            return _compare(rig, wanted, against, machine, console)
        return _run(rig, wanted, machine, console)


def _run(rig: Rig, wanted: Wanted, machine: dict[str, str], console: Console) -> bool:
    tables = run(
        rig,
        [MACHINE, *wanted.items],
        [THIS_MACHINE, *wanted.subjects],
        wanted.rounds,
        LOG.print,
    )
    show(console, tables)
    if wanted.out is not None:
        wanted.out.mkdir(parents=True, exist_ok=True)
        write_json(as_json(tables, machine, quick=rig.quick), wanted.out / "bench.json")
        from bench.plot import write_plots  # takes half a second, which only this needs

        write_plots(tables, wanted.out)
    return not any(table.failures for table in tables)


def _compare(
    rig: Rig, wanted: Wanted, against: str, machine: dict[str, str], console: Console
) -> bool:
    with checked_out(against) as old:
        commits = {"old": old.commit, "new": present()}
        LOG.print(f"new: {commits['new']}, old: {commits['old']} in {old.tree}")
        for other in old.other_versions:
            LOG.print(
                f"both run with what is installed, but {old.commit} wants {other}", style="red"
            )
        comparisons = compare(
            replace(rig, sources=old.sources),
            rig,
            [MACHINE, *wanted.items],
            [THIS_MACHINE, *wanted.subjects],
            wanted.rounds,
            LOG.print,
        )
    show_comparisons(console, comparisons)
    if wanted.out is not None:
        wanted.out.mkdir(parents=True, exist_ok=True)
        report = comparisons_as_json(comparisons, commits, machine, quick=rig.quick)
        write_json(report, wanted.out / "against.json")
    return not any(each.failures for each in comparisons)


def _items(only: str, *, is_compared: bool) -> Sequence[Item]:
    beginnings = tuple(filter(None, only.split(",")))
    if not beginnings:
        # Attacks take long, and ask whether a limit holds, not how fast anything is. A cluster
        # needs services, and what it does is more the brokers' and the database's than ours.
        return [item for item in ITEMS if not (is_compared and item in (*HOSTILE, *CLUSTER))]
    chosen = [item for item in ITEMS if item.key.startswith(beginnings)]
    if not chosen:
        raise typer.BadParameter(f"no such item; there are {', '.join(i.key for i in ITEMS)}")
    return chosen


def _subjects(keys: str, *, is_compared: bool) -> Sequence[Subject]:
    wanted = set(filter(None, keys.split(",")))
    if not wanted:
        return [each for each in SUBJECTS if each.role == "ours" or not is_compared]
    known = {subject.key for subject in SUBJECTS}
    if wanted - known:
        raise typer.BadParameter(f"no such subject; there are {', '.join(sorted(known))}")
    return [subject for subject in SUBJECTS if subject.key in wanted]


if __name__ == "__main__":
    app()
