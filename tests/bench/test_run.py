"""Rounds, medians, verdicts and reports; servers that are started end again."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from bench.item import (
    Item,
    at_least,
    at_most,
    number,
    percent,
    times_as_cheap,
    times_as_many,
)
from bench.items import ITEMS
from bench.items.machine import MACHINE
from bench.report import as_json, show, write_json
from bench.rig import MeasurementFailed, Rig
from bench.run import Table, run, taking_part
from bench.subjects import SUBJECTS
from bench.subjects.limit import LIMIT
from tests.bench.kinds import OTHER, QUAD, item, subject


def measured(rig: Rig, of: Item, rounds: int) -> Table:
    (table,) = run(rig, [of], [QUAD, OTHER], rounds, lambda line: None)
    return table


def test_rounds_are_interleaved(rig: Rig) -> None:
    told: list[str] = []
    first = item({"quad": [1, 1], "other": [1, 1]})
    second = item({"quad": [1, 1], "other": [1, 1]})
    run(rig, [first, second], [QUAD, OTHER], 2, told.append)
    assert (
        told
        == ["round 1: rates: Quad", "round 1: rates: Other"] * 2
        + [
            "round 2: rates: Quad",
            "round 2: rates: Other",
        ]
        * 2
    )


def test_a_figure_is_the_median_of_the_rounds(rig: Rig) -> None:
    table = measured(rig, item({"quad": [9, 1, 5], "other": [2, 4, 3]}), 3)
    assert table.medians(QUAD) == {"rate": 5}
    assert table.medians(OTHER) == {"rate": 3}


def test_an_item_may_bound_its_rounds(rig: Rig) -> None:
    table = measured(rig, item({"quad": [1], "other": [1]}, most_rounds=1), 5)
    assert len(table.rounds) == 1


def test_ratios_are_taken_within_a_round(rig: Rig) -> None:
    """A minute in which everything is slow changes no ratio."""
    faster = times_as_many("2 x other", "rate", "other", 2)
    table = measured(rig, item({"quad": [20, 2, 30], "other": [10, 1, 10]}, faster), 3)
    (verdict,) = table.verdicts()
    assert (verdict.text, verdict.measured, verdict.met) == ("2 x other", 2, True)


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (at_most("", "rate", 10), True),
        (at_most("", "rate", 9), False),
        (at_least("", "rate", 10), True),
        (at_least("", "rate", 11), False),
        (times_as_many("", "rate", "other", 0.5), True),
        (times_as_many("", "rate", "other", 0.6), False),
        (times_as_cheap("", "rate", "other", 2), True),
        (times_as_cheap("", "rate", "other", 2.1), False),
        (at_most("", "rate", 10, of="other"), False),
        (at_least("", "rate", 20, of="other"), True),
        (times_as_many("", "rate", "quad", 2, of="other"), True),
        (times_as_cheap("", "rate", "quad", 0.6, of="other"), False),
    ],
)
def test_a_target_is_reached_or_missed(rig: Rig, target: object, met: bool) -> None:
    (verdict,) = measured(rig, item({"quad": [10], "other": [20]}, target), 1).verdicts()
    assert verdict.met is met


def test_without_the_other_subject_there_is_no_verdict(rig: Rig) -> None:
    ratio = times_as_many("", "rate", "absent", 1)
    assert measured(rig, item({"quad": [10], "other": [20]}, ratio), 1).verdicts() == []


def test_a_subject_that_fails_is_left_out_and_reported(rig: Rig, tmp_path: Path) -> None:
    table = measured(rig, item({"quad": [1, 2], "other": [-1]}), 2)
    assert table.medians(OTHER) == {}
    assert table.medians(QUAD) == {"rate": 1.5}
    assert table.failures == {"other": "negative\nin detail"}
    page = io.StringIO()
    show(Console(file=page, width=100), [table])
    assert "other failed: negative" in page.getvalue()


def test_the_reports_hold_every_round(rig: Rig, tmp_path: Path) -> None:
    table = measured(rig, item({"quad": [1, 3], "other": [2, 2]}, at_least("up", "rate", 2)), 2)
    write_json(as_json([table], {"python": "3"}, quick=False), tmp_path / "bench.json")
    report = json.loads((tmp_path / "bench.json").read_text())
    assert report["machine"] == {"python": "3"}
    assert report["items"][0]["rows"][0] == {
        "key": "quad",
        "label": "Quad",
        "median": {"rate": 2.0},
        "rounds": [{"rate": 1}, {"rate": 3}],
    }
    assert report["items"][0]["targets"] == [{"text": "up", "measured": 2.0, "met": True}]


def test_plots_are_drawn_for_light_and_dark_pages(rig: Rig, tmp_path: Path) -> None:
    from bench.plot import write_plots  # half a second for each process of the tests

    table = measured(rig, item({"quad": [1], "other": [2]}), 1)
    light, dark = write_plots([table], tmp_path)
    assert light.name == "bench.svg"
    assert dark.name == "bench-dark.svg"
    assert "<svg" in light.read_text()
    assert light.read_text() != dark.read_text()


def test_a_server_runs_while_it_is_measured_and_not_longer(rig: Rig) -> None:
    with rig.serving(LIMIT) as server:
        os.kill(server.pid, 0)
        report = rig.apply("storm", server, LIMIT.scripts["fanout"], members=3, settle=0.1)
        assert report["members"] == 3
    with pytest.raises(ProcessLookupError):
        os.kill(server.pid, 0)


def test_a_server_is_ended_when_the_measurement_fails(rig: Rig) -> None:
    pids = []

    def fail() -> None:
        with rig.serving(LIMIT) as server:
            pids.append(server.pid)
            raise MeasurementFailed("not in time")

    with pytest.raises(MeasurementFailed, match="C limit: not in time"):
        fail()
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_a_server_that_does_not_start_is_reported_with_its_last_words(rig: Rig) -> None:
    broken = subject("broken", "import sys; sys.exit('no such thing')")
    with pytest.raises(MeasurementFailed, match=r"Broken: .* ended with 1\nno such thing"):
        rig.serving(broken).__enter__()


def test_server_and_load_have_a_core_each_where_there_are_two(rig: Rig) -> None:
    cores = os.sched_getaffinity(0)
    if len(cores) == 1:
        assert rig.server_core is None
        return
    assert {rig.server_core, rig.load_core} <= cores
    assert rig.server_core != rig.load_core
    with rig.serving(LIMIT) as server:
        assert os.sched_getaffinity(server.pid) == {rig.server_core}
    assert os.sched_getaffinity(0) == cores


def test_the_machine_is_probed(rig: Rig) -> None:
    figures = rig.probe_machine()
    assert 0 < figures["fdatasync_p50_ms"] <= figures["fdatasync_p99_ms"]
    assert 0 < figures["call_us"] < figures["send_us"]


def test_a_run_reports_the_machine_beside_every_row_and_how_long_messages_took(
    tmp_path: Path,
) -> None:
    flags = ["--quick", "--only=latency", "--subjects=limit", f"--out={tmp_path}"]
    subprocess.run([sys.executable, "-m", "bench", *flags], check=True, capture_output=True)
    machine, latency = json.loads((tmp_path / "bench.json").read_text())["items"]
    assert machine["key"] == "machine"
    assert machine["rows"][0]["median"].keys() == {each.metric for each in MACHINE.columns}
    figures = latency["rows"][0]["median"]
    assert 0 < figures["p50_ms"] <= figures["p95_ms"] <= figures["p99_ms"]
    assert figures["fdatasync_p50_ms"] > 0


def test_every_item_has_subjects_and_shows_what_it_is_judged_by() -> None:
    assert len({each.key for each in ITEMS}) == len(ITEMS)
    assert len({each.key for each in SUBJECTS}) == len(SUBJECTS)
    for each in ITEMS:
        present = taking_part(SUBJECTS, each)
        metrics = [column.metric for column in each.columns] + ["beyond_mb"]
        everything = {subject.key: dict.fromkeys(metrics, 1.0) for subject in present}
        assert each.targets
        for target in each.targets:
            assert target.measured(everything) == 1, f"{each.key}: {target.text}"


@pytest.mark.parametrize(
    ("value", "text"), [(5_312_345, "5,312,345"), (99.95, "100"), (9.234, "9.23"), (0.0, "0")]
)
def test_numbers_show_three_digits(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.034, "3.4 %"), (0.977, "98 %")])
def test_shares_are_in_percent(value: float, text: str) -> None:
    assert percent(value) == text
