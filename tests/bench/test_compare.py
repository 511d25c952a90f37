"""Two commits in one run: turns, ratios with their spread, and a work tree that goes again."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from rich.console import Console
from typer.testing import CliRunner

from bench.__main__ import app
from bench.checkout import NoSuchRevision, checked_out, commit_of, present
from bench.compare import Comparison, Line, Ratio, compare
from bench.item import Column, Figures, number
from bench.report import comparisons_as_json, show_comparisons, write_json
from bench.rig import MeasurementFailed, Rig
from bench.subject import Subject
from tests.bench.kinds import OTHER, QUAD, item, subject
from tests.patience import patience

ROOT = Path(__file__).resolve().parents[2]


def compared(rig: Rig, rates: Mapping[str, Sequence[float]], rounds: int) -> Comparison:
    (comparison,) = compare(rig, rig, [item(rates)], [QUAD, OTHER], rounds, lambda line: None)
    return comparison


def test_the_commits_take_turns_to_go_first(rig: Rig) -> None:
    told: list[str] = []
    of = item({"quad": [1] * 6})
    compare(rig, rig, [of], [QUAD], 3, told.append)
    assert [line.split(": ")[2] for line in told] == ["old", "new", "new", "old", "old", "new"]


def test_each_side_is_measured_on_its_own_sources(rig: Rig, tmp_path: Path) -> None:
    def measure(rig: Rig, subject: Subject) -> Figures:
        return {"rate": 1.0 if rig.sources == tmp_path else 2.0}

    of = replace(item({}), measure=measure)
    (each,) = compare(replace(rig, sources=tmp_path), rig, [of], [QUAD], 4, lambda line: None)
    (line,) = each.lines()
    assert (line.old, line.new) == (1, 2)
    assert line.ratio == Ratio(2, 2, 2, up=4, down=0)


def test_a_server_is_run_from_the_sources_of_the_rig(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "quad.py").write_text("WHO = 'an old one'")
    old = replace(rig, sources=tmp_path)
    says = subject("says", "import sys, quad; sys.exit(quad.WHO)")
    with pytest.raises(MeasurementFailed, match="an old one"):
        old.serving(says).__enter__()


def test_a_program_that_measures_from_inside_is_that_of_the_commit(
    rig: Rig, tmp_path: Path
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/quad.py").write_text("RATE = 7")
    (tmp_path / "measure.py").write_text("import json, quad; print(json.dumps({'r': quad.RATE}))")
    old = replace(rig, sources=tmp_path / "src")
    command = [sys.executable, "-m", "measure"]
    assert old.figures_of(command, core=None, root=tmp_path) == {"r": 7}


def test_of_a_program_that_fails_the_last_words_come_first(rig: Rig) -> None:
    with pytest.raises(MeasurementFailed, match=r"^ValueError: no\nTraceback"):
        rig.figures_of([sys.executable, "-c", "raise ValueError('no')"], core=None)


def test_the_ratio_is_the_median_of_those_of_the_rounds(rig: Rig) -> None:
    # Old and new in turns; the order changes each round.
    rates = {"quad": [10, 10, 40, 20, 10, 30, 60, 20], "other": [1] * 8}
    quad, other = compared(rig, rates, 4).lines()
    assert (quad.old, quad.new) == (15, 35)
    assert quad.ratio == Ratio(median=2.5, low=1.75, high=3, up=3, down=0)
    assert other.ratio == Ratio(1, 1, 1, up=0, down=0)


@pytest.mark.parametrize(
    ("ratios", "better", "verdict"),
    [
        ([1.01, 1.02, 1.05, 1.2, 1.3], "less", "worse"),
        ([1.01, 1.02, 1.05, 1.2, 1.3], "more", "better"),
        ([1.01, 1.02, 1.05, 1.2, 1.3], None, ""),
        ([0.8, 0.9, 0.95, 0.98, 0.99], "less", "better"),
        ([0.8, 0.9, 0.95, 0.98, 0.99], "more", "worse"),
        ([1.02] * 9, "less", ""),  # as much as is allowed
        ([0.99, 1.1, 1.1, 1.2, 1.3], "less", ""),  # one round in five says otherwise: noise
        ([0.9, *[1.1] * 8], "less", "worse"),  # one in nine is none
        ([0.9, 0.9, *[1.1] * 8], "less", ""),  # two in ten are
        ([0.9, 0.9, 0.9, *[1.1] * 10], "less", "worse"),  # three in thirteen are not
        ([1.5] * 4, "less", ""),  # too few
    ],
)
def test_worse_is_what_noise_does_not_explain(
    ratios: list[float], better: object, verdict: str
) -> None:
    column = Column("rate", "rate", number, better=better)  # type: ignore[arg-type]
    assert Line(QUAD, column, 1, 1, Ratio.of(ratios)).verdict == verdict


def test_what_is_not_above_nothing_has_no_ratio(rig: Rig) -> None:
    (quad, _) = compared(rig, {"quad": [1, 0, 1, 1], "other": [1] * 4}, 2).lines()
    assert quad.ratio is None
    assert quad.verdict == ""


def test_who_fails_on_one_side_is_left_out_on_both(rig: Rig) -> None:
    comparison = compared(rig, {"quad": [1] * 6, "other": [2, 2, -1]}, 3)
    assert [line.subject for line in comparison.lines()] == [QUAD, OTHER]
    assert comparison.failures == {"other, new": "negative\nin detail"}
    assert [list(each) for each in comparison.old.rounds] == [["quad", "other"], ["quad"], ["quad"]]


def test_an_items_own_bound_of_rounds_does_not_hold(rig: Rig) -> None:
    of = item({"quad": [1] * 8}, most_rounds=1)
    (each,) = compare(rig, rig, [of], [QUAD], 4, lambda line: None)
    assert len(each.new.rounds) == len(each.old.rounds) == 4


def test_the_reports_name_what_is_worse(rig: Rig, tmp_path: Path) -> None:
    rates = {"quad": [10, 5, 5, 10, 10, 5, 5, 10, 10, 5], "other": [1] * 10}
    comparison = compared(rig, rates, 5)
    page = io.StringIO()
    show_comparisons(Console(file=page, width=100), [comparison])
    assert re.search(r"Quad +per second +10 +5 +0\.500 +0\.50 – 0\.50 +worse", page.getvalue())
    assert page.getvalue().endswith("  worse    rates: Quad: per second\n")

    commits = {"old": "a", "new": "b"}
    report = comparisons_as_json([comparison], commits, {"python": "3"}, quick=False)
    write_json(report, tmp_path / "against.json")
    (read,) = json.loads((tmp_path / "against.json").read_text())["items"]
    assert read["figures"][0] == {
        "subject": "quad",
        "metric": "rate",
        "old": 10,
        "new": 5,
        "ratio": {"median": 0.5, "low": 0.5, "high": 0.5, "up": 0, "down": 5},
        "verdict": "worse",
    }
    assert read["rounds"]["new"][0] == {"quad": {"rate": 5}, "other": {"rate": 1}}


@pytest.mark.parametrize(
    ("rates", "says"),
    [([1.0] * 10, "Nothing is worse by more than 3 %"), ([1.0] * 8, "fewer than 5 rounds")],
)
def test_the_report_ends_with_a_verdict(rig: Rig, rates: list[float], says: str) -> None:
    of = item({"quad": rates})
    page = io.StringIO()
    show_comparisons(
        Console(file=page), compare(rig, rig, [of], [QUAD], len(rates) // 2, lambda line: None)
    )
    assert says in page.getvalue().splitlines()[-1]


# --- the other commit -----------------------------------------------------------------------------

Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    root = tmp_path / "repository"
    root.mkdir()
    who = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")

    def run(*words: str) -> str:
        done = subprocess.run(
            ["git", *who, *words], cwd=root, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    run("init", "--quiet")
    (root / ".gitignore").write_text("/src/quad/app/\n")
    (root / "src/quad").mkdir(parents=True)
    (root / "locks").mkdir()
    for version in ("1", "2"):
        (root / "src/quad/__init__.py").write_text(f"VERSION = {version}\n")
        (root / "locks/runtime.txt").write_text(f"uvloop=={version} \\\n    --hash=x\nh11==1\n")
        run("add", "--all")
        run("commit", "--quiet", "--message", version)
    (root / "src/quad/app").mkdir()
    (root / "src/quad/app/manifest.json").write_text("{}")
    return run


def test_another_commit_is_there_with_the_built_application_and_gone_again(
    git: Git, tmp_path: Path
) -> None:
    root = tmp_path / "repository"
    with checked_out("HEAD~1", root) as old:
        assert (old.sources / "quad/__init__.py").read_text() == "VERSION = 1\n"
        assert (old.sources / "quad/app/manifest.json").is_file()
        assert list(old.sources.glob("quad/__pycache__/*.pyc"))
        assert old.commit == git("rev-parse", "--short", "HEAD~1")
        assert old.other_versions == ["uvloop 1 (now 2)"]
    assert not old.tree.exists()
    assert len(git("worktree", "list").splitlines()) == 1


def test_another_commit_is_gone_after_a_failure(git: Git, tmp_path: Path) -> None:
    def fail() -> None:
        with checked_out("HEAD", tmp_path / "repository"):
            raise MeasurementFailed

    with pytest.raises(MeasurementFailed):
        fail()
    assert len(git("worktree", "list").splitlines()) == 1


def test_what_lies_in_the_work_tree_is_named_with_its_changes(git: Git, tmp_path: Path) -> None:
    root = tmp_path / "repository"
    commit = git("rev-parse", "--short", "HEAD")
    assert present(root) == commit
    (root / "src/quad/__init__.py").write_text("VERSION = 3\n")
    assert present(root) == f"{commit}, changed"


@pytest.mark.parametrize("revision", ["nonsense", "--all", "HEAD:src", "a b"])
def test_a_wrong_revision_is_one_sentence(git: Git, tmp_path: Path, revision: str) -> None:
    with pytest.raises(NoSuchRevision, match=f"^git knows no commit {revision!r} here$"):
        commit_of(revision, tmp_path / "repository")


def test_without_a_repository_there_is_no_revision(tmp_path: Path) -> None:
    with pytest.raises(NoSuchRevision, match="not a git repository"):
        commit_of("HEAD", tmp_path)


# --- the command ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--against=nonsense"], "git knows no commit 'nonsense' here"),
        (["--only=nonsense"], "no such item"),
        (["--subjects=nonsense"], "no such subject"),
        (["--only=radius", "--subjects=limit"], "none of these subjects"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_starts(
    flags: list[str], says: str
) -> None:
    result = CliRunner().invoke(app, flags, env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert says in result.output


@pytest.mark.parametrize(
    "asked", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.soak)]
)
def test_a_comparison_that_is_ended_leaves_no_work_tree_and_no_server(
    asked: signal.Signals,
) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not in a repository")
    command = [sys.executable, "-m", "bench", "--against", "HEAD", "--only", "fanout-1"]
    process = subprocess.Popen(
        [*command, "--subjects", "quad-engine"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "300"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    servers: list[psutil.Process] = []
    try:
        assert process.stderr is not None
        told = ""
        while "fanout-1" not in told:
            told += process.stderr.readline() or pytest.fail(told)
        tree = Path(re.findall(r"old: \w+ in (\S+)", told)[0])
        assert tree.is_dir()
        servers = await_children(process.pid)
        process.send_signal(asked)
        assert process.wait(patience(15)) == 128 + asked
    finally:
        process.kill()
        process.communicate()
        _, left = psutil.wait_procs(servers, timeout=patience(2))
        for server in left:
            server.kill()
    assert not left
    assert not tree.exists()
    listed = subprocess.run(["git", "worktree", "list"], cwd=ROOT, capture_output=True, text=True)
    assert str(tree) not in listed.stdout


def await_children(pid: int) -> list[psutil.Process]:
    deadline = time.monotonic() + patience(5)
    while time.monotonic() < deadline:
        if children := psutil.Process(pid).children():
            return children
        time.sleep(0.01)  # nothing announces a process
    pytest.fail("nothing was started")
