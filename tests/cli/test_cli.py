"""The commands as processes: what they print, where, and their exit codes."""

import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from tests import prefork
from tests.prefork import ROOT

SECRET = "hush"


def quad(
    *args: str, env: dict[str, str] | None = None, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    return prefork.quad(*args, env={"COLUMNS": "100", **(env or {})}, cwd=cwd)


def test_the_version_is_the_packages() -> None:
    done = quad("--version")
    assert done.stdout == f"quad {version('quad-server')}\n"
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--help"], ["serve", "settings", "db"]),
        (["serve", "--help"], ["Examples", "--port", "QUAD_PORT", "--limits", "--log-level"]),
        (["db", "--help"], ["upgrade", "current"]),
        (["db", "upgrade", "-h"], ["Example", "--database", "--data"]),
        (["settings", "-h"], ["--markdown"]),
    ],
    ids=" ".join,
)
def test_help_teaches(args: list[str], words: list[str]) -> None:
    done = quad(*args)
    assert done.returncode == 0
    assert [word for word in words if word not in done.stdout] == []


@pytest.mark.parametrize("args", [["fly"], ["serve", "--wings"], ["serve", "--limits", "maybe"]])
def test_a_command_that_does_not_exist_is_a_sentence_and_code_2(args: list[str]) -> None:
    done = quad(*args)
    assert done.returncode == 2
    assert args[-1] in done.stderr
    assert "Traceback" not in done.stderr


# --- settings -------------------------------------------------------------------------------------


def test_the_settings_are_listed_for_reading() -> None:
    done = quad("settings")
    assert done.returncode == 0
    assert "ping_interval_ms = 25000   QUAD_ENGINE_PING_INTERVAL_MS" in done.stdout
    assert "Time between two heartbeats of a connection." in done.stdout
    assert "database = unset   QUAD_DATABASE" in done.stdout


def test_the_settings_are_printed_as_a_page() -> None:
    done = quad("settings", "--markdown")
    assert done.returncode == 0
    assert done.stdout.startswith("# Settings\n")
    assert "| `port`<br>`QUAD_SERVER_PORT` | `8000` |" in done.stdout


def test_the_manual_never_shows_what_is_set() -> None:
    done = quad("settings", env={"QUAD_DATABASE": f"postgresql://quad:{SECRET}@db/quad"})
    assert SECRET not in done.stdout


@pytest.mark.parametrize("command", [["serve"], ["db", "upgrade"], ["db", "current"]], ids=" ".join)
def test_bad_settings_stop_every_command_and_are_all_named(
    command: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "quad.toml"
    file.write_text("[server]\nprot = 1\n[engine]\nping_interval_ms = 'soon'\n")
    done = quad(*command, "--config", str(file), env={"QUAD_PROT": "1"}, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    for wrong in ("server.prot", "engine.ping_interval_ms", "QUAD_PROT"):
        assert wrong in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "quad-data").exists()


def test_a_database_that_no_store_can_open_is_a_bad_setting() -> None:
    done = quad("serve", "--database", "postgresql://", env={"QUAD_TEST_X": "1"})
    assert done.returncode == 2
    assert "server.database: " in done.stderr


# --- the database ---------------------------------------------------------------------------------


def test_the_database_is_made_and_upgraded_and_says_its_revision(tmp_path: Path) -> None:
    data = tmp_path / "deep" / "data"
    first = quad("db", "upgrade", "--data", str(data))
    assert (first.returncode, first.stderr) == (0, "")
    assert (data / "quad.sqlite3").exists()
    assert "(the newest)" in first.stdout
    again = quad("db", "upgrade", "--data", str(data))
    current = quad("db", "current", "--data", str(data))
    assert first.stdout == again.stdout == current.stdout


def test_asking_for_the_revision_makes_no_database(tmp_path: Path) -> None:
    done = quad("db", "current", cwd=tmp_path)
    assert done.returncode == 1
    assert "no database in quad-data yet" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_empty_database_is_told_what_to_do(tmp_path: Path) -> None:
    done = quad("db", "current", "--database", f"sqlite:///{tmp_path}/empty.sqlite3")
    assert done.returncode == 0
    assert "revision none (the newest is " in done.stdout
    assert "quad db upgrade" in done.stdout


def test_a_database_that_does_not_answer_is_a_sentence() -> None:
    done = quad("db", "upgrade", "--database", f"postgresql://quad:{SECRET}@127.0.0.1:1/quad")
    assert done.returncode == 1
    assert done.stderr.startswith("quad: ")
    assert SECRET not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = quad("db", "upgrade", "--data", str(tmp_path / "file" / "data"))
    assert done.returncode == 1
    assert str(tmp_path / "file") in done.stderr
    assert "Traceback" not in done.stderr
