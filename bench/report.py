"""A run as tables for the eye and as JSON for everything else."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

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


def as_json(tables: Sequence[Table], machine: Mapping[str, str], *, quick: bool) -> dict[str, Any]:
    """All rounds, their medians and the verdicts."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "machine": dict(machine),
        "items": [_item(table) for table in tables],
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
