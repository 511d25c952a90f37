"""The run as one picture for the README, once for light pages and once for dark ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from bench.item import Chart, number
from bench.run import Table

COLUMNS = 2


@dataclass(frozen=True)
class Theme:
    """Colours of one page: what is ours, what is not, and the words around it."""

    page: str
    ink: str
    faint: str
    ours: str
    peer: str
    limit: str


LIGHT = Theme("#ffffff", "#1f2328", "#656d76", "#0969da", "#c4cbd3", "#8c959f")
DARK = Theme("#0d1117", "#e6edf3", "#8d96a0", "#4493f8", "#4d5560", "#768390")


def write_plots(tables: Sequence[Table], folder: Path) -> list[Path]:
    """Write `bench.svg` and `bench-dark.svg` into `folder`; nothing if no item has a chart."""
    charted = [(table, table.item.chart) for table in tables if table.item.chart]
    if not charted:
        return []
    pages = {"bench.svg": LIGHT, "bench-dark.svg": DARK}
    return [_write(charted, theme, folder / name) for name, theme in pages.items()]


def _write(charted: Sequence[tuple[Table, Chart]], theme: Theme, path: Path) -> Path:
    # Letters as outlines look the same everywhere; a fixed salt makes equal runs equal files.
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "quad", "font.size": 10}):
        rows = -(-len(charted) // COLUMNS)
        tallest = max(len(table.subjects) for table, _ in charted)
        figure = Figure(
            figsize=(11, rows * (0.9 + 0.27 * tallest)),
            facecolor=theme.page,
            layout=ConstrainedLayoutEngine(w_pad=0.25, h_pad=0.2),
        )
        places = figure.subplots(rows, COLUMNS, squeeze=False).flat
        for place, (table, chart) in zip(places, charted, strict=False):
            _draw(place, table, chart, theme)
            place.set_ylim(tallest - 0.5, -0.5)  # bars of one thickness everywhere
        for place in list(figure.axes)[len(charted) :]:
            place.set_axis_off()
        figure.savefig(path, metadata={"Date": None})
    return path


def _draw(axes: Axes, table: Table, chart: Chart, theme: Theme) -> None:
    measured = [(each, table.medians(each).get(chart.metric)) for each in table.subjects]
    bars = [(subject, value) for subject, value in measured if value is not None]
    colours = {"ours": theme.ours, "peer": theme.peer, "limit": theme.limit}
    values = [max(value, 0.0) for _, value in bars]
    axes.barh(
        range(len(bars)),
        values,
        height=0.68,
        color=[colours[subject.role] for subject, _ in bars],
    )
    axes.set_yticks(range(len(bars)), [subject.label for subject, _ in bars], color=theme.ink)
    axes.set_xlim(0, (max(values, default=0) or 1) * 1.22)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.set_facecolor("none")
    axes.spines[:].set_visible(False)
    for position, (subject, value) in enumerate(bars):
        axes.annotate(
            number(value),
            (max(value, 0.0), position),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=theme.ink,
            fontweight="bold" if subject.role == "ours" else "normal",
        )
    better = "more is better" if chart.more_is_better else "less is better"
    axes.set_title(chart.title, loc="left", color=theme.ink, fontweight="bold", pad=18)
    axes.annotate(
        better,
        (0, 1),
        xytext=(0, 5),
        xycoords="axes fraction",
        textcoords="offset points",
        color=theme.faint,
        fontsize=9,
    )
