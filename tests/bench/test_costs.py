"""What a cluster costs, as the page about it says it: figures side by side, and sums from them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.costs import (
    BEGIN,
    COLUMNS,
    END,
    LINES,
    Line,
    NotMeasured,
    arithmetic_table,
    figures_table,
    machine_line,
    markdown,
    medians_of,
    moves_table,
    node_of,
    put_into,
    table,
)
from bench.items.cluster import CLUSTER, HANDOVER, TAKEOVER
from bench.run import taking_part
from bench.subjects import SUBJECTS
from bench.subjects.nodes import AT_HOME, AWAY

HERE = {
    "cluster-event.edge_us_16": 0.0,
    "cluster-event.home_us_16": 20.0,
    "cluster-broadcast.delivery_us": 6.0,
    "cluster-idle.edge_kilobytes": 0.0,
    "cluster-idle.home_kilobytes": 4.0,
}
THERE = {
    "cluster-event.edge_us_16": 10.0,
    "cluster-event.home_us_16": 30.0,
    "cluster-broadcast.delivery_us": 8.0,
    "cluster-idle.edge_kilobytes": 4.0,
    "cluster-idle.home_kilobytes": 2.0,
    "cluster-idle.ping_us": 20.0,
    "cluster-idle.nothing_share": 0.01,
    "cluster-chat.home_us": 25.0,
}


def report(*rows: tuple[str, str, dict[str, float]]) -> dict[str, Any]:
    """Of one round: the item, the subject, and its figures."""
    return {
        "quick": False,
        "machine": {"processor": "Abacus", "python": "3", "load": "0.1 on 2 processors"},
        "items": [
            {"key": item, "rows": [{"key": subject, "median": figures, "rounds": [figures]}]}
            for item, subject, figures in rows
        ],
    }


def whole() -> dict[str, Any]:
    """One that has every figure, each of them 1."""
    return report(
        ("machine", "machine", {"fdatasync_p50_ms": 0.2}),
        *(
            (item.key, subject.key, everything(item.key))
            for item in CLUSTER
            for subject in taking_part((AT_HOME, AWAY), item)
        ),
    )


def everything(item: str) -> dict[str, float]:
    named = {metric for line in LINES if line.item == item for metric in line.metrics}
    columns = {column.metric for each in CLUSTER if each.key == item for column in each.columns}
    return dict.fromkeys(named | columns, 1.0)


def test_figures_of_one_subject_are_gathered_from_all_items() -> None:
    found = report(("a", "here", {"x": 1}), ("b", "here", {"x": 2}), ("b", "there", {"x": 3}))
    assert medians_of(found, "here") == {"a.x": 1, "b.x": 2}


def test_figures_stand_side_by_side_and_what_was_not_measured_is_a_dash() -> None:
    line = Line("an event", "a", ("x", "y"))
    assert line.cell({"a.x": 1234.5, "a.y": 0.25}) == "1,234 / 0.25"
    assert line.cell({"a.x": 1.0}) == "–"


def test_who_was_not_measured_has_no_column() -> None:
    found = report(("cluster-event", "nodes-away", {"edge_us_1": 7.0, "home_us_1": 8.0}))
    head, _, first, *_ = figures_table(found).splitlines()
    assert head == "| edge / home | at another node |"
    assert first.endswith("| 7 / 8 |")
    with pytest.raises(NotMeasured, match="no figures of a cluster"):
        figures_table(report())


def test_every_figure_of_the_page_is_one_that_is_measured() -> None:
    """A column that is renamed would leave dashes behind."""
    metrics = {item.key: {column.metric for column in item.columns} for item in CLUSTER}
    beside = {("cluster-event", f"p99_ms_{window}") for window in (1, 64)}
    for line in LINES:
        for metric in line.metrics:
            assert metric in metrics[line.item] or (line.item, metric) in beside
    found = {
        f"{item.key}.{metric}": 1.0 for item in (HANDOVER, TAKEOVER) for metric in metrics[item.key]
    }
    assert "–" not in moves_table(found)
    assert {subject.key for subject, _ in COLUMNS} <= {subject.key for subject in SUBJECTS}


def test_on_two_nodes_half_of_all_events_cross_and_on_twenty_nearly_all() -> None:
    two, twenty = (node_of(crowd, HERE, THERE) for crowd in (100_000, 1_000_000))
    assert (two.nodes, twenty.nodes) == (2, 20)
    # 5,000 events a second, of 20 µs at home and of 40 µs elsewhere.
    assert two.saying == pytest.approx(5000 * (20 + 40) / 2 / 1e6)
    assert twenty.saying == pytest.approx(5000 * (0.05 * 20 + 0.95 * 40) / 1e6)
    # 50,000 of 4 KB at home, or of 6 KB at both.
    assert two.megabytes == pytest.approx(50 * 5)
    assert two.heartbeats == pytest.approx(2000 * 20 / 1e6)
    assert two.hearing == pytest.approx(5000 * 7 / 1e6)
    assert two.in_all == pytest.approx(0.01 + 0.04 + 0.15 + 0.035)


def test_the_last_node_is_one_for_the_rest() -> None:
    assert node_of(100_001, HERE, THERE).nodes == 3
    assert node_of(1, HERE, THERE).nodes == 1


def test_the_sums_name_what_they_lack() -> None:
    rows = arithmetic_table(HERE, THERE)
    assert "| a class of 1,000 that sits everywhere is told something | 1 crossing | 19 " in rows
    assert "| 10,000 | 100,000 |" in rows
    with pytest.raises(NotMeasured, match=r"cluster-idle\.ping_us"):
        arithmetic_table(HERE, {name: THERE[name] for name in THERE if "ping" not in name})


@pytest.mark.parametrize(
    ("quick", "end"), [(False, "one round."), (True, "one round (`--quick`: no figures).")]
)
def test_the_page_says_where_and_how_often(quick: bool, end: str) -> None:
    line = machine_line({**whole(), "quick": quick})
    assert line == f"Abacus, Python 3, `fdatasync` 0.2 ms, load 0.1 on 2 processors before; {end}"


def test_tables_are_markdown() -> None:
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_only_what_stands_between_the_marks_is_replaced() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = put_into(page, "new\n")
    assert once == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    assert put_into(once, "new\n") == once
    with pytest.raises(NotMeasured, match="no <!-- costs -->"):
        put_into("a page", "new")


def test_the_program_writes_into_the_page(tmp_path: Path) -> None:
    written, page = tmp_path / "bench.json", tmp_path / "page.md"
    written.write_text(json.dumps(whole()), encoding="utf-8")
    page.write_text(f"# Page\n{BEGIN}{END}\n", encoding="utf-8")
    command = [sys.executable, "-m", "bench.costs", str(written)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert printed == markdown(whole())
    assert "–" not in printed
    subprocess.run([*command, "--into", str(page)], check=True)
    assert page.read_text(encoding="utf-8") == put_into(f"# Page\n{BEGIN}{END}\n", printed)


def test_the_page_about_many_nodes_has_the_marks() -> None:
    page = Path(__file__).parents[2] / "docs/topics/scale.md"
    assert "new" in put_into(page.read_text(encoding="utf-8"), "new")
