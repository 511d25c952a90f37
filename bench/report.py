"""A run as tables for the eye and as JSON for everything else."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from bench.compare import ALLOWED, ROUNDS_TO_JUDGE, Comparison, Line
from bench.item import Verdict, number
from bench.run import Table
from bench.subject import Subject

# The generator may be the bottleneck when it is this busy and the server is not.
BUSY = 0.9
STYLES = {"ours": "bold cyan", "peer": "", "limit": "dim"}


def show(console: Console, tables: Sequence[Table]) -> None:
    """Print every table with its targets below."""
    for table in tables:
        console.print(_rich(table))
        console.print(_caption(table), style="dim")
        for verdict in table.verdicts():
            console.print(_line(verdict))
        for key, reason in table.failures.items():
            console.print(f"  [red]{key} failed:[/red] {reason.splitlines()[0]}")
        for label in _limited_by_load(table):
            console.print(f"  {label}: the load generator was the bottleneck; a lower bound")
        console.print()


def show_comparisons(console: Console, comparisons: Sequence[Comparison]) -> None:
    """Print every figure old and new, and at the end those that have become worse."""
    for each in comparisons:
        console.print(_rich_comparison(each))
        for key, reason in each.failures.items():
            console.print(f"  [red]{key} failed:[/red] {reason.splitlines()[0]}")
    if min(len(each.new.rounds) for each in comparisons) < ROUNDS_TO_JUDGE:
        console.print(f"In fewer than {ROUNDS_TO_JUDGE} rounds nothing is judged.")
        return
    worse = [(each, line) for each in comparisons for line in each.lines() if line.is_worse]
    if not worse:
        console.print(
            f"Nothing is worse by more than {ALLOWED * 100:.0f} % and by more than noise."
        )
    for each, line in worse:
        row = f"{each.item.key}: {line.subject.label}: {line.column.heading}"
        console.print(Text("  worse    ", "red") + Text(row))


def as_json(tables: Sequence[Table], machine: Mapping[str, str], *, quick: bool) -> dict[str, Any]:
    """All rounds, their medians and the verdicts."""
    return {**_head(machine, quick=quick), "items": [_item(table) for table in tables]}


def comparisons_as_json(
    comparisons: Sequence[Comparison],
    commits: Mapping[str, str],
    machine: Mapping[str, str],
    *,
    quick: bool,
) -> dict[str, Any]:
    """All rounds of both commits, in pairs, and the ratios."""
    return {
        **_head(machine, quick=quick),
        "commits": dict(commits),
        "items": [_compared_item(each) for each in comparisons],
    }


def write_json(report: Mapping[str, Any], path: Path) -> None:
    """Write the report for people and programs to read."""
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _rich(table: Table) -> RichTable:
    rich = RichTable(
        title=table.item.title,
        box=box.SIMPLE_HEAD,
        title_justify="left",
    )
    rich.add_column("", min_width=max(len(subject.label) for subject in table.subjects))
    for column in table.item.columns:
        rich.add_column(column.heading, justify="right")
    for subject in table.subjects:
        figures = table.medians(subject)
        cells = [
            column.show(figures[column.metric]) if column.metric in figures else "–"
            for column in table.item.columns
        ]
        rich.add_row(subject.label, *cells, style=STYLES[subject.role])
    return rich


def _rich_comparison(comparison: Comparison) -> RichTable:
    rounds = len(comparison.new.rounds)
    rich = RichTable(
        title=f"{comparison.item.title} ({rounds} round{'s' if rounds != 1 else ''})",
        box=box.SIMPLE_HEAD,
        title_justify="left",
    )
    rich.add_column("")
    rich.add_column("")
    for heading in ("old", "new", "new/old", "quartiles"):
        rich.add_column(heading, justify="right")
    rich.add_column("")
    before: Subject | None = None
    for line in comparison.lines():
        label = line.subject.label if line.subject is not before else ""
        rich.add_row(label, line.column.heading, *_compared(line))
        before = line.subject
    return rich


def _compared(line: Line) -> Sequence[str]:
    medians = line.column.show(line.old), line.column.show(line.new)
    if line.ratio is None:
        return (*medians, "–", "", "")
    ratio, verdict = line.ratio, line.verdict
    style = {"worse": "bold red", "better": "green", "": ""}[verdict]
    spread = f"{ratio.low:.2f} – {ratio.high:.2f}"
    return (*medians, f"{ratio.median:.3f}", spread, f"[{style}]{verdict}[/]" if verdict else "")


def _caption(table: Table) -> str:
    count = len(table.rounds)
    medians = f"Median of {count} round{'s' if count != 1 else ''}."
    return f"  {medians} {table.item.note}".rstrip()


def _line(verdict: Verdict) -> Text:
    mark = Text("  reached  ", "green") if verdict.met else Text("  missed   ", "red")
    return mark + Text(f"{verdict.text}: {number(verdict.measured)}")


def _limited_by_load(table: Table) -> list[str]:
    return [subject.label for subject in table.subjects if _is_limited(table.medians(subject))]


def _is_limited(medians: Mapping[str, float]) -> bool:
    return medians.get("load_share", 0) > BUSY > medians.get("server_share", 1)


def _head(machine: Mapping[str, str], *, quick: bool) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "machine": dict(machine),
    }


def _compared_item(comparison: Comparison) -> dict[str, Any]:
    return {
        "key": comparison.item.key,
        "title": comparison.item.title,
        "failures": comparison.failures,
        "figures": [
            {
                "subject": line.subject.key,
                "metric": line.column.metric,
                "old": line.old,
                "new": line.new,
                "ratio": line.ratio and asdict(line.ratio),
                "verdict": line.verdict,
            }
            for line in comparison.lines()
        ],
        "rounds": {"old": comparison.old.rounds, "new": comparison.new.rounds},
    }


def _item(table: Table) -> dict[str, Any]:
    return {
        "key": table.item.key,
        "title": table.item.title,
        "note": table.item.note,
        "rows": [_row(table, subject) for subject in table.subjects],
        "targets": [
            {"text": each.text, "measured": each.measured, "met": each.met}
            for each in table.verdicts()
        ],
    }


def _row(table: Table, subject: Subject) -> dict[str, Any]:
    row: dict[str, Any] = {
        "key": subject.key,
        "label": subject.label,
        "median": table.medians(subject),
        "rounds": [each[subject.key] for each in table.rounds if subject.key in each],
    }
    if subject.key in table.failures:
        row["failure"] = table.failures[subject.key]
    return row
